/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/prove: the experiment under way, as prove.c and clone.c share it.
 */
#ifndef LAB_EXPERIMENT_H
#define LAB_EXPERIMENT_H

#include <stddef.h>
#include <stdint.h>

#include "prove.h"

/* Where the records begin in the exchange's memory. */
#define RECORDS (LAB_CLOCK_OFFSET + LAB_CLOCK_SIZE)

/* What one guest of one run is made of. */
struct experiment {
	const struct prove_options *options;
	struct results *results;
	struct machine machine;
	const char *directory;
	size_t guest;
	unsigned int run;
	uint32_t lineage;  /* the last one given to a VM */
	struct vm *clones; /* clones of every depth, of the generator under way */
	size_t clone_count;
	uint8_t in_snapshot[ID_SIZE]; /* the id that the snapshot's file has now */
};

/* clone.c: how much of the exchange's memory is used */
uint64_t exchange_used(const struct prove_options *o);
/* The clones of every depth of source, which draws; what they tell goes to r */
int clone_all(struct experiment *b, struct vm *source, struct result *r);

#endif
