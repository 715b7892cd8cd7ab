/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lab: the shapes in which hypervisors offer a VM Generation ID, and what guests make of them.
 */
#ifndef LAB_SHAPE_H
#define LAB_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exchange.h"

#define ID_SIZE 16
#define ID_TEXT_SIZE 37

struct machine;
struct prove_options;
struct vm;

/* Where in the guest's physical memory the id is. */
enum shape_where {
	WHERE_RESERVED, /* RAM that E820 calls reserved */
	WHERE_NVS,	/* RAM that E820 calls ACPI NVS */
	WHERE_HIGH,	/* reserved RAM above 4 GiB */
	WHERE_HOLE,	/* the hole for MMIO, outside E820: a PCI device's memory */
	WHERE_ROM	/* below the boot ROM, read-only, outside E820 */
};

/* How the guest is told. */
enum shape_news { NEWS_NONE, NEWS_GPE, NEWS_GED };

/* How the hypervisor itself writes ids down. */
enum shape_notation { NOTATION_GUID, NOTATION_WORDS, NOTATION_BYTES };

struct shape {
	const char *name;
	const char *hypervisor;
	enum shape_where where;
	enum shape_news news;
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
uint64_t shape_page(const struct shape *s, const struct machine *m);
uint64_t shape_address(const struct shape *s, const struct machine *m);

/* An id as its hypervisor names it, as it is in memory, and as our driver is to name it. */
struct shape_id {
	uint8_t bytes[ID_SIZE];
	char notation[40];
	char guid[ID_TEXT_SIZE];
};

void shape_new_id(const struct shape *s, struct shape_id *id);

/* aml.c: the compiled table with the addresses put in */
int aml_place(const char *from, const char *to, uint64_t page, uint64_t address);

/* idpage.c: the id in a VM's memory */
#define PAGE_BLOCK 65536u /* kept for the page behind the exchange */

int idpage_check(const struct prove_options *o, const struct shape *s);
int idpage_prepare(const struct prove_options *o, struct machine *m, const char *directory);
/* Of this VM: into its own memory, or, where that is in the snapshot, into the next file. */
int idpage_write(struct vm *vm);
/* A clone's id in the place of the one that the snapshot has. */
int idpage_change_snapshot(struct vm *vm, const char *snapshot, const uint8_t old[ID_SIZE]);
bool idpage_is_in_snapshot(const struct shape *s);
/* Just before the guest runs: what the hypervisor does to tell it, where nothing else does. */
int idpage_ring(const struct vm *vm);

/* sighting.c: what a clone says of its device */
struct sighting {
	bool found;	  /* our driver has a device */
	uint64_t address; /* where it says that the id is */
	char raw[16];	  /* who may map the page, as it says */
	uint8_t id[ID_SIZE];
	char guid[ID_TEXT_SIZE];
	struct shape_id given; /* what the clone was given, and where */
	uint64_t placed;
	char memory[40]; /* what the kernel's map calls this place */
	uint64_t events; /* ACPI interrupts after the resume */
	enum lab_builtin builtin;
	int refused; /* the module's errno, or 0 */
};

void sighting_take(struct sighting *s, const struct vm *vm);

/* matrix.c: each shape in front of each guest */
enum noticed { NOTICED_NO, NOTICED_NOTIFICATION, NOTICED_LOOK };

struct tally {
	bool made;
	uint64_t identical, drawn;
};

struct matrix_row {
	const struct shape *shape;
	char release[72];
	bool ours; /* else the kernel's own driver, alone */
	bool found, order, rekeyed, ok;
	bool placed; /* the address is right, and the page open to whom it is to be */
	uint64_t address;
	char memory[40];
	enum noticed noticed;
	struct tally getrandom, guarded;
	char note[200];
};

struct matrix {
	struct matrix_row *rows;
	size_t count;
	double seconds;
};

int matrix(const struct prove_options *o);

/* matrix_print.c */
void matrix_print(const struct matrix *m);
int matrix_json(const struct matrix *m, const char *path);

#endif
