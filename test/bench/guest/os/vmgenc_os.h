/* SPDX-License-Identifier: BSD-2-Clause */
/* test/bench/guest/os: what driver/core's sampling asks of the system, answered for a program. */
#ifndef VMGENC_OS_H
#define VMGENC_OS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

static inline void vmgenc_os_barrier(void)
{
	__asm__ volatile("" ::: "memory");
}

static inline uint64_t vmgenc_os_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* What the kernel's random_get_entropy() and get_cyclecount() read. */
static inline uint64_t vmgenc_os_cycles(void)
{
#ifdef __x86_64__
	return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	uint64_t count;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(count));
	return count;
#else
	return 0;
#endif
}

#endif /* VMGENC_OS_H */
