/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest: time without system calls. Draws are stamped with the cycle counter, which a
 * snapshot carries along, and converted afterwards.
 */
#include <time.h>

#include "guest.h"

static double ns_per_tick = 1;

uint64_t clock_boottime(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void clock_calibrate(void)
{
	uint64_t ns = clock_boottime(), ticks = clock_ticks();

	sleep_ms(50);
	ns = clock_boottime() - ns;
	ticks = clock_ticks() - ticks;
	if (ticks)
		ns_per_tick = (double)ns / (double)ticks;
}

uint64_t clock_ticks_to_ns(uint64_t ticks)
{
	return (uint64_t)((double)ticks * ns_per_tick);
}

uint64_t clock_ns_to_ticks(uint64_t ns)
{
	return (uint64_t)((double)ns / ns_per_tick);
}
