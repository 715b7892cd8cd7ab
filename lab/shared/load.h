/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/shared: the only reads of a guest's memory. Each is made once, into the host's own memory,
 * and what was read is checked there: the guest may write another value at any time.
 */
#ifndef LAB_LOAD_H
#define LAB_LOAD_H

#include <stddef.h>
#include <stdint.h>

/* What the guest wrote before it wrote this value is seen by loads that follow. */
uint32_t load_u32(const volatile uint32_t *from);
uint64_t load_u64(const volatile uint64_t *from);
void load_bytes(void *to, const volatile void *from, size_t size);

#endif
