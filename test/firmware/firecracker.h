/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/firmware: Firecracker on x86: ADDR is a Name; a Generic Event Device's interrupt notifies.
 * Here that is raised by a byte which the lab sends to the second serial port, and acknowledged by
 * reading it.
 */
#define FIRECRACKER(HID) \
    Device (\_SB.VGEN) \
    { \
        Name (_HID, HID) \
        Name (_CID, "VM_Gen_Counter") \
        Name (_DDN, "VM_Gen_Counter") \
        Name (ADDR, Package (2) { ID_LOW, ID_HIGH }) \
    } \
    Device (\_SB.GEDV) \
    { \
        Name (_HID, "ACPI0013") \
        Name (_CRS, ResourceTemplate () { \
            Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive) { 3 } \
        }) \
        OperationRegion (UART, SystemIO, 0x2F8, 8) \
        Field (UART, ByteAcc, NoLock, Preserve) { DATA, 8 } \
        Method (_EVT, 1, Serialized) \
        { \
            If (LEqual (Arg0, 3)) \
            { \
                Local0 = DATA \
                Notify (\_SB.VGEN, 0x80) \
            } \
        } \
    }
