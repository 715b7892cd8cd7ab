/* SPDX-License-Identifier: BSD-2-Clause */
/* guard: the interface between its files. They replace calls of other libraries in any program, and
 * so print nothing, end nothing, and do what the call does if there is no source. */
#ifndef GUARD_H
#define GUARD_H

#include <stdbool.h>
#include <stddef.h>

#include "vmgenc.h"

/* What is exported; everything else is hidden. */
#define GUARD_EXPORT __attribute__((visibility("default")))

/* A call that draws once more if the machine was cloned meanwhile does so at most this often. */
#define GUARD_TRIES 3

/*
 * Returns whether what the caller holds must be refreshed: the machine was cloned since the mark
 * was taken, or that cannot be known because this process sees the driver and not its device. The
 * kernel has then been asked to rekey, and the mark is the present one if it has. Any thread may
 * call it, with a mark of its own.
 */
bool guard_changed(struct vmgenc_mark *mark);
/* Whether the machine was cloned since the mark was taken. */
bool guard_cloned(const struct vmgenc_mark *mark);

/* Draws from the kernel. Returns false, with errno set, if getrandom(2) is forbidden or not there. */
bool guard_draw(void *to, size_t size);

/*
 * Finds the function that is replaced: in library (a file's name) if the program has it, else in
 * what was loaded after the guard. NULL if it is nowhere. The library then stays loaded.
 */
typedef void guard_function(void);
guard_function *guard_find(guard_function *_Atomic *found, const char *library, const char *name);

#endif
