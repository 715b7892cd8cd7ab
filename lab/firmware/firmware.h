/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/firmware: what a guest's firmware says. Functions that return int return 0, or the exit code
 * after having said on standard error what went wrong.
 */
#ifndef LAB_FIRMWARE_H
#define LAB_FIRMWARE_H

#include <stdbool.h>
#include <stdint.h>

#include "shape.h"

/* firmware.c: what the guest's firmware says beyond what QEMU's own does */
struct firmware {
	const char *table;		  /* a compiled ACPI table, or NULL */
	const char *id;			  /* the VM Generation ID, or NULL: a random one */
	bool no_vmgenid;		  /* leave out QEMU's own device */
	const struct shape *shape;	  /* a hypervisor's instead of QEMU's own, or NULL */
	char placed[300], page_file[300]; /* its table; its page, where that is not RAM */
	uint32_t rom_size;
};

#define HOLE_ADDRESS 0xfed01000ull
#define ROM_END 0x100000000ull
#define PAGE_BLOCK 65536u /* kept for the page behind the exchange */

bool firmware_is_id(const char *text);
int firmware_check(const struct firmware *f);

/* guid.c: an id as text, from its five numbers or from memory in Microsoft's order of bytes */
void guid_format(char to[ID_TEXT_SIZE], uint32_t a, uint16_t b, uint16_t c, const uint8_t d[8]);
void guid_from_bytes(char to[ID_TEXT_SIZE], const uint8_t bytes[ID_SIZE]);

/* aml.c: the compiled table with the addresses put in */
int aml_place(const char *from, const char *to, uint64_t page, uint64_t address);

#endif
