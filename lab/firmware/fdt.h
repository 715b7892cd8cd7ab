/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/firmware: writes a flattened devicetree (Devicetree Specification 0.4, chapter 5). Trees that
 * do not fit are refused by fdt_write().
 */
#ifndef LAB_FDT_H
#define LAB_FDT_H

#include <stddef.h>
#include <stdint.h>

#define FDT_SIZE 16384
#define FDT_NAMES 2048

struct fdt {
	uint8_t nodes[FDT_SIZE];
	char names[FDT_NAMES]; /* of the properties */
	size_t size, names_size;
};

/* Begin with *f zeroed. The first node is the root, whose name is "". */
void fdt_begin(struct fdt *f, const char *name);
void fdt_end(struct fdt *f);
/* A property of the node that was begun last, before its first child. */
void fdt_data(struct fdt *f, const char *name, const void *data, size_t size);
void fdt_cells(struct fdt *f, const char *name, const uint32_t *cells, size_t count);
void fdt_text(struct fdt *f, const char *name, const char *text);
#define FDT_CELLS(f, name, ...)                                                                    \
	fdt_cells(f, name, (const uint32_t[]){__VA_ARGS__},                                        \
		  sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

/* Writes the tree to a new file. Returns 0 or, after a message on standard error, an exit code. */
int fdt_write(const struct fdt *f, const char *path);

#endif
