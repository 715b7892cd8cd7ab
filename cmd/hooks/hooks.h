/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd/hooks: the interfaces between the files of vmgenc hooks: finding hooks and running one. */
#ifndef VMGENC_CMD_HOOKS_H
#define VMGENC_CMD_HOOKS_H

#include <sys/types.h>

#include "cmd.h"
#include "state.h"
#include "trust.h"

/* hookdir.c: a directory in which only root or this user could have put anything */
struct hookdir {
	struct trust place;
	char **names; /* sorted */
	size_t count;
};

/* Reads the names that may be hooks. Returns 0, or -1 after a message about the directory. */
int hookdir_read(const char *path, struct hookdir *d);
void hookdir_free(struct hookdir *d);

/*
 * Opens a hook. The descriptor is run later, and the caller closes it. OFF: not executable, not a
 * regular file, or gone. REFUSED: other users could have written it, see hook->why. SHORT:
 * descriptors or memory ran out, see *error.
 */
enum hook_is { HOOK_READY, HOOK_OFF, HOOK_REFUSED, HOOK_SHORT };
enum hook_is hookdir_open(const struct hookdir *d, const char *name, struct trust *hook,
			  int *error);

/* runner.c: runs one hook at a time under a supervisor, which kills the hook if we are killed */
struct runner {
	pid_t supervisor;
	int orders; /* a byte starts the hook; closing it, as our death does, kills the hook */
	int answer;
};

enum ended { ENDED_WELL, ENDED_CODE, ENDED_SIGNAL, ENDED_TIMEOUT, ENDED_UNKNOWN };

struct outcome {
	enum ended how;
	int number;   /* exit code or signal */
	uint64_t cut; /* bytes of output beyond the limit */
};

/*
 * Does everything that can fail, so that a hook is recorded as started only if it can start.
 * Returns 0 or -errno.
 */
int runner_prepare(struct runner *r, const struct trust *file, const char *name, char *const env[],
		   int64_t timeout_ms);
void runner_go(struct runner *r, struct outcome *o);
void runner_cancel(struct runner *r);

/* descendants.c: adopts orphans, so that this process can kill all its descendants */
int descendants_adopt(void);
void descendants_kill(pid_t group);

#endif
