/* SPDX-License-Identifier: BSD-2-Clause */
/* test/bench/guest: the clock, and the order of times for qsort(3). */
#ifndef MEASURE_H
#define MEASURE_H

#include <stdint.h>
#include <time.h>

static inline uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static inline int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

#endif /* MEASURE_H */
