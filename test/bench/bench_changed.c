/* SPDX-License-Identifier: BSD-2-Clause */
/* test/bench: what vmgenc_changed() costs beside two bare 64-bit loads and a compare. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../unit/simfile.h"
#include "vmgenc.h"

#define ROUNDS 101
#define CHECKS 2000000

/*
 * Two conditions. In a loop of its own, the compiler keeps what the words are compared with in
 * registers. After FORGET(), as after a call to somewhere else, it loads that anew each time;
 * the library then also loads where the words are, which the loads by hand know.
 */
#define FORGET() __asm__ volatile("" : : : "memory")

static inline __attribute__((always_inline)) bool bare(const volatile uint64_t *words,
						       const uint64_t *seen, bool forget)
{
	for (int i = 0; i < CHECKS; i++) {
		if (((words[0] ^ seen[0]) | (words[1] ^ seen[1])) != 0)
			return true;
		if (forget)
			FORGET();
	}
	return false;
}

static inline __attribute__((always_inline)) bool
library(const struct vmgenc *vg, const struct vmgenc_mark *mark, bool forget)
{
	for (int i = 0; i < CHECKS; i++) {
		if (vmgenc_changed(vg, mark))
			return true;
		if (forget)
			FORGET();
	}
	return false;
}

typedef bool loop(const struct vmgenc *vg, const struct vmgenc_mark *mark);

static __attribute__((noinline)) bool bare_alone(const struct vmgenc *vg,
						 const struct vmgenc_mark *mark)
{
	return bare(vg->hot, mark->seen, false);
}

static __attribute__((noinline)) bool library_alone(const struct vmgenc *vg,
						    const struct vmgenc_mark *mark)
{
	return library(vg, mark, false);
}

static __attribute__((noinline)) bool bare_reloaded(const struct vmgenc *vg,
						    const struct vmgenc_mark *mark)
{
	return bare(vg->hot, mark->seen, true);
}

static __attribute__((noinline)) bool library_reloaded(const struct vmgenc *vg,
						       const struct vmgenc_mark *mark)
{
	return library(vg, mark, true);
}

/* Nanoseconds of this thread on a processor, so that a busy machine disturbs less. */
static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Nanoseconds for each check. */
struct round {
	double bare, library, ratio;
};

struct condition {
	const char *name;
	loop *bare, *library;
	struct round rounds[ROUNDS];
};

static int by_ratio(const void *a, const void *b)
{
	double x = ((const struct round *)a)->ratio, y = ((const struct round *)b)->ratio;

	return (x > y) - (x < y);
}

/* The loops take turns, so that a change of clock speed meets them alike. */
static bool measure(struct condition *c, int number, const struct vmgenc *vg,
		    const struct vmgenc_mark *mark)
{
	struct round *round = &c->rounds[number];
	double start = now(), middle, end;
	bool changed = c->bare(vg, mark);

	middle = now();
	changed |= c->library(vg, mark);
	end = now();
	round->bare = (middle - start) / CHECKS;
	round->library = (end - middle) / CHECKS;
	round->ratio = round->library / round->bare;
	return changed;
}

static void report(struct condition *c)
{
	const struct round *median = &c->rounds[ROUNDS / 2], *worst = &c->rounds[ROUNDS - 1];

	qsort(c->rounds, ROUNDS, sizeof(c->rounds[0]), by_ratio);
	printf("vmgenc_changed(), %s: %.2f ns; two bare loads and a compare: %.2f ns; "
	       "ratio median %.2f, worst %.2f\n",
	       c->name, median->library, median->bare, median->ratio, worst->ratio);
}

static int fail(const char *what, int error)
{
	fprintf(stderr, "bench_changed: %s: %s\n", what, strerror(-error));
	return 1;
}

static int run(const struct vmgenc *vg, const struct vmgenc_mark *mark)
{
	static struct condition alone = {
		.name = "in a loop of its own", .bare = bare_alone, .library = library_alone};
	static struct condition reloaded = {.name = "operands reloaded each time",
					    .bare = bare_reloaded,
					    .library = library_reloaded};
	bool changed = measure(&alone, 0, vg, mark); /* warms up */

	for (int i = 0; i < ROUNDS; i++) {
		changed |= measure(&alone, i, vg, mark);
		changed |= measure(&reloaded, i, vg, mark);
	}
	if (changed)
		return fail("a check said changed though nothing did", -EIO);
	printf("%d rounds of %d checks each\n", ROUNDS, CHECKS);
	report(&alone);
	report(&reloaded);
	return 0;
}

int main(void)
{
	struct vmgenc_mark mark = {{0}};
	struct simfile sim;
	struct vmgenc *vg;
	int error = simfile_create(&sim);

	if (error)
		return fail("cannot write a file in /tmp", error);
	error = vmgenc_open(&vg, sim.source);
	if (!error)
		error = vmgenc_sync(vg, &mark, 0);
	error = error ? fail(sim.source, error) : run(vg, &mark);
	vmgenc_close(vg);
	simfile_remove(&sim);
	return error;
}
