/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/compare: finds the values that more than one clone drew. Values have 128 bits, so they do
 * not match by accident.
 */
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "host/host.h"

/* An open-addressed table of values. An entry has the first draw of a value and its clone. */
struct table {
	const struct lab_draw **draws;
	uint32_t *owners;
	bool *shared;
	size_t mask;
	uint64_t values, shared_values;
};

static size_t find(const struct table *t, const uint8_t value[LAB_VALUE_SIZE])
{
	uint64_t words[2];

	/* Hash all bits, because a broken generator may count. */
	memcpy(words, value, sizeof(words));
	uint64_t hash = (words[0] ^ words[1] >> 32 ^ words[1] << 32) * 0x9e3779b97f4a7c15u;
	size_t at = (hash ^ hash >> 32) & t->mask;

	while (t->draws[at] && memcmp(t->draws[at]->value, value, LAB_VALUE_SIZE))
		at = (at + 1) & t->mask;
	return at;
}

static void enter(struct table *t, const struct lab_draw *draw, uint32_t owner)
{
	size_t at = find(t, draw->value);

	if (!t->draws[at]) {
		t->draws[at] = draw;
		t->owners[at] = owner;
		t->values++;
	} else if (t->owners[at] != owner) {
		t->shared_values += !t->shared[at];
		t->shared[at] = true;
	}
}

/*
 * Return how many draws of a thread the strip shows. If the last draw that another clone also
 * reached is identical, the draws after it have no counterpart, so do not show them as different.
 */
static uint64_t compared(const struct table *t, const struct draws *r, unsigned int cpu,
			 uint64_t others)
{
	if (!others || others >= r->counts[cpu] ||
	    !t->shared[find(t, r->of[cpu][others - 1].value)])
		return r->counts[cpu];
	return others;
}

static void note_draw(struct drawn *own, const struct lab_draw *draw, bool identical, bool shown)
{
	own->drawn++;
	if (identical) {
		own->identical++;
		if (draw->ns < own->first_ns)
			own->first_ns = draw->ns;
		if (draw->ns > own->last_ns)
			own->last_ns = draw->ns;
	}
	if (shown)
		strip_add(own->strip, draw->ns, identical);
}

static void count_clone(const struct table *t, const struct draws *r, const uint64_t *others,
			struct comparison *c, struct drawn *drawn)
{
	struct comparison own = {.identical = 0};

	for (unsigned int cpu = 0; cpu < r->cpus; cpu++) {
		const struct lab_draw *draw = r->of[cpu];
		uint64_t shown = compared(t, r, cpu, others[cpu]);

		own.drawn += r->counts[cpu];
		for (uint64_t i = 0; i < r->counts[cpu] && !lab_signal; i++) {
			bool identical = t->shared[find(t, draw[i].value)];

			note_draw(drawn, &draw[i], identical, i < shown);
			if (!identical)
				continue;
			own.identical++;
			own.late += draw[i].begun_ns > r->told_ns;
			if (draw[i].ns > c->last_ns)
				c->last_ns = draw[i].ns;
			if (i > c->last_index)
				c->last_index = i;
		}
	}
	if (own.identical > c->identical || !c->drawn) {
		c->identical = own.identical;
		c->drawn = own.drawn;
	}
	if (own.late > c->late)
		c->late = own.late;
}

static void note_places(const struct table *t, const struct draws *r, uint32_t clone,
			struct duplicates *s)
{
	for (unsigned int cpu = 0; cpu < r->cpus; cpu++) {
		for (uint64_t i = 0; i < r->counts[cpu] && !lab_signal; i++) {
			size_t at = find(t, r->of[cpu][i].value);

			if (t->shared[at])
				duplicates_note(s, at, &(struct place){clone, cpu, i});
		}
	}
}

void draws_free(struct draws *d)
{
	free(d->memory);
	d->memory = NULL;
}

static int allocate(struct table *t, uint64_t draws)
{
	size_t size = 1024;

	while (size < 2 * draws)
		size *= 2;
	t->mask = size - 1;
	t->draws = calloc(size, sizeof(*t->draws));
	t->owners = calloc(size, sizeof(*t->owners));
	t->shared = calloc(size, sizeof(*t->shared));
	if (t->draws && t->owners && t->shared)
		return 0;
	return lab_fail(LAB_EXIT_ENVIRONMENT,
			"no memory to compare %llu draws; ask for fewer --draws",
			(unsigned long long)draws);
}

/* For each CPU, find the most draws that any other clone made. */
static void count_others(const struct draws *clones, size_t count, size_t own, uint64_t *others)
{
	memset(others, 0, LAB_MAX_CPUS * sizeof(*others));
	for (size_t i = 0; i < count; i++) {
		for (unsigned int cpu = 0; cpu < clones[i].cpus && i != own; cpu++) {
			if (clones[i].counts[cpu] > others[cpu])
				others[cpu] = clones[i].counts[cpu];
		}
	}
}

/* A guest that knows the hash can make all values collide; a signal ends that. */
int compare_clones(const struct draws *clones, size_t count, struct comparison *c,
		   struct drawn *drawn)
{
	struct table t = {.draws = NULL};
	uint64_t all = 0;

	memset(c, 0, sizeof(*c));
	for (size_t i = 0; i < count; i++) {
		for (unsigned int cpu = 0; cpu < clones[i].cpus; cpu++)
			all += clones[i].counts[cpu];
	}
	int code = allocate(&t, all);

	for (size_t i = 0; i < count && !code; i++) {
		for (unsigned int cpu = 0; cpu < clones[i].cpus; cpu++) {
			const struct lab_draw *draw = clones[i].of[cpu];

			for (uint64_t j = 0; j < clones[i].counts[cpu] && !lab_signal; j++)
				enter(&t, &draw[j], (uint32_t)i);
		}
	}
	for (size_t i = 0; i < count && !code; i++) {
		uint64_t others[LAB_MAX_CPUS];

		drawn[i] = (struct drawn){.first_ns = LAB_NEVER, .strip = strip_new()};
		if (!drawn[i].strip)
			code = lab_fail(LAB_EXIT_ENVIRONMENT, "no memory");
		count_others(clones, count, i, others);
		if (!code)
			count_clone(&t, &clones[i], others, c, &drawn[i]);
		if (!code && t.shared_values)
			note_places(&t, &clones[i], (uint32_t)i, &c->duplicates);
	}
	c->duplicates.values = t.values;
	c->duplicates.duplicated = t.shared_values;
	free(t.draws);
	free(t.owners);
	free(t.shared);
	return code ? code : lab_interrupted();
}
