/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd/hooks: the interfaces between the files of vmgenc hooks: finding hooks and running one. */
#ifndef VMGENC_CMD_HOOKS_H
#define VMGENC_CMD_HOOKS_H

#include <signal.h>
#include <sys/types.h>

#include "cmd.h"
#include "state.h"
#include "trust.h"

#define RETRY_MS 1000

struct service {
	const struct args *args;
	char directory[PATH_MAX]; /* absolute */
	struct vmgenc *vg;
	struct vmgenc_status now;
	struct state state;
	char boot[40];
	sigset_t unmasked;
	uint64_t failures_before;
	char told[256]; /* what the host was told last */
	bool serving; /* it has handled a generation: what comes now comes while the machine runs */
};

/* What a hook is run for. */
struct round {
	uint64_t generation;
	enum why why;
	enum copy copy;
	uint64_t attempt; /* 1: the first */
};

/* hookdir.c: a directory in which only root or this user could have put anything */
struct hookdir {
	struct trust place;
	char **names; /* sorted */
	size_t count;
};

/* Reads the names that may be hooks. Returns 0, or -1 after a message about the directory. */
int hookdir_read(const char *path, struct hookdir *d);
void hookdir_free(struct hookdir *d);

/* header.c: what a hook says of itself */
enum when { WHEN_UNSAID, WHEN_CHANGE, WHEN_RUNNING, WHEN_NEW_MACHINE };

struct header {
	enum when when;
	bool safe;		/* retry=safe */
	int64_t timeout_ms;	/* -1: it says nothing of it */
	char scratch[PATH_MAX]; /* where its private directory is to be; "" : beside the record */
};

/* Returns 0, or -1 with one clause in why that says what is wrong. */
int header_read(int fd, struct header *h, char *why, size_t why_size);
bool header_wants(const struct header *h, enum why why, enum copy copy);

/*
 * Opens a hook. The descriptor is run later, and the caller closes it. OFF: not executable, not a
 * regular file, or gone. REFUSED: other users could have written it, or its header is wrong, see
 * hook->why. SHORT: descriptors or memory ran out, see *error.
 */
enum hook_is { HOOK_READY, HOOK_OFF, HOOK_REFUSED, HOOK_SHORT };
enum hook_is hookdir_open(const struct hookdir *d, const char *name, struct trust *hook,
			  struct header *header, int *error);

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

/* What is run, and how. The supervisor removes scratch if we die before the hook ends. */
struct job {
	const struct trust *file;
	const char *name;
	char *const *env;
	int64_t timeout_ms;
	const char *scratch;
};

/*
 * Does everything that can fail, so that a hook is recorded as started only if it can start.
 * Returns 0 or -errno.
 */
int runner_prepare(struct runner *r, const struct job *job);
void runner_go(struct runner *r, struct outcome *o);
void runner_cancel(struct runner *r);

/* descendants.c: adopts orphans, so that this process can kill all its descendants */
int descendants_adopt(void);
void descendants_kill(pid_t group);

/* scratch.c: return 0 or -errno. scratch_remove() logs what it cannot remove. */
int scratch_name(const char *wanted, const char *record, char path[PATH_MAX], char *why,
		 size_t why_size);
int scratch_make(const char *path);
void scratch_remove(const char *path);

/* owed.c: the list in the record */
struct owed *owed_find(struct state *s, const char *name);
void owed_note(struct state *s, const char *name, const struct round *round, bool safe,
	       const char *reason);
void owed_drop(struct state *s, const char *name);
/* The time at which the next of them is run again without being asked, or -1. */
int64_t owed_due_ms(const struct state *s);
int64_t owed_pause_ms(uint64_t attempts);
/* Says what is owed, or what of it has this name; returns an exit code. */
int owed_say(const struct state *s, const char *only);

/* round.c: runs hooks. Returns 0, or 1 if the service must end. */
int service_save(struct service *s);
void service_pause(struct service *s, int64_t ms);
bool service_asked_to_stop(void);
int round_run(struct service *s);
/* Finishes the run of a service that died: reports the hook it had started, runs the rest. */
int round_finish(struct service *s);
/* Run owed hooks again: those that are due; the named one, or all if the name is "". */
int round_retry_due(struct service *s);
int round_retry(struct service *s, const char *name);

/*
 * decide.c: what the generation in force means for this machine. Returns whether its hooks must
 * run, with why, copy and doubt set in the state. Sets *changed if the machine must be recorded
 * anew.
 */
bool decide_anew(struct service *s, bool *changed);
void decide_new_machine(struct service *s);
void decide_record(struct service *s);

/* request.c: --retry and --new-machine, beside a service that runs or without one. */
/* Does what this service was asked for while it ran. Returns 0, or 1 if the service must end. */
int request_take(struct service *s);
int request_retry(struct service *s, const char *name);
int request_new_machine(struct service *s);

/* ready.c: --wait; see cmd.h for ready_wait(). */
int request_wait(const struct args *a);

/* serving.c: names this process as the service until it ends; wakes the service, if there is one */
void serving_begin(const char *record);
/* Returns EXIT_YES, also if there is no service, or EXIT_TROUBLE after a message. */
int serving_wake(const char *record);

/* hooks.c: what request.c needs of it */
int service_lock(const char *record, bool wait, bool *busy);
int service_load(struct service *s);
void boot_read(char boot[40]);
void service_mask_signals(struct service *s);

/* announce.c: the host, once a generation is done */
void announce(struct service *s);

/* notify.c: systemd, where it started this */
void notify_open(void);
void notify(const char *format, ...) __attribute__((format(printf, 1, 2)));
void notify_alive(void);
int64_t notify_interval_ms(void); /* -1: none asked for */

#endif
