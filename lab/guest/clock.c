/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/guest: time without system calls. Draws are stamped with the cycle counter, and converted to
 * CLOCK_BOOTTIME afterwards. A guest may have been stopped between two stamps: under KVM the
 * counter runs on meanwhile and the clock does not, under TCG both stand still.
 */
#include "guest.h"

#define TRIES 20
#define FIRST_RUN_NS 50000000

/* Both clocks at the same moment. */
struct moment {
	uint64_t ns, ticks;
};

static double ns_per_tick = 1;
static uint64_t longest;      /* ticks: the run without a stop that the rate is from */
static struct moment last;    /* before the stop to come, if one comes */
static struct moment resumed; /* the first behind the last stop */

/* Of some tries the one whose two ends are closest: a virtual CPU may lose its turn in between. */
static struct moment read_both(void)
{
	uint64_t best = UINT64_MAX;
	struct moment m = {0, 0};

	for (int i = 0; i < TRIES; i++) {
		uint64_t before = clock_ticks(), time = clock_boottime(), after = clock_ticks();

		if (after - before >= best)
			continue;
		best = after - before;
		m = (struct moment){.ns = time, .ticks = before + best / 2};
	}
	return m;
}

/* From a moment to another one with no stop between them: the longer, the better. */
static void learn_rate(const struct moment *from, const struct moment *to)
{
	if (to->ticks <= from->ticks || to->ticks - from->ticks <= longest)
		return;
	longest = to->ticks - from->ticks;
	ns_per_tick = (double)(to->ns - from->ns) / (double)longest;
}

/* Only where no stop lies between the ticks and the moment. */
static uint64_t at(const struct moment *m, uint64_t ticks)
{
	return m->ns + (uint64_t)(int64_t)((double)(int64_t)(ticks - m->ticks) * ns_per_tick);
}

void clock_begin(void)
{
	last = read_both();
	sleep_ns(FIRST_RUN_NS);
	resumed = read_both();
	learn_rate(&last, &resumed);
}

void clock_before_stop(void)
{
	last = read_both();
}

void clock_after_stop(void)
{
	resumed = read_both();
}

void clock_calibrate(void)
{
	struct moment now = read_both();

	learn_rate(&resumed, &now);
}

uint64_t clock_before(uint64_t ticks)
{
	return at(&last, ticks);
}

uint64_t clock_after(uint64_t ticks)
{
	return at(&resumed, ticks);
}

uint64_t clock_ns_to_ticks(uint64_t ns)
{
	return (uint64_t)((double)ns / ns_per_tick);
}
