// SPDX-License-Identifier: BSD-2-Clause
// bhyve: _HID is a Method; the id has a read-only page below the boot ROM. The event's method is
// there, but nothing ever raises the event.
#include "place.h"
DefinitionBlock ("", "SSDT", 1, "BHYLAB", "VMGENID", 1)
{
    Device (\_SB.GENC)
    {
        Method (_HID, 0, NotSerialized) { Return ("Bhyve_V_Gen_Counter_V1") }
        Name (_CID, "VM_Gen_Counter")
        Name (_DDN, "VM_Gen_Counter")
        Name (ADDR, Package (2) { ID_LOW, ID_HIGH })
    }

    Method (\_GPE._E05) { Notify (\_SB.GENC, 0x80) }
}
