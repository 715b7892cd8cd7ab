/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd/hooks: the record of vmgenc hooks, which survives its end and a crash of the machine. */
#ifndef VMGENC_CMD_STATE_H
#define VMGENC_CMD_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATE_NAME 256
#define STATE_WHY 4352 /* a path and what is wrong with it */

/*
 * The hooks of the generation are done or under way. If under way, the hooks up to `hook` have run;
 * if started is set, `hook` itself may or may not have ended.
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
	uint64_t failures;    /* hooks that ended with a failure, or were refused and not run */
	uint64_t interrupted; /* hooks that may or may not have ended */
	uint64_t passed_over; /* generations that were over before their hooks could run */
	char last_failure[STATE_NAME + 128];
};

/* Parses untrusted JSON text. Returns 0, or -EINVAL with the reason in why. */
int state_parse(const char *text, size_t size, struct state *s, char *why, size_t why_size);

/*
 * Opens path as trust_open() does, and never through a link. Returns 0, -ENOENT if nothing was
 * recorded yet, -EINVAL if the file is not a record, or another -errno; why has the reason.
 */
int state_load(const char *path, struct state *s, char *why, size_t why_size);

/*
 * Writes a new file, renames it and syncs the directory, so path always has the old or the new
 * record as a whole. Checks the directory as trust_open() does. Returns 0 or -errno, and why.
 */
int state_save(const char *path, const struct state *s, char *why, size_t why_size);

#endif
