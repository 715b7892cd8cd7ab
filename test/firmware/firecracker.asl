// SPDX-License-Identifier: BSD-2-Clause
// Firecracker since 1.16.
#include "place.h"
#include "firecracker.h"
DefinitionBlock ("", "SSDT", 1, "FCVLAB", "VMGENID", 1)
{
    FIRECRACKER ("VMGENCTR")
}
