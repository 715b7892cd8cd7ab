// SPDX-License-Identifier: BSD-2-Clause
// Xen HVM: a child of the ISA bridge with an EISA integer as _HID; each ADDR hands out the same
// named package, of which only the low half is ever written. Nothing notifies.
#include "place.h"
DefinitionBlock ("", "SSDT", 1, "XENLAB", "VMGENID", 1)
{
    External (\_SB.PCI0.S08, DeviceObj)

    Scope (\_SB.PCI0.S08)
    {
        Device (VGID)
        {
            Name (_HID, EisaId ("XEN0000"))
            Name (_CID, "VM_Gen_Counter")
            Name (_DDN, "VM_Gen_Counter")
            Name (VGIA, ID_LOW)
            Name (PKG, Package (2) { 0, 0 })
            Method (_STA)
            {
                If (LEqual (VGIA, 0)) { Return (0) }
                Return (0x0F)
            }
            Method (ADDR, 0, Serialized)
            {
                PKG[0] = VGIA
                Return (PKG)
            }
        }
    }
}
