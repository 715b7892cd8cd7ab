/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/compare: reduces a clone's draws after its resume to spans of time in which all, none or
 * some of them are identical to another clone's. Both ends of a span are exact.
 */
#include <stdlib.h>

#include "compare.h"

/* Bins have 2^16 ns below 2^20 ns; above, there are 16 for each doubling. */
#define FIRST_BITS 20
#define OCTAVE 16
#define BINS (OCTAVE + (64 - FIRST_BITS) * OCTAVE)

struct strip {
	struct span bins[BINS];
};

static unsigned int bin_of(uint64_t ns)
{
	if (ns < 1ull << FIRST_BITS)
		return (unsigned int)(ns >> 16);
	unsigned int top = 63 - (unsigned int)__builtin_clzll(ns);

	return OCTAVE + (top - FIRST_BITS) * OCTAVE + (unsigned int)(ns >> (top - 4) & 15);
}

struct strip *strip_new(void)
{
	return calloc(1, sizeof(struct strip));
}

void strip_add(struct strip *s, uint64_t ns, bool identical)
{
	struct span *b = &s->bins[bin_of(ns)];

	if (!b->drawn || ns < b->from_ns)
		b->from_ns = ns;
	if (ns > b->to_ns)
		b->to_ns = ns;
	b->drawn++;
	b->identical += identical;
}

/* Do not join mixed bins, to show how the mixture changes. */
static bool same_kind(const struct span *a, const struct span *b)
{
	return (!a->identical && !b->identical) ||
	       (a->identical == a->drawn && b->identical == b->drawn);
}

/* An empty bin ends a span, so a clone that stopped drawing is visible. */
size_t strip_spans(const struct strip *s, struct span **list)
{
	size_t n = 0, last = BINS;

	*list = calloc(BINS, sizeof(**list));
	for (size_t i = 0; i < BINS && *list; i++) {
		const struct span *b = &s->bins[i];

		if (!b->drawn)
			continue;
		if (last + 1 == i && same_kind(&(*list)[n - 1], b)) {
			(*list)[n - 1].to_ns = b->to_ns;
			(*list)[n - 1].drawn += b->drawn;
			(*list)[n - 1].identical += b->identical;
		} else {
			(*list)[n++] = *b;
		}
		last = i;
	}
	return n;
}
