/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/boot/freebsd: what the lab tells it; at FREEBSD_BOOT_PARAMETERS of the image, which is loaded
 * at FREEBSD_BOOT_BASE. Addresses are physical.
 */
#ifndef FREEBSD_BOOT_H
#define FREEBSD_BOOT_H

#define FREEBSD_BOOT_BASE 0x100000
#define FREEBSD_BOOT_PARAMETERS 32

#ifndef __ASSEMBLER__
#include <stdint.h>

struct freebsd_boot {
	uint64_t entry;	  /* of the kernel */
	uint32_t modulep; /* the kernel's metadata */
	uint32_t kernend; /* end of all that was loaded */
	uint32_t smap;	  /* in the metadata: the memory map to fill in */
	uint32_t entries; /* how many it has */
	uint64_t hole;	  /* RAM that the kernel is not told of */
	uint64_t hole_size;
};

/* As the kernel wants it: BIOS's int 15, E820. */
struct freebsd_smap {
	uint64_t base;
	uint64_t length;
	uint32_t type;
} __attribute__((packed));

#define FREEBSD_SMAP_MEMORY 1
#define FREEBSD_SMAP_RESERVED 2
#endif
#endif
