/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/compare: which values more than one clone drew, and when. Functions that return int return 0,
 * or the exit code after having said on standard error what went wrong.
 */
#ifndef LAB_COMPARE_H
#define LAB_COMPARE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exchange.h"

/* duplicates.c: the values that more than one clone drew */
#define DUPLICATES_KEPT 32

struct place {
	uint32_t clone, cpu;
	uint64_t draw;
};

struct duplicate {
	size_t key; /* tells it from others while they are compared */
	uint64_t clones, draws;
	struct place first, last;
};

struct duplicates {
	uint64_t values, duplicated; /* of all clones, each value once; those that clones share */
	struct duplicate list[DUPLICATES_KEPT];
	size_t kept;
};

void duplicates_note(struct duplicates *s, size_t key, const struct place *at);
void duplicates_to_json(const struct duplicates *s, json_t *object);

/* compare.c: what the clones of one snapshot have in common */
struct comparison {
	uint64_t identical;  /* draws of one clone that another made as well: the worst clone's */
	uint64_t drawn;	     /* draws of that clone */
	uint64_t last_ns;    /* when the last of them was made, after its resume; any clone */
	uint64_t last_index; /* and which draw of its thread it was */
	uint64_t late;	     /* of identical: begun when the clone had announced the change */
	struct duplicates duplicates;
};

/* One clone's draws; the times are LAB_NEVER and 0 where none is identical. */
struct drawn {
	uint64_t identical, drawn, first_ns, last_ns;
	struct strip *strip;
};

/* Fills one drawn for each exchange; free() each strip. */
int compare_clones(const struct lab_exchange *const *exchanges, size_t count, struct comparison *c,
		   struct drawn *drawn);

/* strip.c: the times of a clone's draws, and which are identical, as few spans */
struct span {
	uint64_t from_ns, to_ns; /* of its first and its last draw */
	uint64_t drawn, identical;
};

struct strip *strip_new(void);
void strip_add(struct strip *s, uint64_t ns, bool identical);
size_t strip_spans(const struct strip *s, struct span **list); /* list is NULL: no memory */

#endif
