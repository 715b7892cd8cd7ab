/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lab: the results as one table for people; the worst run of each cell.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab.h"

#define WIDTH 30

static const char *const rows[LAB_GENERATORS] = {"getrandom(2)", "own generator, unguarded",
						 "own generator, libvmgenc"};

static bool colours(void)
{
	const char *no = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && !(no && *no);
}

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
	return found;
}

static void group(uint64_t n, char *to, size_t size)
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);
	size_t used = 0;

	for (int i = 0; i < length && used + 2 < size; i++) {
		if (i && (length - i) % 3 == 0)
			to[used++] = ',';
		to[used++] = digits[i];
	}
	to[used] = '\0';
}

static void cell_text(const struct result *r, char *to, size_t size)
{
	char identical[32], drawn[32];

	group(r->found.identical, identical, sizeof(identical));
	group(r->found.drawn, drawn, sizeof(drawn));
	if (!r->possible)
		snprintf(to, size, "- (needs vmgenc)");
	else if (!r->found.identical)
		snprintf(to, size, "none of %s", drawn);
	else if (r->found.identical == r->found.drawn)
		snprintf(to, size, "ALL of %s", drawn);
	else if (!r->found.last_index)
		snprintf(to, size, "%s of %s (under way)", identical, drawn);
	else
		snprintf(to, size, "%s of %s (%.3g ms)", identical, drawn,
			 (double)r->found.last_ns / 1e6);
}

static void print_cell(const struct result *r)
{
	char text[100];
	const char *colour = "", *end = "";

	cell_text(r, text, sizeof(text));
	if (colours() && r->possible) {
		colour = r->found.identical ? "\033[31m" : "\033[32m";
		end = "\033[0m";
	}
	printf("  %s%-*s%s", colour, WIDTH, text, end);
}

void table_print(const struct prove_options *o, const struct results *all)
{
	printf("Draws that a clone shares with another clone of the same snapshot, after the "
	       "resume%s:\n\n%-24s",
	       o->runs > 1 ? " (worst run)" : "", "");
	for (size_t g = 0; g < o->guest_count; g++)
		printf("  %-*.*s", WIDTH, WIDTH, o->guests[g].label);
	printf("\n");
	for (int i = 0; i < LAB_GENERATORS; i++) {
		if (!o->generators[i])
			continue;
		printf("%-24s", rows[i]);
		for (size_t g = 0; g < o->guest_count; g++)
			print_cell(worst(all, g, i));
		printf("\n");
	}
	printf("\n");
}
