/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: what vmgenc hooks remembers across its own end and the machine's. */
#ifndef VMGENC_CMD_STATE_H
#define VMGENC_CMD_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATE_NAME 256
#define STATE_WHY 4352 /* a path and what is wrong with it */

/*
 * One generation at a time: done, or under way. Under way, the hooks up to `hook` have run;
 * with started set, `hook` itself may or may not have ended.
 */
struct state {
	bool known; /* false: nothing recorded yet */
	char boot[40];
	uint64_t generation, previous;
	uint64_t changed_ns;
	char id[37];
	bool under_way, started;
	char hook[STATE_NAME];
	uint64_t changes;     /* generations whose hooks were run */
	uint64_t runs;	      /* hooks that ended */
	uint64_t failures;    /* of them, or not run at all because they were refused */
	uint64_t interrupted; /* hooks of which nobody knows whether they ended */
	uint64_t passed_over; /* generations that were over before their hooks could run */
	char last_failure[STATE_NAME + 128];
};

/* From JSON text: 0, or -EINVAL with the reason. Nothing of it is trusted. */
int state_parse(const char *text, size_t size, struct state *s, char *why, size_t why_size);

/*
 * Both as trust_open() opens, and never through a link. 0, -ENOENT (of state_load(): nothing was
 * recorded yet), or another -errno, with the reason in why; -EINVAL: it is read, but no record.
 */
int state_load(const char *path, struct state *s, char *why, size_t why_size);

/* By a new file, its rename and the directory's sync: the old or the new, never half. */
int state_save(const char *path, const struct state *s, char *why, size_t why_size);

#endif
