// SPDX-License-Identifier: BSD-2-Clause
// AWS Nitro on x86: ADDR is a Name, in the hole for MMIO. Nothing notifies.
DefinitionBlock ("", "SSDT", 1, "AWSLAB", "VMGENID", 1)
{
    Device (\_SB.VMGN)
    {
        Name (_HID, "AMZN0000")
        Name (_CID, "VM_Gen_Counter")
        Name (_DDN, "VM_Gen_Counter")
        Name (ADDR, Package (2) { 0xFED01000, 0 })
    }
}
