/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/prove: the state of the running experiment, shared by prove.c and clone.c.
 */
#ifndef LAB_EXPERIMENT_H
#define LAB_EXPERIMENT_H

#include <stddef.h>
#include <stdint.h>

#include "prove.h"

/* Offset of the records in the exchange. */
#define RECORDS (LAB_CLOCK_OFFSET + LAB_CLOCK_SIZE)

/* What a clone reported, in the host's own memory. */
struct reported {
	bool taken;
	struct guest_report report;
	struct draws draws;
};

/* One guest of one run. */
struct experiment {
	const struct prove_options *options;
	struct results *results;
	struct machine machine;
	const char *directory;
	size_t guest;
	unsigned int run;
	uint32_t lineage;	   /* the last one given to a VM */
	struct vm *clones;	   /* of all depths, for the current generator */
	struct reported *reported; /* one for each clone */
	size_t clone_count;
	uint8_t in_snapshot[ID_SIZE]; /* the id that is now in the snapshot's file */
};

/* clone.c */
/* Returns the number of bytes of the exchange that are used. */
uint64_t exchange_used(const struct prove_options *o);
/*
 * Clones source, which draws, to all depths, and waits until every clone has recorded. Adds the
 * clones to e->clones, and what they report to r. Returns 0 or, after a message, an exit code.
 */
int clone_all(struct experiment *e, struct vm *source, struct result *r);

#endif
