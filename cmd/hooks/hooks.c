/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd/hooks: vmgenc hooks - runs a directory of programs once for each generation. It records each
 * step on disk before it begins, so that no hook is lost or run twice if it is killed. */
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
	"                   [--root ROOT]\n"
	"       vmgenc hooks --retry [NAME] [--state FILE]\n"
	"       vmgenc hooks --new-machine [--state FILE]\n"
	"       vmgenc hooks --wait [--timeout SECONDS] [--source SOURCE] [--state FILE]\n"
	"Runs the executables in DIR, in the order of their names, once for each generation:\n"
	"after the kernel is rekeyed, also for a change while this was not running.\n"
	"\n"
	"  --once               handle the generation in force, if needed, and end\n"
	"  --retry              run the hooks that failed once more, or only the one named\n"
	"  --new-machine        declare this machine a copy and run the hooks for copies\n"
	"  --wait               wait until the hooks for the generation in force have run; exit\n"
	"                       code 1 if one has failed, or no vmgenc hooks is there to run them\n"
	"  --timeout SECONDS    how long each hook may take; default 60\n"
	"  --source SOURCE      dev:NODE, vmclock:NODE or file:PATH instead of the best one\n"
	"  --state FILE         the record of what was done; default " VMGENC_STATE "\n"
	"  --root ROOT          read which machine this is below ROOT, for tests\n"
	"\n"
	"DIR, the hooks, FILE and each directory and link on the way to them must belong to\n"
	"root or to this user, and nobody else may be able to write to them. A hook declares\n"
	"when it runs; see HOOKS in vmgenc(8).\n"
	"Exit codes: 0 ended, 1 no source, or a hook failed, 2 wrong usage, 3 trouble.\n"
	"Examples:\n"
	"  vmgenc hooks " VMGENC_HOOKS "\n"
	"  vmgenc hooks --retry 30-ssh-host-keys\n"
	"  vmgenc hooks --once --state /var/lib/vmgenc/try.json " VMGENC_HOOKS "\n";

#define LOCK_MS 5000 /* a supervisor of a killed run may still be ending its hook */

static void on_stop(int number)
{
	(void)number;
	follow_stop = 1;
}

static void on_request(int number)
{
	(void)number;
	follow_wake = 1;
}

/* Signals are taken while we wait and between two hooks, not while one is recorded or runs. */
void service_mask_signals(struct service *s)
{
	struct sigaction action = {.sa_handler = on_stop};
	struct sigaction request = {.sa_handler = on_request};
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGHUP);
	sigaddset(&ends, SIGUSR1);
	sigprocmask(SIG_BLOCK, &ends, &s->unmasked);
	sigdelset(&s->unmasked, SIGTERM);
	sigdelset(&s->unmasked, SIGINT);
	sigdelset(&s->unmasked, SIGHUP);
	sigdelset(&s->unmasked, SIGUSR1);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	sigaction(SIGUSR1, &request, NULL);
}

void boot_read(char boot[40])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, boot, 36);

	boot[n == 36 ? 36 : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

/* Runs the hooks if the generation in force is new; otherwise only updates the record. */
static int handle(struct service *s)
{
	bool first = !s->state.known, changed, same_boot = !strcmp(s->boot, s->state.boot);
	uint64_t previous = s->state.generation;
	bool anew = decide_anew(s, &changed);

	s->serving = true;
	if (!anew && !first && !changed && !s->state.copied && same_boot &&
	    previous == s->now.generation)
		return 0;
	decide_record(s);
	s->state.copied = false;
	if (!anew) {
		if (first)
			say_log("generation %" PRIu64
				" is recorded as the first one; hooks run from the next one on",
				s->now.generation);
		return service_save(s);
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
	return round_run(s);
}

/* Reads the status into s->now. Returns false if the source is not settled or fails. */
static bool settled_now(struct service *s)
{
	struct vmgenc_mark mark = {{0}};

	if (vmgenc_sync(s->vg, &mark, s->args->once ? 5000 : 0))
		return false;
	return !source_status(s->vg, &s->now);
}

static void say_state(const struct service *s)
{
	const struct state *st = &s->state;

	if (st->owed_count)
		notify("STATUS=generation %" PRIu64 ": %zu hook%s failed; %s %s", st->generation,
		       st->owed_count, st->owed_count == 1 ? " has" : "s have", st->owed[0].name,
		       st->owed[0].reason);
	else
		notify("STATUS=generation %" PRIu64 " is done", st->generation);
}

/* Until something changes, a hook is to be run again, something is asked, or systemd waits. */
static enum follow idle(struct service *s)
{
	int64_t alive = notify_interval_ms(), due = owed_due_ms(&s->state);

	notify_alive();
	if (alive >= 0 && (due < 0 || now_ms() + alive < due))
		due = now_ms() + alive;
	return follow(s->vg, &s->now, due, &s->unmasked);
}

static int ended(void)
{
	return follow_stop || service_asked_to_stop() ? EXIT_YES : EXIT_TROUBLE;
}

static int serve(struct service *s)
{
	enum follow result = FOLLOW_CHANGED;

	if (round_finish(s))
		return ended();
	if (!settled_now(s)) {
		if (s->args->once)
			return say_trouble(
				"the source is not settled, or fails; see vmgenc status");
		memset(&s->now, 0, sizeof(s->now)); /* follow() waits for any settled one */
		result = FOLLOW_TIMEOUT;
	}
	for (;;) {
		if (result == FOLLOW_CHANGED && handle(s))
			return ended();
		if (request_take(s) || round_retry_due(s))
			return ended();
		if (s->args->once)
			return s->state.failures == s->failures_before ? EXIT_YES : EXIT_NO;
		say_state(s);
		announce(s);
		result = idle(s);
		if (result == FOLLOW_STOPPED)
			return EXIT_YES;
		if (result == FOLLOW_FAILED)
			return EXIT_TROUBLE;
	}
}

static int open_lock(const char *state)
{
	char path[PATH_MAX];
	struct trust lock;

	if (snprintf(path, sizeof(path), "%s.lock", state) >= (int)sizeof(path)) {
		say_trouble("the name of the record is too long");
		return -1;
	}
	if (trust_open(&lock, NULL, path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600))
		say_trouble("%s cannot be used: %s", path, lock.why);
	return lock.fd;
}

/* We and the supervisor of a hook hold the lock, so that two runs never overlap. */
int service_lock(const char *record, bool wait, bool *busy)
{
	int64_t deadline = now_ms() + (wait ? LOCK_MS : 0);
	int fd = open_lock(record);

	*busy = false;
	if (fd < 0)
		return EXIT_TROUBLE;
	while (flock(fd, LOCK_EX | LOCK_NB)) {
		/*
		 * Those who only look whether a service runs share it; see ready.c. Do not keep a
		 * share: two who begin at once would wait for each other for ever.
		 */
		bool shared = errno == EWOULDBLOCK && !flock(fd, LOCK_SH | LOCK_NB) &&
			      !flock(fd, LOCK_UN);

		*busy = !shared && errno == EWOULDBLOCK;
		if (!shared && !*busy && errno != EINTR)
			say_trouble("%s.lock cannot be locked: %s", record, strerror(errno));
		if (!shared && ((!*busy && errno != EINTR) || now_ms() >= deadline)) {
			close(fd);
			return EXIT_TROUBLE;
		}
		nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
	}
	return EXIT_YES; /* open until we and our supervisors have ended */
}

static int lock(const char *record)
{
	bool busy;
	int code = service_lock(record, true, &busy);

	return busy && code ? say_trouble("another vmgenc hooks uses %s", record) : code;
}

int service_load(struct service *s)
{
	char why[STATE_WHY] = "";
	const char *path = s->args->state;
	int error = state_load(path, &s->state, why, sizeof(why));

	if (s->state.copied)
		say_log("%s is gone; its copy %s" STATE_COPY_SUFFIX " says what was done", path,
			path);
	if (!error || error == -ENOENT)
		return EXIT_YES;
	if (error == -EPROTO)
		return say_trouble("%s %s: it is left as it is", path, why);
	if (error == -EINVAL)
		return say_trouble("%s %s; without it nobody knows what was done: remove it to "
				   "start from its copy %s" STATE_COPY_SUFFIX
				   ", or else from the generation in force",
				   path, why, path);
	return say_trouble("%s cannot be read: %s", path, why);
}

/* Reports hooks that will be refused now, rather than after the first clone. */
static void check(const struct hookdir *d)
{
	struct header header;
	struct trust hook;
	int error;

	for (size_t i = 0; i < d->count; i++) {
		enum hook_is is = hookdir_open(d, d->names[i], &hook, &header, &error);

		if (is == HOOK_REFUSED)
			say_log("hook %s: refused, since %s", d->names[i], hook.why);
		if (is != HOOK_READY)
			continue;
		if (header.when == WHEN_UNSAID)
			say_log("hook %s: does not say what it is for, so it runs for copies only",
				d->names[i]);
		trust_close(&hook);
	}
}

/* Keeps the directory's name without links, which each generation opens. */
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
	if (code)
		return code;
	serving_begin(s->args->state);
	code = service_load(s);
	if (code)
		return code;
	s->failures_before = s->state.failures;
	boot_read(s->boot);
	notify("READY=1");
	return serve(s);
}

/* The commands that take no directory: the record says which it was. */
static int run_request(struct service *s, struct args *a)
{
	const char *name = a->retry && a->rest_count ? a->rest[0] : "";

	if (a->retry + a->new_machine + a->wait > 1)
		return say_usage("hooks takes one of --retry, --new-machine and --wait");
	if (a->once || (a->source && !a->wait) || *a->root)
		return say_usage(
			"hooks --retry, --new-machine and --wait take no --once or --root, "
			"and only --wait takes --source");
	if (a->rest_count > (a->retry ? 1 : 0) || strlen(name) >= STATE_NAME)
		return say_usage("hooks: \"%s\" is not expected", a->rest[a->rest_count - 1]);
	if (a->wait)
		return request_wait(a);
	a->once = true; /* what cannot be done now is not waited for */
	return a->retry ? request_retry(s, name) : request_new_machine(s);
}

int cmd_hooks(int argc, char **argv)
{
	static struct service s;
	struct args a;
	int code = args_parse(argc, argv, "tsSoryNw", help, &a);

	if (code >= 0)
		return code;
	s.args = &a;
	umask(022);
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	if (a.retry || a.new_machine || a.wait)
		return run_request(&s, &a);
	if (a.rest_count != 1)
		return say_usage("hooks takes one directory");
	service_mask_signals(&s); /* before others can find us */
	notify_open();
	code = run(&s);
	vmgenc_close(s.vg);
	return code;
}
