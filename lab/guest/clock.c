/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/guest: time without system calls. Stamps are values of the cycle counter and converted to
 * CLOCK_BOOTTIME later. The clock stops while the guest is stopped; the counter stops under TCG,
 * but not under KVM.
 */
#include "guest.h"

#define TRIES 20
#define FIRST_RUN_NS 50000000

/* Both clocks at the same moment. */
struct moment {
	uint64_t ns, ticks;
};

static double ns_per_tick = 1;
static uint64_t longest;      /* ticks: the longest run without a stop, which gave the rate */
static struct moment last;    /* before the next stop, if there is one */
static struct moment resumed; /* the first after the last stop */

/* Take the shortest of some tries, because a virtual CPU may be preempted during one. */
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

/* Measure the rate between two moments without a stop between them; the longest run wins. */
static void learn_rate(const struct moment *from, const struct moment *to)
{
	if (to->ticks <= from->ticks || to->ticks - from->ticks <= longest)
		return;
	longest = to->ticks - from->ticks;
	ns_per_tick = (double)(to->ns - from->ns) / (double)longest;
}

/* There must be no stop between the ticks and the moment. */
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
