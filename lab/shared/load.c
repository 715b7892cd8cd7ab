/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/shared: reads a guest's memory. These are functions of their own so that the fuzzer can
 * change that memory after each of them.
 */
#include <string.h>

#include "load.h"

uint32_t load_u32(const volatile uint32_t *from)
{
	return __atomic_load_n(from, __ATOMIC_ACQUIRE);
}

uint64_t load_u64(const volatile uint64_t *from)
{
	return __atomic_load_n(from, __ATOMIC_ACQUIRE);
}

void load_bytes(void *to, const volatile void *from, size_t size)
{
	const volatile uint8_t *at = from;
	size_t done = 0;

	/* By words, since the records of many draws are megabytes. */
	for (; !((uintptr_t)from % 8) && done + 8 <= size; done += 8) {
		uint64_t word = *(const volatile uint64_t *)(at + done);

		memcpy((char *)to + done, &word, sizeof(word));
	}
	for (; done < size; done++)
		((uint8_t *)to)[done] = at[done];
}
