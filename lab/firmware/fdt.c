/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/firmware: writes a flattened devicetree.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fdt.h"
#include "host/host.h"

#define MAGIC 0xd00dfeedu
#define VERSION 17u
#define COMPATIBLE 16u

#define BEGIN_NODE 1u
#define END_NODE 2u
#define PROPERTY 3u
#define END 9u

#define HEADER_SIZE 40u
#define RESERVED_SIZE 16u /* the list of reserved memory, which is empty */

static void put(uint8_t *to, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* Appends bytes, and zeros up to a multiple of four. */
static void append(struct fdt *f, const void *data, size_t size)
{
	size_t whole = (size + 3) & ~(size_t)3;

	if (f->size + whole <= sizeof(f->nodes)) {
		memset(f->nodes + f->size, 0, whole);
		memcpy(f->nodes + f->size, data, size);
	}
	f->size += whole;
}

static void append_cell(struct fdt *f, uint32_t value)
{
	uint8_t cell[4];

	put(cell, value);
	append(f, cell, sizeof(cell));
}

static uint32_t name_offset(struct fdt *f, const char *name)
{
	size_t at = 0, size = strlen(name) + 1;

	while (at < f->names_size && at < sizeof(f->names) && strcmp(f->names + at, name))
		at += strlen(f->names + at) + 1;
	if (at == f->names_size) {
		if (at + size <= sizeof(f->names))
			memcpy(f->names + at, name, size);
		f->names_size += size;
	}
	return (uint32_t)at;
}

void fdt_begin(struct fdt *f, const char *name)
{
	append_cell(f, BEGIN_NODE);
	append(f, name, strlen(name) + 1);
}

void fdt_end(struct fdt *f)
{
	append_cell(f, END_NODE);
}

void fdt_data(struct fdt *f, const char *name, const void *data, size_t size)
{
	append_cell(f, PROPERTY);
	append_cell(f, (uint32_t)size);
	append_cell(f, name_offset(f, name));
	append(f, data, size);
}

void fdt_cells(struct fdt *f, const char *name, const uint32_t *cells, size_t count)
{
	uint8_t data[256];

	for (size_t i = 0; i < count && 4 * i < sizeof(data); i++)
		put(data + 4 * i, cells[i]);
	fdt_data(f, name, data, 4 * count < sizeof(data) ? 4 * count : sizeof(data));
}

void fdt_text(struct fdt *f, const char *name, const char *text)
{
	fdt_data(f, name, text, strlen(text) + 1);
}

int fdt_write(const struct fdt *f, const char *path)
{
	uint8_t head[HEADER_SIZE + RESERVED_SIZE] = {0}, end[4];
	const uint32_t nodes = sizeof(head), names = nodes + (uint32_t)f->size + 4;
	const uint32_t fields[] = {MAGIC,
				   names + (uint32_t)f->names_size,
				   nodes,
				   names,
				   HEADER_SIZE,
				   VERSION,
				   COMPATIBLE,
				   0,
				   (uint32_t)f->names_size,
				   (uint32_t)f->size + 4};

	if (f->size > sizeof(f->nodes) || f->names_size > sizeof(f->names))
		return lab_fail(LAB_EXIT_USAGE, "the devicetree is too large");
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		put(head + 4 * i, fields[i]);
	put(end, END);
	FILE *out = fopen(path, "we");

	if (!out)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "cannot create %s: %s", path,
				strerror(errno));
	fwrite(head, 1, sizeof(head), out);
	fwrite(f->nodes, 1, f->size, out);
	fwrite(end, 1, sizeof(end), out);
	fwrite(f->names, 1, f->names_size, out);
	return ferror(out) | fclose(out) ? lab_fail(LAB_EXIT_ENVIRONMENT, "cannot write %s: %s",
						    path, strerror(errno))
					 : 0;
}
