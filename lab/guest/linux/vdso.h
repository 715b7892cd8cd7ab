/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/guest/linux: getrandom in the vDSO, which Linux has from 6.11 on: the generator that newer C
 * libraries draw from. The library of a static program may not know it, so this finds it itself.
 */
#ifndef VDSO_H
#define VDSO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Finds it. Returns false if this kernel has none, and then no other function may be called. */
bool vdso_find(void);

/* Allocates the state of one thread, as the vDSO wants it. Returns NULL without memory. */
void *vdso_state(void);

/* Draws as getrandom(2) does, but returns -errno on failure. */
ssize_t vdso_draw(void *to, size_t size, void *state);

#endif
