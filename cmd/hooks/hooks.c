/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd/hooks: vmgenc hooks - runs a directory of programs once for each generation. What it is about
 * to do is on the disk before it does it, so that nothing is lost or done twice if it dies. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "hooks.h"

static const char help[] =
	"usage: vmgenc hooks DIR [--once] [--timeout SECONDS] [--source SOURCE] [--state FILE]\n"
	"Runs each executable in DIR, in the order of their names, once for each generation: "
	"after\n"
	"the kernel is rekeyed, also for a change that came while this did not run.\n"
	"\n"
	"  --once               handle what there is to handle, and end\n"
	"  --timeout SECONDS    that each hook may take; default 60\n"
	"  --source SOURCE      dev:NODE, vmclock:NODE or file:PATH instead of the best one\n"
	"  --state FILE         what was done; default " VMGENC_STATE "\n"
	"\n"
	"DIR, the hooks, FILE and each directory and link above them must belong to root or to "
	"this\n"
	"user, and be writable by no other.\n"
	"Hooks get VMGENC_GENERATION, VMGENC_PREVIOUS_GENERATION and VMGENC_ID.\n"
	"Exit codes: 0 ended, 1 no source, or a hook failed (--once), 2 wrong usage, 3 trouble.\n"
	"Examples:\n"
	  "  vmgenc hooks " VMGENC_CONF "/hooks.d\n"
	"  vmgenc hooks --once --state /var/lib/vmgenc/try.json " VMGENC_CONF "/hooks.d\n";

#define HOOK_TIMEOUT_MS 60000
#define RETRY_MS 1000
#define LOCK_MS 5000 /* a supervisor of a killed run may still be ending its hook */

struct service {
	const struct args *args;
	char directory[PATH_MAX]; /* absolute */
	struct vmgenc *vg;
	struct vmgenc_status now;
	struct state state;
	char boot[40];
	sigset_t unmasked;
	uint64_t failures_before;
};

static void on_stop(int number)
{
	(void)number;
	follow_stop = 1;
}

/* Signals come while we wait, and between two hooks; not while one is recorded or runs. */
static void mask_signals(struct service *s)
{
	struct sigaction action = {.sa_handler = on_stop};
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGHUP);
	sigprocmask(SIG_BLOCK, &ends, &s->unmasked);
	sigdelset(&s->unmasked, SIGTERM);
	sigdelset(&s->unmasked, SIGINT);
	sigdelset(&s->unmasked, SIGHUP);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

static void pause_ms(struct service *s, int64_t ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	pselect(0, NULL, NULL, NULL, &t, &s->unmasked);
}

static void read_boot(char boot[40])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, boot, 36);

	boot[n == 36 ? 36 : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

/* 0 once it is on the disk; 1 if that is not to be had and we are to end. */
static int save(struct service *s)
{
	char why[STATE_WHY];
	int error, said = 0;

	while ((error = state_save(s->args->state, &s->state, why, sizeof(why))) != 0) {
		if (error != said)
			say_log("%s cannot be written: %s; no hook is run until it can",
				s->args->state, why);
		said = error;
		if (s->args->once || follow_stop)
			return 1;
		pause_ms(s, RETRY_MS);
	}
	if (said)
		say_log("%s is written again", s->args->state);
	return 0;
}

static void note_failure(struct service *s, const char *hook, const char *what)
{
	struct state *st = &s->state;

	st->failures++;
	snprintf(st->last_failure, sizeof(st->last_failure),
		 "generation %" PRIu64 ": %.200s %.150s", st->generation, hook, what);
	say_log("%s", st->last_failure);
}

static void note_outcome(struct service *s, const char *name, const struct outcome *o)
{
	char what[64];

	if (o->cut)
		say_log("%s: %" PRIu64 " bytes more of output are not shown", name, o->cut);
	if (o->how == ENDED_UNKNOWN) {
		s->state.interrupted++;
		say_log("generation %" PRIu64
			": %s was interrupted: it may or may not have done its work",
			s->state.generation, name);
		return;
	}
	s->state.runs++;
	if (o->how == ENDED_CODE)
		snprintf(what, sizeof(what), "exited with code %d", o->number);
	else if (o->how == ENDED_SIGNAL)
		snprintf(what, sizeof(what), "was ended by signal %d", o->number);
	else if (o->how == ENDED_TIMEOUT)
		snprintf(what, sizeof(what), "took too long and was ended");
	if (o->how != ENDED_WELL)
		note_failure(s, name, what);
	else
		say_log("generation %" PRIu64 ": %s done", s->state.generation, name);
}

/* Nothing of our own environment: a hook's work must not depend on who started us. */
struct environment {
	char text[3][96];
	char *list[6];
};

static void fill_environment(const struct state *st, struct environment *e)
{
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	static char language[] = "LC_ALL=C";

	snprintf(e->text[0], sizeof(e->text[0]), "VMGENC_GENERATION=%" PRIu64, st->generation);
	snprintf(e->text[1], sizeof(e->text[1]), "VMGENC_PREVIOUS_GENERATION=%" PRIu64,
		 st->previous);
	snprintf(e->text[2], sizeof(e->text[2]), "VMGENC_ID=%s", st->id);
	for (int i = 0; i < 3; i++)
		e->list[i] = e->text[i];
	e->list[3] = path;
	e->list[4] = language;
	e->list[5] = NULL;
}

/* 1 to end, else it is to be tried again. */
static int cannot_start(struct service *s, const char *name, int error)
{
	say_log("%s cannot be started: %s; trying again", name, strerror(-error));
	if (s->args->once || follow_stop)
		return 1;
	pause_ms(s, RETRY_MS);
	return 0;
}

/* The supervisor is ready before the record says that the hook has started. 0, or 1 to end. */
static int run_hook(struct service *s, const struct trust *hook, const char *name)
{
	int64_t timeout = s->args->timeout_ms < 0 ? HOOK_TIMEOUT_MS : s->args->timeout_ms;
	struct environment environment;
	struct outcome outcome;
	struct runner runner;
	int error;

	fill_environment(&s->state, &environment);
	while ((error = runner_prepare(&runner, hook, name, environment.list, timeout)) != 0) {
		if (cannot_start(s, name, error))
			return 1;
	}
	snprintf(s->state.hook, sizeof(s->state.hook), "%s", name);
	s->state.started = true;
	if (save(s)) {
		runner_cancel(&runner);
		return 1;
	}
	runner_go(&runner, &outcome);
	s->state.started = false;
	note_outcome(s, name, &outcome);
	return 0;
}

static void refuse(struct service *s, const struct trust *hook, const char *name)
{
	snprintf(s->state.hook, sizeof(s->state.hook), "%s", name);
	say_log("hook %s: refused, since %s", name, hook->why);
	note_failure(s, name, "was refused");
}

/* 0 once it has run, or is not to run; 1 to end. */
static int handle_hook(struct service *s, const struct hookdir *d, const char *name)
{
	struct trust hook;
	enum hook_is is;
	int error;

	while ((is = hookdir_open(d, name, &hook, &error)) == HOOK_SHORT) {
		if (cannot_start(s, name, error))
			return 1;
	}
	if (is == HOOK_REFUSED)
		refuse(s, &hook, name);
	if (is != HOOK_READY)
		return 0;
	error = run_hook(s, &hook, name);
	trust_close(&hook);
	return error;
}

static bool asked_to_stop(void)
{
	sigset_t pending;

	sigpending(&pending);
	return sigismember(&pending, SIGTERM) || sigismember(&pending, SIGINT) ||
	       sigismember(&pending, SIGHUP);
}

/* Those behind the last one that the record names. 0 when all have run, or 1 to end. */
static int run_rest(struct service *s, const struct hookdir *d)
{
	for (size_t i = 0; i < d->count; i++) {
		const char *name = d->names[i];

		if (strcmp(name, s->state.hook) <= 0)
			continue;
		if (asked_to_stop()) {
			save(s);
			return 1;
		}
		if (handle_hook(s, d, name))
			return 1;
	}
	s->state.under_way = false;
	s->state.hook[0] = '\0';
	s->state.changes++;
	return save(s);
}

/* A directory that has become unsafe is looked at again until it is safe: nothing is lost. */
static int run_generation(struct service *s)
{
	struct hookdir d;
	bool said = false;
	int code;

	while (hookdir_read(s->directory, &d)) {
		if (s->args->once || follow_stop)
			return 1;
		if (!said)
			say_log("generation %" PRIu64 " waits for it", s->state.generation);
		said = true;
		pause_ms(s, 10 * RETRY_MS);
	}
	code = run_rest(s, &d);
	hookdir_free(&d);
	return code;
}

/* The record of a dead run: the hook that had started is reported, those behind it are run. */
static int finish_interrupted(struct service *s)
{
	const struct outcome unknown = {.how = ENDED_UNKNOWN};

	if (!s->state.under_way)
		return 0;
	if (s->state.started) {
		/* Said before it is recorded: rather twice in the log than never. */
		note_outcome(s, s->state.hook, &unknown);
		s->state.started = false;
		if (save(s))
			return 1;
	}
	return run_generation(s);
}

/*
 * The id tells generations apart, across boots too. Within a boot the counter also tells when
 * the machine came back to an id that it had before; after one, it starts again.
 */
static bool is_new(const struct service *s)
{
	char id[37];

	id_text(s->now.id, id);
	if (is_vmclock(&s->now) || !strcmp(id, s->state.id))
		return strcmp(s->boot, s->state.boot) || !*s->boot
			       ? is_vmclock(&s->now) && s->now.generation != s->state.generation
			       : s->now.generation > s->state.generation;
	return true;
}

static void record(struct service *s)
{
	s->state.known = true;
	s->state.generation = s->now.generation;
	s->state.changed_ns = s->now.changed_ns;
	id_text(s->now.id, s->state.id);
	memcpy(s->state.boot, s->boot, sizeof(s->boot));
}

/* The generation in force: as a new one, or as the one that the record has already. */
static int handle(struct service *s)
{
	bool fresh = s->state.known && is_new(s), first = !s->state.known;
	bool same_boot = !strcmp(s->boot, s->state.boot);
	uint64_t previous = s->state.generation;

	if (!fresh && !first && same_boot && previous == s->now.generation)
		return 0;
	record(s);
	if (!fresh) {
		if (first)
			say_log("generation %" PRIu64
				" is where this starts: hooks run from the next one on",
				s->now.generation);
		return save(s);
	}
	if (same_boot && s->now.generation > previous + 1) {
		s->state.passed_over += s->now.generation - previous - 1;
		say_log("generations %" PRIu64 " to %" PRIu64
			" were over before their hooks could run",
			previous + 1, s->now.generation - 1);
	}
	s->state.previous = previous;
	s->state.under_way = true;
	s->state.hook[0] = '\0';
	return run_generation(s);
}

/* 0, or -1 if the source is not settled yet. */
static bool settled_now(struct service *s)
{
	struct vmgenc_mark mark = {{0}};

	if (vmgenc_sync(s->vg, &mark, s->args->once ? 5000 : 0))
		return false;
	return !source_status(s->vg, &s->now);
}

static int serve(struct service *s)
{
	enum follow result = FOLLOW_CHANGED;

	if (finish_interrupted(s))
		return follow_stop || asked_to_stop() ? EXIT_YES : EXIT_TROUBLE;
	if (!settled_now(s)) {
		if (s->args->once)
			return say_trouble(
				"the source is not settled, or fails: vmgenc status tells more");
		memset(&s->now, 0, sizeof(s->now)); /* follow() waits for the first that is */
		result = follow(s->vg, &s->now, -1, &s->unmasked);
	}
	while (result == FOLLOW_CHANGED) {
		if (handle(s))
			return follow_stop || asked_to_stop() ? EXIT_YES : EXIT_TROUBLE;
		if (s->args->once)
			return s->state.failures == s->failures_before ? EXIT_YES : EXIT_NO;
		result = follow(s->vg, &s->now, -1, &s->unmasked);
	}
	return result == FOLLOW_STOPPED ? EXIT_YES : EXIT_TROUBLE;
}

static int open_lock(const char *state)
{
	char path[PATH_MAX];
	struct trust lock;

	if (snprintf(path, sizeof(path), "%s.lock", state) >= (int)sizeof(path)) {
		say_trouble("the name of the state file is too long");
		return -1;
	}
	if (trust_open(&lock, NULL, path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600))
		say_trouble("%s cannot be used: %s", path, lock.why);
	return lock.fd;
}

/* Held by us and by the supervisor of a hook, so that two runs never overlap. */
static int lock(const char *state)
{
	int64_t deadline = now_ms() + LOCK_MS;
	int fd = open_lock(state);

	if (fd < 0)
		return EXIT_TROUBLE;
	while (flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return say_trouble("%s.lock cannot be locked: %s", state, strerror(errno));
		if (now_ms() >= deadline)
			return say_trouble("another vmgenc hooks works with %s", state);
		nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
	}
	return EXIT_YES; /* open until we and our supervisors have ended */
}

static int load(struct service *s)
{
	char why[STATE_WHY] = "";
	int error = state_load(s->args->state, &s->state, why, sizeof(why));

	if (!error || error == -ENOENT)
		return EXIT_YES;
	if (error == -EINVAL)
		return say_trouble("%s %s; without it nobody knows what was done: remove it to "
				   "start from the generation in force",
				   s->args->state, why);
	return say_trouble("%s cannot be read: %s", s->args->state, why);
}

/* What is wrong with a hook is better said now than after the first clone. */
static void check(const struct hookdir *d)
{
	struct trust hook;
	int error;

	for (size_t i = 0; i < d->count; i++) {
		enum hook_is is = hookdir_open(d, d->names[i], &hook, &error);

		if (is == HOOK_REFUSED)
			say_log("hook %s: refused, since %s", d->names[i], hook.why);
		if (is == HOOK_READY)
			trust_close(&hook);
	}
}

/* The directory's name without links is what each generation opens. */
static int find_directory(struct service *s)
{
	struct hookdir d;

	if (hookdir_read(s->args->rest[0], &d))
		return EXIT_TROUBLE;
	memcpy(s->directory, d.place.path, sizeof(s->directory));
	check(&d);
	hookdir_free(&d);
	return EXIT_YES;
}

static int run(struct service *s)
{
	int code = find_directory(s);

	if (!code)
		code = source_open_trusted(s->args->source, &s->vg);
	if (!code)
		code = lock(s->args->state);
	if (!code)
		code = load(s);
	if (code)
		return code;
	s->failures_before = s->state.failures;
	read_boot(s->boot);
	mask_signals(s);
	return serve(s);
}

int cmd_hooks(int argc, char **argv)
{
	struct args a;
	struct service s = {.args = &a};
	int code = args_parse(argc, argv, "tsSo", help, &a);

	if (code >= 0)
		return code;
	if (a.rest_count != 1)
		return say_usage("hooks takes one directory");
	umask(022);
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	code = run(&s);
	vmgenc_close(s.vg);
	return code;
}
