// SPDX-License-Identifier: BSD-2-Clause
// VMware: _CID is a package with an EISA integer, for which the PNP core claims the device; the
// address's last four bits are flags; a level event runs a method of an event queue.
#include "place.h"
DefinitionBlock ("", "SSDT", 1, INSTEAD_OF_QEMUS)
{
    External (\_SB.PCI0, DeviceObj)

    Name (GENL, ID_LOW + 1)
    Name (GENH, ID_HIGH)

    Scope (\_SB.PCI0)
    {
        Device (VMGC)
        {
            Name (_HID, "VMW0001")
            Name (_CID, Package () { "VM_Gen_Counter", EisaId ("PNP0C02") })
            Name (_DDN, "VM_Gen_Counter")
            Method (_STA)
            {
                If (GENL & 1) { Return (0x0B) }
                Return (0)
            }
            Method (ADDR, 0, Serialized)
            {
                Local0 = Package (2) { }
                Local0[0] = GENL & 0xFFFFFFF0
                Local0[1] = GENH
                Return (Local0)
            }
        }
        Method (EVTQ, 0, Serialized) { Notify (VMGC, 0x80) }
    }

    Method (\_GPE._L05) { \_SB.PCI0.EVTQ () }
}
