/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/compare: finds the values that more than one clone drew, and when. A function that returns
 * int returns 0 or, after a message on standard error, an exit code.
 */
#ifndef LAB_COMPARE_H
#define LAB_COMPARE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exchange.h"

/* duplicates.c: the values that more than one clone drew, with the first places in detail */
#define DUPLICATES_KEPT 32

struct place {
	uint32_t clone, cpu;
	uint64_t draw;
};

struct duplicate {
	size_t key;		/* identifies the value while the clones are compared */
	uint64_t clones, draws; /* the clones that drew it, and how often */
	struct place first, last;
};

struct duplicates {
	uint64_t values, duplicated; /* different values of all clones; those that clones share */
	struct duplicate list[DUPLICATES_KEPT];
	size_t kept;
};

/* Adds one draw of a value that clones share. Add the clones one after the other. */
void duplicates_note(struct duplicates *s, size_t key, const struct place *at);
/* Sets the keys values, shared_values and shared of vmgenc-lab(1) in object. */
void duplicates_to_json(const struct duplicates *s, json_t *object);

/* compare.c: what the clones of one snapshot have in common */
struct comparison {
	uint64_t identical;  /* draws of the worst clone that another clone made too */
	uint64_t drawn;	     /* all draws of that clone */
	uint64_t last_ns;    /* end of the last identical draw of any clone, after its resume */
	uint64_t last_index; /* highest index of an identical draw in its thread */
	uint64_t late; /* most identical draws of a clone begun after it announced the change */
	struct duplicates duplicates;
};

/* One clone's draws. If none is identical, first_ns is LAB_NEVER and last_ns is 0. */
struct drawn {
	uint64_t identical, drawn, first_ns, last_ns;
	struct strip *strip;
};

/* The draws of one clone, in the host's own memory and within its bounds. */
struct draws {
	struct lab_draw *memory; /* of all CPUs, one after the other */
	const struct lab_draw *of[LAB_MAX_CPUS];
	uint64_t counts[LAB_MAX_CPUS];
	unsigned int cpus;
	uint64_t told_ns; /* when the guest's programs were notified, or LAB_NEVER */
};

void draws_free(struct draws *d);

/*
 * Compares the draws of count clones. Fills c, and one drawn for each clone; the caller frees each
 * strip with free(3).
 */
int compare_clones(const struct draws *clones, size_t count, struct comparison *c,
		   struct drawn *drawn);

/* strip.c: the times of a clone's draws as a few spans */
struct span {
	uint64_t from_ns, to_ns; /* end of its first and its last draw, after the resume */
	uint64_t drawn, identical;
};

/* Returns an empty strip, which the caller frees with free(3), or NULL without memory. */
struct strip *strip_new(void);
/* Adds a draw that ended ns nanoseconds after the resume, in any order. */
void strip_add(struct strip *s, uint64_t ns, bool identical);
/* Returns the number of spans. Sets *list, which the caller frees; NULL without memory. */
size_t strip_spans(const struct strip *s, struct span **list);

#endif
