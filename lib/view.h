/* SPDX-License-Identifier: BSD-2-Clause */
/* lib: a page of a source, mapped if it cannot shrink, otherwise read at each access. */
#ifndef VMGENC_LIB_VIEW_H
#define VMGENC_LIB_VIEW_H

#include <stddef.h>
#include <stdint.h>

/*
 * Reading a mapping whose file was truncated kills the program with SIGBUS, which a library must
 * not cause. Device nodes and sealed memory files cannot shrink and are mapped; other files are
 * read.
 */
struct view {
	const volatile uint8_t *mapped; /* NULL if it is read */
	int fd;
	size_t offset; /* of the page in the file */
};

/* A writer keeps seq odd for nanoseconds; after this many tries it must have stopped half-way. */
static inline int view_tries(const struct view *v)
{
	return v->mapped ? 10000 : 100;
}

/* Returns 0, or -EIO if the file is too short or the descriptor closed. Async-signal-safe. */
int view_copy(const struct view *v, size_t from, void *to, size_t size);

/* Reads an aligned word, in one load if mapped, ordered with the copies before and after it. */
int view_word(const struct view *v, size_t from, uint32_t *word);

#endif
