/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/firmware: the shapes in which hypervisors offer a VM Generation ID, and how each one writes
 * an id.
 */
#ifndef LAB_SHAPE_H
#define LAB_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ID_SIZE 16
#define ID_TEXT_SIZE 37

/* The place of the id in the guest's physical memory. */
enum shape_where {
	WHERE_RESERVED, /* RAM, reserved in the E820 map */
	WHERE_NVS,	/* RAM, ACPI NVS in the E820 map */
	WHERE_HIGH,	/* reserved RAM above 4 GiB */
	WHERE_HOLE,	/* the hole for MMIO, outside E820: a PCI device's memory */
	WHERE_ROM	/* below the boot ROM, read-only, outside E820 */
};

/*
 * How the guest is notified: not at all, by a GPE event, by a Generic Event Device, by an interrupt
 * that a devicetree names.
 */
enum shape_notify { NOTIFY_NONE, NOTIFY_GPE, NOTIFY_GED, NOTIFY_LINE };

/* How the hypervisor itself writes an id as text. */
enum shape_notation { NOTATION_GUID, NOTATION_WORDS, NOTATION_BYTES };

struct shape {
	const char *name;
	const char *hypervisor;
	enum shape_where where;
	enum shape_notify notify;
	enum shape_notation notation;
	unsigned int offset; /* of the id in its page */
	bool shared;	     /* the rest of the page holds other data of the firmware */
	bool builtin_binds;  /* Linux's own driver, if there is one, binds to it */
};

/* shape.c */
extern const struct shape shapes[];
extern const struct shape shape_tree; /* a devicetree's: of arm64 guests, not in shapes */
#define SHAPES_MAX 32
extern const size_t shape_count;
/* Returns the shape of this name, or NULL. */
const struct shape *shape_find(const char *name);

struct shape_id {
	uint8_t bytes[ID_SIZE];	 /* in the guest's memory */
	char notation[40];	 /* as the hypervisor writes it, or "" */
	char guid[ID_TEXT_SIZE]; /* as our driver must show it */
};

/* Makes a random id as this hypervisor does. */
void shape_new_id(const struct shape *s, struct shape_id *id);

#endif
