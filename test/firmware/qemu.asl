// SPDX-License-Identifier: BSD-2-Clause
// QEMU: ADDR is a Method that makes a package anew; the id has a page of its own.
#include "place.h"
DefinitionBlock ("", "SSDT", 1, INSTEAD_OF_QEMUS)
{
    Name (PAGE, ID_PAGE)

    Device (\_SB.VGEN)
    {
        Name (_HID, "QEMUVGID")
        Name (_CID, "VM_Gen_Counter")
        Name (_DDN, "VM_Gen_Counter")
        Method (_STA)
        {
            If (LEqual (PAGE, 0)) { Return (0) }
            Return (0x0F)
        }
        Method (ADDR)
        {
            Local0 = Package (2) { }
            Local0[0] = PAGE + 0x28
            Local0[1] = 0
            Return (Local0)
        }
    }

    Method (\_GPE._E05) { Notify (\_SB.VGEN, 0x80) }
}
