/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/firmware: numbers in whose place vmgenc-lab puts the address of the id (low, high) and of
 * its page, as a hypervisor's firmware patches its tables; see lab/firmware/aml.c. The last four
 * bits stay as they are.
 */
#define ID_LOW 0x1D1D1D10
#define ID_HIGH 0x2D2D2D20
#define ID_PAGE 0x3D3D3D30

/*
 * With these names, a higher revision takes the place of QEMU's own table, whose device raises
 * event 5 of the GPE block at every resume; without, it is one more table.
 */
#define INSTEAD_OF_QEMUS "BOCHS ", "VMGENID", 2
