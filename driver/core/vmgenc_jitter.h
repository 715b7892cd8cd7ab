/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * driver/core: measures how long accesses to memory take after a change, which the owner of another
 * clone cannot know. Needs vmgenc_os_cycles() and vmgenc_os_now().
 */

/*
 * A sample is the low half of the cycle counter after a few reads of memory that does not fit into
 * the caches nearby. The last read and the samples so far determine where the next read goes. The
 * system mixes all samples into its generator.
 *
 * The two health tests of NIST SP 800-90B, 4.4, on the differences between samples determine
 * whether they count: a counter that stands still, that is coarse, or that counts accesses instead
 * of time fails. Samples that pass count for VMGENC_JITTER_BITS; see docs/guarantees.md for the
 * reasoning, and docs/figures.md for what test/bench/guest/entropy.c measured.
 */
#ifndef VMGENC_JITTER_H
#define VMGENC_JITTER_H

#include "vmgenc_os.h"

enum {
	VMGENC_JITTER_SAMPLES = 1024,
	VMGENC_JITTER_ENOUGH = 512, /* fewer do not count */
	VMGENC_JITTER_BITS = VMGENC_JITTER_ENOUGH / 4,
	VMGENC_JITTER_LINE = 64,
	VMGENC_JITTER_LINES = 16384, /* a power of two; 1 MiB in all */
};

/* One for each device, guarded by its core's lock. The system allocates it, all zeros. */
struct vmgenc_jitter {
	uint32_t count; /* of samples */
	uint32_t samples[VMGENC_JITTER_SAMPLES];
	uint8_t memory[VMGENC_JITTER_LINES * VMGENC_JITTER_LINE]; /* only read */
};

/*
 * Takes samples and returns whether they count. Callable in any context: does not sleep, and stops
 * after VMGENC_JITTER_SAMPLES. It takes no more than VMGENC_JITTER_ENOUGH once half a millisecond
 * is over, and gives up after 4 ms without that many. A second try follows the first that fails.
 */
bool vmgenc_jitter_gather(struct vmgenc_jitter *jitter);

/* Whether these samples pass the health tests and are enough. */
bool vmgenc_jitter_counts(const uint32_t *samples, uint32_t count);

/* Call this after mixing them in, because the samples must not be in the next snapshot. */
void vmgenc_jitter_wipe(struct vmgenc_jitter *jitter);

#endif /* VMGENC_JITTER_H */
