/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/unit/core/sim: a simulated machine under driver/core. It records what the core asks of it,
 * fails what it is told to fail, and notices by itself when the core breaks a promise.
 */
#ifndef MACHINE_H
#define MACHINE_H

#include <pthread.h>
#include <stddef.h>

#include "vmgenc_os.h"

enum machine_call {
	CALL_MAP,
	CALL_UNMAP,
	CALL_LOCK,
	CALL_UNLOCK,
	CALL_REKEY,
	CALL_NOW,
	CALL_DEFER,
	CALL_LOG,
	CALL_WAKE,
	CALL_KERNEL,
	CALL_USER,
	CALL_BARRIER, /* counted, not traced */
	CALL_PUBLISH, /* not a call: the trace shows where page->seq became odd */
	CALL_KINDS,
};

#define MACHINE_TRACE 256
#define MACHINE_PHYS 0xfeedf000u
/* What map finds out about the page; the core must never lose it. */
#define MACHINE_RAW_FLAGS (VMGENC_RAW_MAPPABLE | VMGENC_RAW_PRIVILEGED)
#define MACHINE_RAW_OFFSET 0x28u

struct machine;
typedef void machine_hook(struct machine *m, enum machine_call call);

/*
 * The core is the first member, so that a core's machine is found by a cast. page and mapping
 * are on the heap and no larger than promised: the address sanitizer sees a use out of bounds
 * or after unmap.
 */
struct machine {
	struct vmgenc_core core;
	struct vmgenc_page *page;
	uint64_t id[2];	   /* the hypervisor's memory; change it by machine_set_id() */
	uint64_t *mapping; /* the same while mapped */
	void *context;	   /* of the test's hook */

	/* Runs first in each call; may change the machine, as another processor would. */
	machine_hook *hook;
	bool in_hook;
	bool threaded; /* barriers are only fences: nothing is recorded at them */

	unsigned int refuse[CALL_KINDS]; /* so many next calls of the kind fail */
	unsigned int fail_at;		 /* the call, counted over all kinds, that fails; 0: none */
	unsigned int fail_run;		 /* and so many from it on */
	unsigned int calls;		 /* that can fail, so far */
	unsigned int failed;		 /* of them */
	int rekey_error;

	unsigned int count[CALL_KINDS];
	enum machine_call trace[MACHINE_TRACE];
	unsigned int traced;
	char text[MACHINE_TRACE * 8];
	bool writing; /* page->seq was odd at the last barrier */

	enum vmgenc_level level; /* of the last line logged */
	char line[256];

	pthread_mutex_t lock; /* the core's */
	bool locked;
	bool deferred; /* the worker has something to tell */
	pthread_mutex_t records; /* guards the counters above in threaded tests */
	uint64_t clock;

	bool predictable; /* rekeys mix in nothing that other clones' owners cannot know */
	uint64_t cycles, (*took)(struct machine *m);

	bool rekeyed;		/* some rekey was verified */
	uint64_t rekeyed_id[2]; /* the last one's */
	uint64_t asked_id[2];	/* what the last rekey was asked for, verified or not */
	unsigned int rekeys_ok;
	unsigned int rekeys_failed, rekeys_unseeded;
	struct vmgenc_event *told; /* everything that listeners were told */
	size_t told_count;
	uint64_t told_user; /* the generation of the last event for user space */
	const char *broken; /* the first promise that was broken */
};

void machine_start(struct machine *m, uint64_t id0, uint64_t id1);
void machine_stop(struct machine *m);
void machine_set_id(struct machine *m, uint64_t id0, uint64_t id1);

/* What the driver's worker does: tells, if the core asked for it. */
void machine_worker(struct machine *m);

/* A look and a sync, and then the worker. */
int machine_look(struct machine *m, enum vmgenc_trigger trigger);
int machine_sync(struct machine *m, struct vmgenc_event *event);

/* What was called since the last machine_forget(), in words with a blank between. */
const char *machine_trace(struct machine *m);
void machine_forget(struct machine *m);

/* Between two uses of the core: the promise that is broken, or NULL. */
const char *machine_broken(struct machine *m);

#endif /* MACHINE_H */
