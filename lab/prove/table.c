/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/prove: prints the results as a table, with the worst run in each cell.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/host.h"
#include "prove.h"

static int label_width(const struct prove_options *o)
{
	size_t width = 12;

	for (int i = 0; i < LAB_GENERATORS; i++) {
		if (o->generators[i] && strlen(generator_table[i].label) > width)
			width = strlen(generator_table[i].label);
	}
	return (int)width;
}

static bool colours(void)
{
	const char *no = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && !(no && *no);
}

static const struct result not_tried = {.possible = false};

static const struct result *worst(const struct results *all, size_t guest, int generator)
{
	const struct result *found = NULL;

	for (size_t i = 0; i < all->count; i++) {
		const struct result *r = &all->list[i];

		if (r->guest != guest || (int)r->generator != generator)
			continue;
		if (!found || r->found.identical > found->found.identical)
			found = r;
	}
	/* FreeBSD's generators are not tried on Linux. */
	return found ? found : &not_tried;
}

/* A column fits its label, its counts and its durations. */
struct cell {
	char count[80], duration[64];
};

static struct cell cell_of(const struct result *r)
{
	struct cell c = {.duration = ""};
	const char *identical = words_count(r->found.identical);
	const char *drawn = words_count(r->found.drawn);
	char last[LAB_TIME_SIZE];

	if (!r->possible)
		snprintf(c.count, sizeof(c.count), "-");
	else if (!r->found.identical)
		snprintf(c.count, sizeof(c.count), "none of %s", drawn);
	else if (r->found.identical == r->found.drawn)
		snprintf(c.count, sizeof(c.count), "ALL of %s", drawn);
	else
		snprintf(c.count, sizeof(c.count), "%s of %s", identical, drawn);
	if (r->possible && r->found.identical && !r->found.last_index)
		snprintf(c.duration, sizeof(c.duration), "under way");
	else if (r->possible && r->found.identical)
		snprintf(c.duration, sizeof(c.duration), "for %s",
			 lab_time((double)r->found.last_ns / 1e9, last));
	return c;
}

/* Leave out FreeBSD's generators if all guests are Linux. */
bool table_has_row(const struct prove_options *o, const struct results *all, int generator)
{
	for (size_t g = 0; g < o->guest_count; g++) {
		if (worst(all, g, generator) != &not_tried)
			return o->generators[generator];
	}
	return false;
}

static int width_of(const struct prove_options *o, const struct results *all, size_t guest)
{
	size_t width = strlen(o->guests[guest].label);

	for (int i = 0; i < LAB_GENERATORS; i++) {
		if (!table_has_row(o, all, i))
			continue;
		struct cell c = cell_of(worst(all, guest, i));

		width = strlen(c.count) > width ? strlen(c.count) : width;
		size_t duration = (size_t)lab_time_columns(c.duration);

		width = duration > width ? duration : width;
	}
	return (int)width;
}

static bool has_durations(const struct prove_options *o, const struct results *all, int generator)
{
	for (size_t g = 0; g < o->guest_count; g++) {
		if (*cell_of(worst(all, g, generator)).duration)
			return true;
	}
	return false;
}

static void print_row(const struct prove_options *o, const struct results *all, int generator)
{
	int lines = has_durations(o, all, generator) ? 2 : 1;

	for (int line = 0; line < lines; line++) {
		printf("%-*s", label_width(o), line ? "" : generator_table[generator].label);
		for (size_t g = 0; g < o->guest_count; g++) {
			const struct result *r = worst(all, g, generator);
			struct cell c = cell_of(r);
			const char *colour = r->found.identical ? "\033[31m" : "\033[32m";
			bool coloured = r->possible && colours();

			const char *text = line ? c.duration : c.count;

			printf("  %s%s%s%*s", coloured ? colour : "", text,
			       coloured ? "\033[0m" : "",
			       width_of(o, all, g) - lab_time_columns(text), "");
		}
		printf("\n");
	}
}

void table_print(const struct prove_options *o, const struct results *all)
{
	printf("Draws after the resume that another clone of the same snapshot made "
	       "too%s:\n\n%-*s",
	       o->runs > 1 ? " (worst run)" : "", label_width(o), "");
	for (size_t g = 0; g < o->guest_count; g++)
		printf("  %-*s", width_of(o, all, g), o->guests[g].label);
	printf("\n");
	for (int i = 0; i < LAB_GENERATORS; i++) {
		if (table_has_row(o, all, i))
			print_row(o, all, i);
	}
	printf("\nunguarded: a program's own generator, seeded before the snapshot; guarded: the "
	       "same with\nlibvmgenc; under way: only the draw that was in progress on each CPU "
	       "at the snapshot\n\n");
}
