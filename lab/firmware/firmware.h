/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/firmware: a guest's firmware. A function that returns int returns 0 or, after a message on
 * standard error, an exit code.
 */
#ifndef LAB_FIRMWARE_H
#define LAB_FIRMWARE_H

#include <stdbool.h>
#include <stdint.h>

#include "shape.h"

#define NODES_MAX 8

/* firmware.c: what the guest's firmware has beside QEMU's own */
struct firmware {
	const char *table;		  /* a compiled ACPI table, or NULL */
	const char *id;			  /* the VM Generation ID, or NULL: a random one */
	bool no_vmgenid;		  /* leave out QEMU's own device, or a devicetree's */
	const struct shape *shape;	  /* a hypervisor's device in place of QEMU's, or NULL */
	char placed[300], page_file[300]; /* files of its table and, if it is not RAM, its page */
	uint32_t rom_size;		  /* bytes of the boot ROM, with the page */
	const char *nodes[NODES_MAX];	  /* more nodes of a devicetree, as --node takes them */
	unsigned int node_count;
};

#define HOLE_ADDRESS 0xfed01000ull
#define ROM_END 0x100000000ull
#define PAGE_BLOCK 65536u /* bytes reserved for the page, after the exchange */

/* Returns whether text is a GUID. */
bool firmware_is_id(const char *text);
/* Checks that the file of f->table, if any, is a whole compiled ACPI table. */
int firmware_check(const struct firmware *f);

/* guid.c: writes an id as text, from its numbers or from bytes in Microsoft's order */
void guid_format(char to[ID_TEXT_SIZE], uint32_t a, uint16_t b, uint16_t c, const uint8_t d[8]);
void guid_from_bytes(char to[ID_TEXT_SIZE], const uint8_t bytes[ID_SIZE]);

/*
 * aml.c: copies a compiled table to a new file, with the addresses of the page and of the id in the
 * places that test/firmware/place.h defines.
 */
int aml_place(const char *from, const char *to, uint64_t page, uint64_t address);

#endif
