/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/prove: prints how long things took: the median and the worst of all clones and runs.
 */
#include <stdlib.h>

#include "host/host.h"
#include "prove.h"

#define WIDTH 24

/* The last two are for a whole trial, the others for each clone. */
enum row { WITHIN, REKEYED, WOKEN, ANNOUNCED, LOGGED, RUNNING, SNAPSHOT, TRIAL, ROWS };

static const char *const rows[ROWS] = {"resume known within",	"kernel rekeyed",
				       "poller running",	"devctl(4) line read",
				       "own driver's log line", "QEMU started, clone runs",
				       "snapshot taken",	"all cloned and compared"};

/* Return the time in seconds, or -1 if it did not happen. */
static double of_clone(enum row row, const struct clone *c)
{
	const uint64_t times[] = {c->resume_within_ns, c->rekeyed_ns, c->woken_ns, c->announced_ns, c->logged_ns};

	if (row == RUNNING)
		return c->start_seconds;
	return times[row] == LAB_NEVER ? -1 : (double)times[row] / 1e9;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static bool wanted(const struct result *r, size_t guest, enum lab_generator g)
{
	return r->guest == guest && r->generator == g && r->possible;
}

/* Return the number of times put into list, which has room for all clones. */
static size_t collect(const struct results *all, size_t guest, enum lab_generator g, enum row row,
		      double *list)
{
	size_t n = 0;

	for (size_t i = 0; i < all->count; i++) {
		const struct result *r = &all->list[i];

		if (!wanted(r, guest, g))
			continue;
		if (row >= SNAPSHOT)
			list[n++] = row == SNAPSHOT ? r->snapshot_seconds : r->seconds;
		for (size_t j = 0; row < SNAPSHOT && j < r->clone_count; j++) {
			double seconds = of_clone(row, &r->clones[j]);

			if (seconds >= 0)
				list[n++] = seconds;
		}
	}
	qsort(list, n, sizeof(*list), by_size);
	return n;
}

static double median(const double *list, size_t n)
{
	return (list[(n - 1) / 2] + list[n / 2]) / 2;
}

static void print_row(const struct prove_options *o, const struct results *all,
		      enum lab_generator g, enum row row, double *list)
{
	char text[2 * LAB_TIME_SIZE + 32], middle[LAB_TIME_SIZE], last[LAB_TIME_SIZE];

	printf("%-24s", rows[row]);
	for (size_t guest = 0; guest < o->guest_count; guest++) {
		size_t n = collect(all, guest, g, row, list);

		snprintf(text, sizeof(text), "-");
		if (n)
			snprintf(text, sizeof(text), "%s / %s (%zu)",
				 lab_time(median(list, n), middle), lab_time(list[n - 1], last), n);
		printf("  %s%*s", text, WIDTH - lab_time_columns(text), "");
	}
	printf("\n");
}

static bool any_freebsd(const struct prove_options *o)
{
	bool any = false;

	for (size_t g = 0; g < o->guest_count; g++)
		any |= o->guests[g].freebsd;
	return any;
}

int times_print(const struct prove_options *o, const struct results *all)
{
	double *list = calloc((size_t)o->runs * o->clones * o->depth + 1, sizeof(*list));

	if (!list)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "no memory");
	for (int g = 0; g < LAB_GENERATORS; g++) {
		if (!table_has_row(o, all, g))
			continue;
		printf("Median / worst (number of clones), after the resume, while %s draws:\n\n",
		       generator_table[g].name);
		for (int row = 0; row < ROWS; row++) {
			if (row == ANNOUNCED && !any_freebsd(o))
				continue;
			print_row(o, all, (enum lab_generator)g, (enum row)row, list);
		}
		printf("\n");
	}
	free(list);
	return 0;
}
