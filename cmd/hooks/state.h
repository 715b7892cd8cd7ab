/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd/hooks: the record of vmgenc hooks, which survives its end and a crash of the machine. */
#ifndef VMGENC_CMD_STATE_H
#define VMGENC_CMD_STATE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "identity.h"

#define STATE_NAME 256
#define STATE_WHY 4352 /* a path and what is wrong with it */
#define STATE_REASON 160
#define STATE_OWED 48
#define STATE_COPY_SUFFIX ".last"

/* What began a generation: a change while running, a boot with another id, or a new machine. */
enum why { WHY_CHANGE, WHY_BOOT, WHY_NEW_MACHINE };

/* A hook that has not done its work for a generation, and what that generation was. */
struct owed {
	char name[STATE_NAME];
	uint64_t generation;
	enum why why;
	enum copy copy;
	bool safe; /* it says that it may be run again without being asked */
	char reason[STATE_REASON];
	uint64_t attempts;
	int64_t next;	/* when it is run again, in seconds since 1970; 0: by hand only */
	int64_t due_ms; /* the same by the clock that does not jump; not recorded */
};

/*
 * One generation at a time: done, or under way. Under way, the hooks up to `hook` have run; with
 * started set, `hook` itself may or may not have ended, and has files in `scratch`. Started, and
 * nothing under way: `hook` is run again.
 */
struct state {
	bool known;  /* false: nothing recorded yet */
	bool copied; /* the record was gone, and this is its copy; not recorded */
	char boot[40];
	uint64_t generation, previous;
	uint64_t changed_ns;
	char id[37];
	enum why why;
	enum copy copy;
	char doubt[STATE_REASON]; /* why it is not known whether this is a copy */
	bool under_way, started;
	bool safe; /* to run `hook` again */
	char hook[STATE_NAME];
	char scratch[PATH_MAX];
	char directory[PATH_MAX]; /* of the hooks */
	struct machine machine;
	size_t owed_count;
	struct owed owed[STATE_OWED];
	uint64_t changes;     /* generations whose hooks were run */
	uint64_t runs;	      /* hooks that ended */
	uint64_t failures;    /* hooks that ended with a failure, or were refused and not run */
	uint64_t interrupted; /* hooks that may or may not have ended */
	uint64_t passed_over; /* generations that were over before their hooks could run */
	char last_failure[STATE_NAME + 128];
};

/* record.c: as JSON text */

/*
 * 0, or -EINVAL or -EPROTO (of a newer version) with the reason. Nothing of it is trusted. A
 * record of vmgenc 0.1 is taken too.
 */
int state_parse(const char *text, size_t size, struct state *s, char *why, size_t why_size);
/* Allocated; NULL where there is no memory. */
char *state_print(const struct state *s);
const char *why_name(enum why why);
const char *copy_name(enum copy copy);

/*
 * ready.c: true if hooks for the generation in force have not begun: the service does not run, or
 * has not noticed it yet. After a boot with the same id there are none to run.
 */
struct vmgenc_status;
bool state_is_behind(const struct state *s, const struct vmgenc_status *now);
/* Whether no hook is owed or under way; behind is what state_is_behind() says. */
bool state_is_done(const struct state *s, bool behind);

/* state.c: as a file */

/*
 * Both as trust_open() opens, and never through a link. 0, -ENOENT (of state_load(): nothing was
 * recorded yet), or another -errno, with the reason in why; -EINVAL: it is read, but no record;
 * -EPROTO: it is of a newer version.
 */
int state_load(const char *path, struct state *s, char *why, size_t why_size);

/*
 * By a new file, its rename and the directory's sync: the old or the new, never half. Another
 * name of the same file stays for state_load() if this one is removed.
 */
int state_save(const char *path, const struct state *s, char *why, size_t why_size);

/* A small file beside the record, replaced in the same way. 0 or -errno, with the reason. */
int state_put(const char *path, const char *text, char *why, size_t why_size);

#endif
