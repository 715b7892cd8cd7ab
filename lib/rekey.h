/* SPDX-License-Identifier: BSD-2-Clause */
/* lib: has the kernel rekey where no vmgenc driver does (vmclock:), or cannot be asked (sysctl:).
 */
#ifndef VMGENC_LIB_REKEY_H
#define VMGENC_LIB_REKEY_H

#include <stddef.h>

/*
 * Mixes fresh into the kernel's generator and makes it take a new key. 0 only if it did;
 * -EPERM (needs CAP_SYS_ADMIN; fresh is mixed in all the same, and the kernel uses it when it
 * takes a new key by itself), -ENODATA (not seeded yet) or -EIO.
 */
int rekey_kernel(const void *fresh, size_t size);

/* A byte from the kernel, by a system call: the driver looks first. Without effect elsewhere. */
void draw_from_kernel(void);

#endif
