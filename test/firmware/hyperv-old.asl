// SPDX-License-Identifier: BSD-2-Clause
// Hyper-V before it had an id of Microsoft's: a _HID that no PNP id looks like.
#include "place.h"
#include "hyperv.h"
DefinitionBlock ("", "SSDT", 1, INSTEAD_OF_QEMUS)
{
    HYPERV (Name (_HID, "Hyper_V_Gen_Counter_V1") Name (_CID, "VM_Gen_Counter"))
}
