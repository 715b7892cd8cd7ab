/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/unit/lab: calls turn() after each load that the lab makes from a guest's memory, for the
 * hostile guests of a unit test and of a fuzzer. Link with --wrap for each of load.c's functions.
 */
#ifndef TURNS_H
#define TURNS_H

#include <stddef.h>
#include <stdint.h>

/* The including file's: what the guest does then. */
static void turn(void);

uint32_t __real_load_u32(const volatile uint32_t *from);
uint64_t __real_load_u64(const volatile uint64_t *from);
void __real_load_bytes(void *to, const volatile void *from, size_t size);
uint32_t __wrap_load_u32(const volatile uint32_t *from);
uint64_t __wrap_load_u64(const volatile uint64_t *from);
void __wrap_load_bytes(void *to, const volatile void *from, size_t size);

uint32_t __wrap_load_u32(const volatile uint32_t *from)
{
	uint32_t value = __real_load_u32(from);

	turn();
	return value;
}

uint64_t __wrap_load_u64(const volatile uint64_t *from)
{
	uint64_t value = __real_load_u64(from);

	turn();
	return value;
}

void __wrap_load_bytes(void *to, const volatile void *from, size_t size)
{
	__real_load_bytes(to, from, size);
	turn();
}

#endif
