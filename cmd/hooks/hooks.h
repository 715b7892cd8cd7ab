/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd/hooks: the parts of vmgenc hooks - which hooks there are, and running one. */
#ifndef VMGENC_CMD_HOOKS_H
#define VMGENC_CMD_HOOKS_H

#include <sys/types.h>

#include "cmd.h"
#include "state.h"

/* hookdir.c: a directory that only root or this user can have put something into. */
struct hookdir {
	char **names; /* sorted */
	size_t count;
};

/*
 * 0 with the executables in it, or -1 after saying what is wrong with the directory. A file
 * that is not executable is off; one that others could have written is in the list, and
 * hookdir_refuses() says what is wrong with it.
 */
int hookdir_read(const char *path, struct hookdir *d);
void hookdir_free(struct hookdir *d);
/* True if others could have written the hook; *why then names it and tells what to do. */
bool hookdir_refuses(const char *path, const char *name, char *why, size_t size);

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
int runner_prepare(struct runner *r, const char *path, const char *name, char *const env[],
		   int64_t timeout_ms);
void runner_go(struct runner *r, struct outcome *o);
void runner_cancel(struct runner *r);

/* descendants.c: orphans become children of this process, so that it can end all that descend. */
int descendants_adopt(void);
void descendants_kill(pid_t group);

#endif
