/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/unit/lab: the clock of the lab's guests against simulated counters: a guest that is stopped
 * and cloned under KVM, where the cycle counter runs on meanwhile, and under TCG, where it does
 * not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#undef fail /* the guest has its own */
#define __builtin_ia32_rdtsc sim_ticks
static uint64_t sim_ticks(void);

#include "clock.c"

#define MS 1000000ull
#define TICKS_PER_US 2400
#define READING_NS 40 /* what reading either counter takes */

static uint64_t real_ns, stopped_ns; /* since the boot, and of it with the guest stopped */
static bool counter_stops;	     /* with the guest: TCG */
static unsigned int readings;

static uint64_t boottime(void)
{
	return 7000 * MS + real_ns - stopped_ns;
}

static uint64_t counter(void)
{
	return 123456789 + (real_ns - (counter_stops ? stopped_ns : 0)) * TICKS_PER_US / 1000;
}

/* Now and then a reading takes long: the virtual CPU lost its turn. */
static void pass_reading(void)
{
	real_ns += ++readings % 7 ? READING_NS : 300000;
}

static uint64_t sim_ticks(void)
{
	pass_reading();
	return counter();
}

uint64_t clock_boottime(void)
{
	pass_reading();
	return boottime();
}

void sleep_ns(uint64_t ns)
{
	real_ns += ns;
}

static void stop_for(uint64_t ns)
{
	real_ns += ns;
	stopped_ns += ns;
}

static void assert_near(uint64_t a, uint64_t b)
{
	uint64_t apart = a > b ? a - b : b - a;

	if (apart > 5000)
		print_error("%llu and %llu ns are not the same time\n", (unsigned long long)a,
			    (unsigned long long)b);
	assert_true(apart <= 5000);
}

/* What prove.c does: draws on both sides of a stop, and what it makes of their stamps. */
static void clone_once(uint64_t stop_ns, uint64_t noticed_ns, uint64_t recorded_ns)
{
	uint64_t before_ns, before, after_ns, after, soon_ns, soon;

	clock_before_stop();
	sleep_ns(30 * MS);
	before = counter(), before_ns = boottime();
	stop_for(stop_ns);
	sleep_ns(3000);
	soon = counter(), soon_ns = boottime();
	sleep_ns(noticed_ns);
	clock_after_stop();
	sleep_ns(recorded_ns);
	after = counter(), after_ns = boottime();
	clock_calibrate();
	assert_near(clock_before(before), before_ns);
	assert_near(clock_after(soon), soon_ns);
	assert_near(clock_after(after), after_ns);
	assert_near(clock_after(soon) - clock_before(before), 3000);
	assert_near(clock_ns_to_ticks(1000 * MS) * 1000 / TICKS_PER_US, 1000 * MS);
}

static void begin(bool stops)
{
	counter_stops = stops;
	real_ns += 1000 * MS;
	clock_begin();
	assert_near(clock_ns_to_ticks(1000 * MS) * 1000 / TICKS_PER_US, 1000 * MS);
}

/* Fails if a stop gets into the rate or between two times: one generator after the other. */
static void counter_runs_on(void **state)
{
	(void)state;
	begin(false);
	for (uint64_t i = 0; i < 8; i++) {
		clone_once(i * 1900 * MS, 2 * MS, 900 * MS);
		stop_for(3300 * MS); /* the source goes on when its clones have ended */
		sleep_ns(700 * MS);
	}
}

/* Fails if a clone of a clone takes the stop before it for its own. */
static void clones_of_clones(void **state)
{
	(void)state;
	begin(false);
	for (uint64_t i = 0; i < 20; i++)
		clone_once(200 * MS, 1 * MS, 3 * MS);
}

/* Fails if what holds where the counter runs on is wrong where it stands still. */
static void counter_stands_still(void **state)
{
	(void)state;
	begin(true);
	for (uint64_t i = 0; i < 8; i++)
		clone_once(i * 1900 * MS, 2 * MS, 900 * MS);
}

/* Fails if a guest that is too busy to notice its resume at once learns a wrong rate. */
static void noticed_late(void **state)
{
	(void)state;
	begin(false);
	clone_once(5000 * MS, 950 * MS, 0);
	clone_once(5000 * MS, 0, 950 * MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counter_runs_on),
		cmocka_unit_test(clones_of_clones),
		cmocka_unit_test(counter_stands_still),
		cmocka_unit_test(noticed_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
