/* SPDX-License-Identifier: BSD-2-Clause */
/* lib: a page of a source - mapped where it cannot go away, else read at each look. */
#ifndef VMGENC_LIB_VIEW_H
#define VMGENC_LIB_VIEW_H

#include <stddef.h>
#include <stdint.h>

/*
 * A look at a mapping whose file was truncated ends the program with SIGBUS, which a library
 * must neither allow nor handle. Device nodes cannot shrink, nor can sealed memory files; all
 * others are read.
 */
struct view {
	const volatile uint8_t *mapped; /* NULL: read */
	int fd;
	size_t offset; /* of the page in the file */
};

/* A writer holds seq odd for nanoseconds; one that does for this many looks has stopped. */
static inline int view_tries(const struct view *v)
{
	return v->mapped ? 10000 : 100;
}

/* 0, or -EIO where the file ends before, or the descriptor was closed. Async-signal-safe. */
int view_copy(const struct view *v, size_t from, void *to, size_t size);

/* One aligned word, in one load where it is mapped; ordered with the copies around it. */
int view_word(const struct view *v, size_t from, uint32_t *word);

#endif
