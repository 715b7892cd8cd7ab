/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * driver/core: what the owner of a sibling cannot know - how long accesses to memory take in this
 * clone, measured after the change. It needs vmgenc_os_cycles() and vmgenc_os_now().
 */

/*
 * A sample is the low half of the cycle counter after a few reads of memory that does not fit into
 * a first-level cache. Each read goes where the last one and the samples so far say. The system
 * mixes all samples into its generator.
 *
 * Whether they count is judged by the differences between them, with the two health tests of NIST
 * SP 800-90B, 4.4: a counter that stands still, that steps coarsely, or that counts accesses
 * instead of time fails. What passes counts for VMGENC_JITTER_BITS. docs/guarantees.md has the
 * argument, docs/figures.md what test/bench/guest/entropy.c measured.
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

/* Of one device, guarded by its core's lock. The system allocates it, all zeros. */
struct vmgenc_jitter {
	uint32_t count; /* of samples */
	uint32_t samples[VMGENC_JITTER_SAMPLES];
	uint8_t memory[VMGENC_JITTER_LINES * VMGENC_JITTER_LINE]; /* only read */
};

/*
 * Takes samples, in any context: for about a millisecond at most, or for 20 if there are not enough
 * until then. Returns whether they count.
 */
bool vmgenc_jitter_gather(struct vmgenc_jitter *jitter);

/* Whether these samples pass the health tests, and are enough. */
bool vmgenc_jitter_counts(const uint32_t *samples, uint32_t count);

/* Once they are mixed in: the samples must not be in the next snapshot. */
void vmgenc_jitter_wipe(struct vmgenc_jitter *jitter);

#endif /* VMGENC_JITTER_H */
