/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest: time without system calls. Draws are stamped with the cycle counter, which a
 * snapshot carries along, and converted afterwards.
 */
#include "guest.h"

#define TRIES 20

static double ns_per_tick = 1;

/* Of some tries the one whose two ends are closest: a virtual CPU may lose its turn in between. */
void clock_both(uint64_t *ns, uint64_t *ticks)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < TRIES; i++) {
		uint64_t before = clock_ticks(), time = clock_boottime(), after = clock_ticks();

		if (after - before >= best)
			continue;
		best = after - before;
		*ns = time;
		*ticks = before + best / 2;
	}
}

/* The later it is called again, the better the rate is known. */
void clock_calibrate(void)
{
	static uint64_t first_ns, first_ticks;
	uint64_t ns = 0, ticks = 0;

	if (!first_ticks) {
		clock_both(&first_ns, &first_ticks);
		sleep_ns(50000000);
	}
	clock_both(&ns, &ticks);
	if (ticks > first_ticks)
		ns_per_tick = (double)(ns - first_ns) / (double)(ticks - first_ticks);
}

uint64_t clock_ticks_to_ns(uint64_t ticks)
{
	return (uint64_t)((double)ticks * ns_per_tick);
}

uint64_t clock_ns_to_ticks(uint64_t ns)
{
	return (uint64_t)((double)ns / ns_per_tick);
}
