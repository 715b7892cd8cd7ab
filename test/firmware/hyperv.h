/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/firmware: Hyper-V, generation 2: no _STA; ADDR is not serialized, makes a named package and
 * returns that.
 */
#define HYPERV(IDS) \
    Name (GCAL, ID_LOW) \
    Name (GCAH, ID_HIGH) \
    Device (\_SB.GENC) \
    { \
        IDS \
        Name (_DDN, "VM_Gen_Counter") \
        Method (ADDR, 0, NotSerialized) \
        { \
            Name (LPKG, Package (2) { 0, 0 }) \
            LPKG[0] = GCAL \
            LPKG[1] = GCAH \
            Return (LPKG) \
        } \
    } \
    Method (\_GPE._E05) { Notify (\_SB.GENC, 0x80) }
