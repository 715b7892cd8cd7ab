// SPDX-License-Identifier: BSD-2-Clause
// Devices whose ADDR is wrong, each in its way. Byte 0x50 of the CMOS RAM says which of them is
// present, so that test/vm/firmware.c meets them one by one without booting anew. An element above
// 32 bits is not among them: with QEMU's DSDT, of revision 1, integers have 32.
// With ALL_PRESENT they all are, for FreeBSD, which looks for devices once, at boot; but for the
// last ones, which are not wrong there.
DefinitionBlock ("", "SSDT", 2, "VMGENC", "BAD", 1)
{
    External (\_SB.VGEN.ADDR, MethodObj)

    Scope (\_SB)
    {
        OperationRegion (CMOS, SystemIO, 0x70, 2)
        Field (CMOS, ByteAcc, NoLock, Preserve) { CIDX, 8, CDAT, 8 }
        IndexField (CIDX, CDAT, ByteAcc, NoLock, Preserve) { Offset (0x50), CHSN, 8 }

#ifdef ALL_PRESENT
#define PRESENT_IF(number) Name (_HID, "VMGT0001") Name (_CID, "VM_Gen_Counter")
#define ZERO CHSN
#else
#define PRESENT_IF(number) \
        Name (_HID, "VMGT0001") \
        Name (_CID, "VM_Gen_Counter") \
        Method (_STA) { If (LEqual (CHSN, number)) { Return (0x0F) } Return (0) }
#define ZERO Subtract (CHSN, 2)
#endif

        Device (VG01) { PRESENT_IF (1) } // no ADDR
        Device (VG02) { PRESENT_IF (2) Method (ADDR) { Return (Divide (1, ZERO)) } }
        Device (VG03) { PRESENT_IF (3) Name (ADDR, "0xFEFF0000") }
        Device (VG04) { PRESENT_IF (4) Name (ADDR, Buffer (8) { 0, 0, 0xFE }) }
        Device (VG05) { PRESENT_IF (5) Name (ADDR, 0xFEFF0000) }
        Device (VG06) { PRESENT_IF (6) Name (ADDR, Package (1) { 0x000F0000 }) }
        Device (VG07) { PRESENT_IF (7) Name (ADDR, Package (3) { 0x000F0000, 0, 0 }) }
        Device (VG08) { PRESENT_IF (8) Name (ADDR, Package () { }) }
        Device (VG09) { PRESENT_IF (9) Name (ADDR, Package (2) { 0x000F0000, "0" }) }
        Device (VG10) { PRESENT_IF (10) Name (ADDR, Package (2) { Package (1) { 0 }, 0 }) }
        Device (VG11) { PRESENT_IF (11) Name (ADDR, Package (2) { }) }
        Device (VG12) { PRESENT_IF (12) Name (ADDR, Package (2) { 0, 0 }) }
        Device (VG13) { PRESENT_IF (13) Name (ADDR, Package (2) { 0x000F0004, 0 }) }
        Device (VG14) { PRESENT_IF (14) Name (ADDR, Package (2) { 0, 0x01000000 }) }
        Device (VG15) { PRESENT_IF (15) Name (ADDR, Package (2) { 0xFFFFFFF8, 0xFFFFFFFF }) }
        Device (VG16) { PRESENT_IF (16) Name (ADDR, Package (2) { 0x01000000, 0 }) }
        // The id begins in the BIOS and ends in the RAM above 1 MiB.
        Device (VG19) { PRESENT_IF (19) Name (ADDR, Package (2) { 0x000FFFF8, 0 }) }
#ifndef ALL_PRESENT
        // The last 8 bytes below 639 KiB, where the RAM of a PC ends for now, and the first above.
        Device (VG17) { PRESENT_IF (17) Name (ADDR, Package (2) { 0x0009FBF8, 0 }) }
        // Where QEMU's own device is, under another name.
        Device (VG18) { PRESENT_IF (18) Method (ADDR) { Return (\_SB.VGEN.ADDR ()) } }
#endif
    }
}
