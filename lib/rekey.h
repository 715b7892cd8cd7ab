/* SPDX-License-Identifier: BSD-2-Clause */
/* lib: rekeys the kernel for sources without a driver to do it (vmclock:), or makes the driver look
 * if there is no descriptor to ask it (sysctl:). */
#ifndef VMGENC_LIB_REKEY_H
#define VMGENC_LIB_REKEY_H

#include <stddef.h>

#define REKEY_SAMPLES 512

/*
 * Mixes fresh and REKEY_SAMPLES timing samples into the kernel's generator and makes it take a new
 * key. Returns 0 only if it did; -EPERM without CAP_SYS_ADMIN (fresh is mixed in nevertheless, and
 * the kernel uses it when it takes a new key by itself), -ENODATA if the generator is not seeded
 * yet, or -EIO.
 */
int rekey_kernel(const void *fresh, size_t size);

/* Draws a byte from the kernel, so that the driver looks at the id. No effect but on Linux. */
void draw_from_kernel(void);

#endif
