// SPDX-License-Identifier: BSD-2-Clause
// A second device without _STA, which means present, at the address of QEMU's own.
DefinitionBlock ("", "SSDT", 2, "VMGENC", "SECOND", 1)
{
    External (\_SB.VGEN.ADDR, MethodObj)

    Scope (\_SB)
    {
        Device (VG00)
        {
            Name (_HID, "VMGT0002")
            Name (_CID, Package () { EisaId ("PNP0C02"), "VMGENCTR" })
            Method (ADDR) { Return (\_SB.VGEN.ADDR ()) }
        }
    }
}
