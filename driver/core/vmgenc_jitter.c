// SPDX-License-Identifier: BSD-2-Clause
/* driver/core: gathers timing jitter and tests whether it counts. */
#include "vmgenc_jitter.h"

/*
 * The health tests assume one bit a sample and fail by chance once in 2^30 trials. The driver
 * claims a quarter of a bit, so that samples that barely pass hold four times as much.
 */
enum {
	STEPS = 8,	   /* reads for one sample */
	LOOK_AT_TIME = 16, /* samples between two looks at the clock */
	USUAL_NS = 500 * 1000,
	LONGEST_NS = 4 * 1000 * 1000, /* if reading the counter is slow, or the host paused us */
	MOST_REPEATS = 31, /* repetition count test: so many equal differences in a row fail */
	WINDOW = 512,	   /* adaptive proportion test: of so many differences ... */
	MOST_EQUAL = 326,  /* ... so many that equal the first fail */
};

static uint32_t walk(const struct vmgenc_jitter *jitter, uint32_t place)
{
	const volatile uint8_t *memory = jitter->memory;
	unsigned int i;

	for (i = 0; i < STEPS; i++) {
		place += memory[place % VMGENC_JITTER_LINES * VMGENC_JITTER_LINE];
		place = place * 1664525u + 1013904223u;
		place ^= place >> 16;
	}
	return place;
}

bool vmgenc_jitter_counts(const uint32_t *samples, uint32_t count)
{
	uint32_t difference, last = 0, first = 0, repeats = 0, equal = 0, i;

	if (count < VMGENC_JITTER_ENOUGH)
		return false;
	for (i = 0; i + 1 < count; i++) {
		difference = samples[i + 1] - samples[i];
		repeats = i && difference == last ? repeats + 1 : 1;
		last = difference;
		if (i % WINDOW == 0) {
			first = difference;
			equal = 0;
		}
		equal += difference == first;
		if (repeats >= MOST_REPEATS || equal >= MOST_EQUAL)
			return false;
	}
	return true;
}

static bool time_is_up(uint64_t begun, uint32_t count)
{
	uint64_t longest = count < VMGENC_JITTER_ENOUGH ? LONGEST_NS : USUAL_NS;

	return vmgenc_os_now() - begun >= longest;
}

static bool gather_once(struct vmgenc_jitter *jitter)
{
	uint64_t begun = vmgenc_os_now();
	uint32_t place = 0, i;

	for (i = 0; i < VMGENC_JITTER_SAMPLES; i++) {
		if (i && i % LOOK_AT_TIME == 0 && time_is_up(begun, i))
			break;
		place = walk(jitter, place);
		jitter->samples[i] = (uint32_t)vmgenc_os_cycles();
		place += jitter->samples[i];
	}
	jitter->count = i;
	return vmgenc_jitter_counts(jitter->samples, i);
}

/*
 * The first try may lose its time to the host: to a pause, or in a new clone to its memory, of
 * which each page is fetched when it is read first.
 */
bool vmgenc_jitter_gather(struct vmgenc_jitter *jitter)
{
	return gather_once(jitter) || gather_once(jitter);
}

/* Volatile, because the compiler would leave out stores that nobody reads. */
void vmgenc_jitter_wipe(struct vmgenc_jitter *jitter)
{
	volatile uint32_t *samples = jitter->samples;
	uint32_t i;

	for (i = 0; i < VMGENC_JITTER_SAMPLES; i++)
		samples[i] = 0;
	jitter->count = 0;
}
