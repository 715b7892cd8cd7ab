/* SPDX-License-Identifier: BSD-2-Clause */
/* test/soak/guest: what the parts of the guest's long run share. */
#ifndef SOAK_H
#define SOAK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

enum consumer_kind { READER, POLLER, MAPPER, CONSUMER_KINDS };
enum { OF_EACH = 8, CONSUMERS = CONSUMER_KINDS * OF_EACH };

/* A process that follows the generations, in memory that it shares with us. */
struct consumer {
	enum consumer_kind kind;
	unsigned int number;
	pid_t pid;
	_Atomic uint64_t generation; /* the newest that it saw, settled */
	_Atomic uint64_t seen;	     /* how many different ones */
	atomic_bool failed;
	char why[120]; /* before failed */
};

/* All of them, in memory that they share, and a process that loads and unloads listeners. */
struct consumers {
	atomic_bool mappers_sync;   /* or do they wait for somebody else's look? */
	atomic_bool stop;	    /* for the listener's process */
	_Atomic uint64_t listeners; /* how often the listeners came and went */
	pid_t listener;
	struct consumer list[CONSUMERS];
};

/* consumers.c */
struct consumers *consumers_new(void);
bool consumers_start(struct consumers *c, bool mappers_sync);
/* True once each has seen this generation or a later one; else says who has not, and why. */
bool consumers_have_seen(struct consumers *c, uint64_t generation);
bool consumers_stop(struct consumers *c);
uint64_t consumers_seen(const struct consumers *c, enum consumer_kind kind);

/* ledger.c: what may grow, measured while the module is loaded and nobody uses it */
enum entry { MEM_FREE, SLAB, VMALLOC, OBJECTS, FILES, MAPPINGS, DESCRIPTORS, ENTRIES };

struct ledger {
	long of[ENTRIES]; /* -1: this kernel does not say */
};

void ledger_take(struct ledger *l);
/* Says what is not flat after so many changes, or not known. */
bool ledger_is_flat(const struct ledger *before, const struct ledger *after, unsigned int changes);
void ledger_print(FILE *out, const struct ledger *before, const struct ledger *after);

#endif /* SOAK_H */
