/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd/hooks: runs the hooks of a generation, and those again that failed. What is about to be done
 * is on the disk before it is done, so that nothing is lost or done twice if this dies. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <time.h>

#include "hooks.h"

#define HOOK_TIMEOUT_MS 60000

void service_pause(struct service *s, int64_t ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	notify_alive();
	pselect(0, NULL, NULL, NULL, &t, &s->unmasked);
}

/* Writes the record, and retries until it is on disk. Returns 0, or 1 if the service must end. */
int service_save(struct service *s)
{
	char why[STATE_WHY];
	int error, said = 0;

	while ((error = state_save(s->args->state, &s->state, why, sizeof(why))) != 0) {
		if (error != said) {
			say_log("%s cannot be written: %s; no hook is run until it can",
				s->args->state, why);
			notify("STATUS=%s cannot be written: %s", s->args->state, why);
		}
		said = error;
		if (s->args->once || follow_stop)
			return 1;
		service_pause(s, RETRY_MS);
	}
	if (said)
		say_log("%s is written again", s->args->state);
	return 0;
}

bool service_asked_to_stop(void)
{
	sigset_t pending;

	sigpending(&pending);
	return sigismember(&pending, SIGTERM) || sigismember(&pending, SIGINT) ||
	       sigismember(&pending, SIGHUP);
}

static void note_failure(struct service *s, const char *hook, const struct round *round, bool safe,
			 const char *what)
{
	struct state *st = &s->state;

	st->failures++;
	snprintf(st->last_failure, sizeof(st->last_failure),
		 "generation %" PRIu64 ": %.200s %.150s", round->generation, hook, what);
	say_log("%s", st->last_failure);
	owed_note(st, hook, round, safe, what);
}

static void note_interrupted(struct service *s, const char *name, const struct round *round,
			     bool safe)
{
	s->state.interrupted++;
	say_log("generation %" PRIu64 ": %s was interrupted: it may or may not have done its work",
		round->generation, name);
	owed_note(&s->state, name, round, safe, "was interrupted");
}

/* What is owed for a copy is not done by a run for the machine that it was before. */
static void note_done(struct service *s, const char *name, const struct round *round)
{
	const struct owed *o = owed_find(&s->state, name);

	if (o && (o->copy != COPY_YES || round->copy == COPY_YES))
		owed_drop(&s->state, name);
	say_log("generation %" PRIu64 ": %s done", round->generation, name);
}

static void note_outcome(struct service *s, const char *name, const struct round *round, bool safe,
			 const struct outcome *o)
{
	char what[64];

	if (o->cut)
		say_log("%s: %" PRIu64 " %s more of output not shown", name,
			NUMBER_OF(o->cut, "byte"));
	if (o->how == ENDED_UNKNOWN) {
		note_interrupted(s, name, round, safe);
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
		note_failure(s, name, round, safe, what);
	else
		note_done(s, name, round);
}

/* Passes on none of our environment: a hook's work must not depend on who started us. */
struct environment {
	char text[6][96];
	char scratch[PATH_MAX + 32];
	char *list[10];
};

static void fill_environment(const struct state *st, const struct round *round,
			     struct environment *e)
{
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	static char language[] = "LC_ALL=C";
	int n = 0;

	snprintf(e->text[0], sizeof(e->text[0]), "VMGENC_GENERATION=%" PRIu64, round->generation);
	snprintf(e->text[1], sizeof(e->text[1]), "VMGENC_PREVIOUS_GENERATION=%" PRIu64,
		 st->previous);
	snprintf(e->text[2], sizeof(e->text[2]), "VMGENC_ID=%s", st->id);
	snprintf(e->text[3], sizeof(e->text[3]), "VMGENC_WHY=%s", why_name(round->why));
	snprintf(e->text[4], sizeof(e->text[4]), "VMGENC_NEW_MACHINE=%s", copy_name(round->copy));
	snprintf(e->text[5], sizeof(e->text[5]), "VMGENC_ATTEMPT=%" PRIu64, round->attempt);
	snprintf(e->scratch, sizeof(e->scratch), "VMGENC_SCRATCH=%s", st->scratch);
	for (; n < 6; n++)
		e->list[n] = e->text[n];
	e->list[n++] = e->scratch;
	e->list[n++] = path;
	e->list[n++] = language;
	e->list[n] = NULL;
}

/* Returns 1 if the service must end, or 0 to try again. */
static int cannot_start(struct service *s, const char *name, int error)
{
	say_log("%s cannot be started: %s; trying again", name, strerror(-error));
	if (s->args->once || follow_stop)
		return 1;
	service_pause(s, RETRY_MS);
	return 0;
}

/* A hook as it was opened. */
struct opened {
	const char *name;
	struct trust file;
	struct header header;
};

/* Prepares the supervisor before the record says that the hook has started. Returns 0 or 1. */
static int start(struct service *s, const struct opened *hook, const struct round *round,
		 struct runner *runner)
{
	int64_t timeout = s->args->timeout_ms < 0 ? HOOK_TIMEOUT_MS : s->args->timeout_ms;
	struct environment environment;
	const struct job job = {.file = &hook->file,
				.name = hook->name,
				.env = environment.list,
				.timeout_ms = hook->header.timeout_ms > 0 ? hook->header.timeout_ms
									  : timeout,
				.scratch = s->state.scratch};
	int error;

	fill_environment(&s->state, round, &environment);
	while ((error = runner_prepare(runner, &job)) != 0) {
		if (cannot_start(s, hook->name, error))
			return 1;
	}
	snprintf(s->state.hook, sizeof(s->state.hook), "%s", hook->name);
	s->state.safe = hook->header.safe;
	s->state.started = true;
	if (service_save(s)) {
		runner_cancel(runner);
		return 1;
	}
	return 0;
}

static void cannot_work(struct service *s, const struct opened *hook, const struct round *round,
			const char *why, int error)
{
	char what[STATE_REASON];

	snprintf(what, sizeof(what), "has no private directory: %.120s",
		 *why ? why : strerror(-error));
	s->state.scratch[0] = '\0';
	note_failure(s, hook->name, round, hook->header.safe, what);
}

/* If scratch is beside the record, waits until that can be written. Returns 0, or 1 to end. */
static int choose_scratch(struct service *s, const struct opened *hook, const struct round *round,
			  bool *chosen)
{
	const char *wanted = hook->header.scratch, *record = s->args->state;
	char why[STATE_WHY] = "", *path = s->state.scratch;
	int error = scratch_name(wanted, record, path, why, sizeof(why));

	if (error) {
		*path = '\0';
		if (service_save(s))
			return 1;
		error = scratch_name(wanted, record, path, why, sizeof(why));
	}
	*chosen = !error;
	if (error)
		cannot_work(s, hook, round, why, error);
	return 0;
}

static int run_hook(struct service *s, const struct opened *hook, const struct round *round)
{
	struct outcome outcome;
	struct runner runner;
	bool chosen;
	int error;

	if (choose_scratch(s, hook, round, &chosen))
		return 1;
	if (!chosen) {
		snprintf(s->state.hook, sizeof(s->state.hook), "%s", hook->name);
		return 0;
	}
	if (start(s, hook, round, &runner))
		return 1;
	error = scratch_make(s->state.scratch);
	if (error) {
		runner_cancel(&runner);
		cannot_work(s, hook, round, "", error);
	} else {
		runner_go(&runner, &outcome);
		scratch_remove(s->state.scratch);
		s->state.scratch[0] = '\0';
		note_outcome(s, hook->name, round, hook->header.safe, &outcome);
	}
	s->state.started = false;
	return 0;
}

static void refuse(struct service *s, const struct opened *hook, const struct round *round)
{
	snprintf(s->state.hook, sizeof(s->state.hook), "%s", hook->name);
	say_log("hook %s: refused, since %s", hook->name, hook->file.why);
	note_failure(s, hook->name, round, false, "was refused");
}

/* Does hookdir_open(), and waits if descriptors run out. Sets *end to 1 if the service must end. */
static enum hook_is open_hook(struct service *s, const struct hookdir *d, struct opened *hook,
			      int *end)
{
	enum hook_is is;
	int error;

	*end = 0;
	while ((is = hookdir_open(d, hook->name, &hook->file, &hook->header, &error)) ==
	       HOOK_SHORT) {
		if ((*end = cannot_start(s, hook->name, error)) != 0)
			break;
	}
	return is;
}

/* Returns 0 if the hook has run or need not run, or 1 if the service must end. */
static int handle_hook(struct service *s, const struct hookdir *d, const char *name)
{
	const struct round round = {s->state.generation, s->state.why, s->state.copy, 1};
	struct opened hook = {.name = name};
	int end;
	enum hook_is is = open_hook(s, d, &hook, &end);

	if (end)
		return 1;
	if (is == HOOK_REFUSED)
		refuse(s, &hook, &round);
	if (is == HOOK_OFF)
		owed_drop(&s->state, name);
	if (is != HOOK_READY)
		return 0;
	if (header_wants(&hook.header, round.why, round.copy))
		end = run_hook(s, &hook, &round);
	trust_close(&hook.file);
	return end;
}

/* Runs the hooks after the last one in the record. Returns 0 when all have run, or 1 to end. */
static int run_rest(struct service *s, const struct hookdir *d)
{
	for (size_t i = 0; i < d->count; i++) {
		const char *name = d->names[i];

		if (strcmp(name, s->state.hook) <= 0)
			continue;
		if (service_asked_to_stop()) {
			service_save(s);
			return 1;
		}
		if (handle_hook(s, d, name))
			return 1;
	}
	s->state.under_way = false;
	s->state.hook[0] = '\0';
	s->state.changes++;
	return service_save(s);
}

/* Checks an unsafe directory again until it is safe, so that no hook is lost. */
static int open_directory(struct service *s, struct hookdir *d)
{
	bool said = false;

	while (hookdir_read(s->directory, d)) {
		if (s->args->once || follow_stop)
			return 1;
		if (!said)
			say_log("generation %" PRIu64 " waits for it", s->state.generation);
		said = true;
		service_pause(s, 10 * RETRY_MS);
	}
	return 0;
}

int round_run(struct service *s)
{
	struct hookdir d;
	int code;

	notify("STATUS=running the hooks of generation %" PRIu64, s->state.generation);
	if (open_directory(s, &d))
		return 1;
	code = run_rest(s, &d);
	hookdir_free(&d);
	return code;
}

int round_finish(struct service *s)
{
	struct state *st = &s->state;
	const struct owed *o = owed_find(st, st->hook);
	struct round round = {st->generation, st->why, st->copy, 1};

	if (st->started) {
		bool again = !st->under_way && o;

		if (again)
			round = (struct round){o->generation, o->why, o->copy, o->attempts};
		/* Log it before it is recorded, so that it is logged twice rather than never. */
		note_interrupted(s, st->hook, &round, st->safe);
		scratch_remove(st->scratch);
		st->scratch[0] = '\0';
		st->started = false;
		if (!st->under_way)
			st->hook[0] = '\0';
		if (service_save(s))
			return 1;
	}
	return st->under_way ? round_run(s) : 0;
}

/* A hook that was turned off or removed is no longer owed; this is how to give one up. */
static int run_again(struct service *s, const struct hookdir *d, const char *name)
{
	const struct owed *o = owed_find(&s->state, name);
	struct round round = {o->generation, o->why, o->copy, o->attempts + 1};
	struct opened hook = {.name = name};
	int end;
	enum hook_is is = open_hook(s, d, &hook, &end);

	if (end)
		return 1;
	if (is == HOOK_READY) {
		say_log("generation %" PRIu64 ": %s is run again", round.generation, name);
		end = run_hook(s, &hook, &round);
		trust_close(&hook.file);
	} else if (is == HOOK_REFUSED) {
		refuse(s, &hook, &round);
	} else {
		say_log("%s is off, and not owed any more", name);
		owed_drop(&s->state, name);
	}
	if (end)
		return 1;
	s->state.hook[0] = '\0';
	return service_save(s);
}

static bool is_due(const struct owed *o, const char *only, int64_t now)
{
	if (only)
		return !*only || !strcmp(o->name, only);
	return o->safe && o->due_ms <= now;
}

/* Runs each at most once, in the order of names, because the list changes meanwhile. */
static int retry(struct service *s, const char *only)
{
	int64_t now = now_ms();
	struct hookdir d;
	int code = 0;

	if (open_directory(s, &d))
		return 1;
	for (size_t i = 0; i < d.count && !code; i++) {
		const struct owed *o = owed_find(&s->state, d.names[i]);

		if (!o || !is_due(o, only, now))
			continue;
		code = service_asked_to_stop() || run_again(s, &d, d.names[i]);
	}
	for (size_t i = s->state.owed_count; i-- > 0 && !code;) {
		char name[STATE_NAME];
		bool there = false;

		memcpy(name, s->state.owed[i].name, sizeof(name));
		for (size_t j = 0; j < d.count; j++)
			there = there || !strcmp(d.names[j], name);
		if (!there)
			code = run_again(s, &d, name);
	}
	hookdir_free(&d);
	return code;
}

int round_retry_due(struct service *s)
{
	int64_t due = owed_due_ms(&s->state);

	return due >= 0 && due <= now_ms() ? retry(s, NULL) : 0;
}

int round_retry(struct service *s, const char *name)
{
	return s->state.owed_count ? retry(s, name) : 0;
}
