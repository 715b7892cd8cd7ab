// SPDX-License-Identifier: BSD-2-Clause
// Hyper-V and Azure now: _CID is a package of three; the id may be above 4 GiB.
#include "place.h"
#include "hyperv.h"
DefinitionBlock ("", "SSDT", 1, INSTEAD_OF_QEMUS)
{
    HYPERV (Name (_HID, "MSFT1002") Name (_CID, Package () { "VM_Gen_Counter", "VMGENCTR", "Hyper_V_Gen_Counter_V1" }))
}
