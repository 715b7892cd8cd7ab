/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: the parts of vmgenc hooks - which hooks there are, and running one. */
#ifndef VMGENC_CMD_HOOKS_H
#define VMGENC_CMD_HOOKS_H

#include <sys/types.h>

#include "cmd.h"
#include "state.h"
#include "trust.h"

/* hookdir.c: a directory that only root or this user can have put something into. */
struct hookdir {
	struct trust place;
	char **names; /* sorted */
	size_t count;
};

/* 0 with the names in it that may be hooks, or -1 after saying what is wrong with the directory. */
int hookdir_read(const char *path, struct hookdir *d);
void hookdir_free(struct hookdir *d);

/*
 * Opens a hook; what runs later is this descriptor, which the caller closes. OFF: it is not
 * executable, no regular file, or gone. REFUSED: others could have written it; hook->why says so.
 * SHORT: descriptors or memory have run out, as *error tells.
 */
enum hook_is { HOOK_READY, HOOK_OFF, HOOK_REFUSED, HOOK_SHORT };
enum hook_is hookdir_open(const struct hookdir *d, const char *name, struct trust *hook,
			  int *error);

/* runner.c: one hook at a time, under a supervisor that outlives us for as long as it takes. */
struct runner {
	pid_t supervisor;
	int orders; /* one byte starts the hook; closing it, as our death does, ends it */
	int answer;
};

enum ended { ENDED_WELL, ENDED_CODE, ENDED_SIGNAL, ENDED_TIMEOUT, ENDED_UNKNOWN };

struct outcome {
	enum ended how;
	int number;   /* exit code or signal */
	uint64_t cut; /* bytes of output beyond the limit */
};

/* Everything that can fail is done here, so that what follows is recorded only if it starts. */
int runner_prepare(struct runner *r, const struct trust *file, const char *name, char *const env[],
		   int64_t timeout_ms);
void runner_go(struct runner *r, struct outcome *o);
void runner_cancel(struct runner *r);

/* reap.c: ends everything that descends from this process; the caller is its reaper. */
int reaper_become(void);
void reaper_kill_all(pid_t group);

#endif
