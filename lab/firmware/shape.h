/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/firmware: the shapes in which hypervisors offer a VM Generation ID, and ids as each of them
 * writes them.
 */
#ifndef LAB_SHAPE_H
#define LAB_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ID_SIZE 16
#define ID_TEXT_SIZE 37

/* Where in the guest's physical memory the id is. */
enum shape_where {
	WHERE_RESERVED, /* RAM that E820 calls reserved */
	WHERE_NVS,	/* RAM that E820 calls ACPI NVS */
	WHERE_HIGH,	/* reserved RAM above 4 GiB */
	WHERE_HOLE,	/* the hole for MMIO, outside E820: a PCI device's memory */
	WHERE_ROM	/* below the boot ROM, read-only, outside E820 */
};

/* How the guest is told. */
enum shape_notify { NOTIFY_NONE, NOTIFY_GPE, NOTIFY_GED };

/* How the hypervisor itself writes ids down. */
enum shape_notation { NOTATION_GUID, NOTATION_WORDS, NOTATION_BYTES };

struct shape {
	const char *name;
	const char *hypervisor;
	enum shape_where where;
	enum shape_notify notify;
	enum shape_notation notation;
	unsigned int offset; /* of the id in its page */
	bool shared;	     /* the rest of the page is other data of the firmware */
	bool builtin_binds;  /* Linux's own driver, where there is one */
};

/* shape.c */
extern const struct shape shapes[];
#define SHAPES_MAX 32
extern const size_t shape_count;
const struct shape *shape_find(const char *name);

/* An id as its hypervisor names it, as it is in memory, and as our driver is to name it. */
struct shape_id {
	uint8_t bytes[ID_SIZE];
	char notation[40];
	char guid[ID_TEXT_SIZE];
};

void shape_new_id(const struct shape *s, struct shape_id *id);

#endif
