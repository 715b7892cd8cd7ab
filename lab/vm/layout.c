/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/vm: the addresses of the exchange and of the id's page in a guest's memory.
 */
#include "qemu.h"

#define ARM64_RAM 0x40000000ull /* where the machine "virt" has it */

bool machine_is_high(const struct machine *m)
{
	return m->firmware.shape && m->firmware.shape->where == WHERE_HIGH;
}

uint64_t machine_memory_mb(const struct machine *m)
{
	return m->memory_mb + TOP_MB + m->initramfs_mb + (m->exchange_size >> 20);
}

uint64_t machine_exchange_address(const struct machine *m)
{
	if (machine_is_high(m))
		return 1ull << 32;
	return (m->arm64 ? ARM64_RAM : 0) + ((uint64_t)m->memory_mb << 20);
}

uint64_t machine_exchange_size(const struct machine *m)
{
	return m->exchange_size - (m->firmware.shape ? PAGE_BLOCK : 0);
}

uint64_t machine_id_page(const struct machine *m)
{
	if (m->firmware.shape->where == WHERE_HOLE)
		return HOLE_ADDRESS;
	if (m->firmware.shape->where == WHERE_ROM)
		return ROM_END - m->firmware.rom_size;
	return machine_exchange_address(m) + m->exchange_size - PAGE_BLOCK;
}

uint64_t machine_id_address(const struct machine *m)
{
	return machine_id_page(m) + m->firmware.shape->offset;
}
