/* SPDX-License-Identifier: BSD-2-Clause */
/* provider: data that differs between clones whose kernels are not rekeyed. It makes draws differ,
 * but is not secret from an attacker who knows the state and can guess the clocks. */
#include <string.h>

#include "provider.h"

#ifdef __x86_64__
#include <cpuid.h>
#include <x86intrin.h>

static uint64_t cycles(void)
{
	return __rdtsc();
}

__attribute__((target("rdrnd"))) static void ask_processor(uint64_t *to, size_t count)
{
	unsigned int a, b, c, d;
	unsigned long long word;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_RDRND))
		return;
	for (size_t i = 0; i < count; i++) {
		if (_rdrand64_step(&word))
			to[i] = word;
	}
}
#else
static uint64_t cycles(void)
{
	uint64_t count = 0;

#ifdef __aarch64__
	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(count));
#endif
	return count;
}

static void ask_processor(uint64_t *to, size_t count)
{
	(void)to;
	(void)count;
}
#endif

/* Makes no system call, because a seccomp filter may forbid it. */
void fresh_collect(struct fresh *f, struct vmgenc *vg)
{
	memset(f, 0, sizeof(*f));
	f->status.size = sizeof(f->status);
	vmgenc_status(vg, &f->status); /* stays zero if it fails */
	f->hot[0] = vg->hot[0];
	f->hot[1] = vg->hot[1];
	clock_gettime(CLOCK_REALTIME, &f->clocks[0]);
	clock_gettime(CLOCK_MONOTONIC, &f->clocks[1]);
	f->cycles = cycles();
	ask_processor(f->processor, sizeof(f->processor) / sizeof(f->processor[0]));
}
