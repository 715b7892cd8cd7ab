/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/boot/freebsd: copies the firmware's memory map, which exists only when the machine runs,
 * into the kernel's metadata, without the memory that the host and the guest share.
 */
#include <stddef.h>

#include "boot.h"

#define MULTIBOOT_HAS_MAP 0x40
#define SERIAL 0x3f8

struct multiboot {
	uint32_t flags, lower, upper, device, command_line, modules, modules_at, symbols[4];
	uint32_t map_length, map;
};

struct multiboot_range {
	uint32_t size; /* of what follows */
	uint64_t base;
	uint64_t length;
	uint32_t type;
} __attribute__((packed));

extern const struct freebsd_boot boot_parameters;
void boot_main(const struct multiboot *information);

static void die(const char *text)
{
	for (; *text; text++)
		__asm__ volatile("outb %0, %1" : : "a"(*text), "Nd"((uint16_t)SERIAL));
	for (;;)
		__asm__ volatile("cli; hlt");
}

static void add(uint32_t *used, uint64_t from, uint64_t to, uint32_t type)
{
	struct freebsd_smap *map = (struct freebsd_smap *)(uintptr_t)boot_parameters.smap;

	if (from >= to)
		return;
	if (*used == boot_parameters.entries)
		die("vmgenc-lab: the firmware's memory map is too long\r\n");
	map[(*used)++] = (struct freebsd_smap){.base = from, .length = to - from, .type = type};
}

static void add_around_hole(uint32_t *used, uint64_t from, uint64_t to)
{
	uint64_t hole = boot_parameters.hole, end = hole + boot_parameters.hole_size;

	add(used, from, to < hole ? to : hole, FREEBSD_SMAP_MEMORY);
	add(used, from > end ? from : end, to, FREEBSD_SMAP_MEMORY);
}

void boot_main(const struct multiboot *information)
{
	const char *at = (const char *)(uintptr_t)information->map;
	const char *end = at + information->map_length;
	uint32_t used = 0;

	if (!(information->flags & MULTIBOOT_HAS_MAP))
		die("vmgenc-lab: the boot loader gave no memory map\r\n");
	while (at < end) {
		const struct multiboot_range *range = (const struct multiboot_range *)at;

		if (range->type == FREEBSD_SMAP_MEMORY)
			add_around_hole(&used, range->base, range->base + range->length);
		else
			add(&used, range->base, range->base + range->length, range->type);
		at += range->size + sizeof(range->size);
	}
	/* The length in the metadata is fixed, so fill the rest with empty entries. */
	for (; used < boot_parameters.entries; used++)
		((struct freebsd_smap *)(uintptr_t)boot_parameters.smap)[used] =
			(struct freebsd_smap){.type = FREEBSD_SMAP_RESERVED};
}
