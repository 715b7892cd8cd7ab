/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd/hooks: vmgenc hooks --retry and --new-machine. A service that runs holds the record's
 * lock: it is asked by a file beside the record and a signal. Without one, it is done here. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hooks.h"

#define LOOK_MS 50
#define NEW_MACHINE "new-machine"
#define RETRY "retry "

static void nap(void)
{
	nanosleep(&(struct timespec){.tv_nsec = LOOK_MS * 1000000L}, NULL);
}

static int beside(const char *record, const char *what, char path[PATH_MAX])
{
	if (snprintf(path, PATH_MAX, "%s.%s", record, what) < PATH_MAX)
		return 0;
	return say_trouble("the name of the state file is too long");
}

/* Reads one line of a file beside the record, or "" if there is no such file. */
static void read_beside(const char *record, const char *what, char *text, size_t size)
{
	char path[PATH_MAX];
	struct trust file;
	ssize_t n;

	*text = '\0';
	if (beside(record, what, path) || trust_open(&file, NULL, path, O_RDONLY | O_NOFOLLOW, 0))
		return;
	n = read(file.fd, text, size - 1);
	trust_close(&file);
	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
}

static void forget_request(const char *record)
{
	struct trust directory;
	char path[PATH_MAX];
	const char *name;

	if (beside(record, "request", path) || trust_directory_of(&directory, path, &name))
		return;
	if (unlinkat(directory.fd, name, 0) && errno != ENOENT)
		say_log("%s cannot be removed: %s", path, strerror(errno));
	trust_close(&directory);
}

static int new_machine(struct service *s)
{
	say_log("generation %" PRIu64 ": the administrator says that this is a new machine",
		s->state.generation);
	decide_new_machine(s);
	return service_save(s);
}

int request_take(struct service *s)
{
	char text[STATE_NAME + sizeof(RETRY)];
	int end = 0;

	follow_wake = 0;
	if (!s->state.known)
		return 0;
	read_beside(s->args->state, "request", text, sizeof(text));
	if (!*text)
		return 0;
	if (!strcmp(text, NEW_MACHINE)) {
		/* Record it before the request is removed, so that it is neither lost nor done
		 * twice. */
		end = new_machine(s);
		if (!end)
			forget_request(s->args->state);
		return end || round_run(s);
	}
	if (!strncmp(text, RETRY, strlen(RETRY)))
		end = round_retry(s, text + strlen(RETRY));
	if (!end)
		forget_request(s->args->state);
	return end;
}

/*
 * Returns YES if the service took the request, NO if it ended first and we have its lock, or
 * trouble. What holds the lock may be the last hook's supervisor of a service that has ended, and
 * another service may begin then.
 */
static int await_taken(const char *record)
{
	char text[STATE_NAME];
	bool busy = true;
	int code;

	do {
		read_beside(record, "request", text, sizeof(text));
		if (!*text)
			return EXIT_YES;
		code = serving_wake(record);
		if (code)
			break;
		nap();
		code = service_lock(record, false, &busy);
	} while (code && busy);
	forget_request(record);
	return code ? code : EXIT_NO;
}

/* Returns 0 if the service did it, 1 if none runs and we have its lock, or another exit code. */
static int ask(const char *record, const char *text)
{
	char path[PATH_MAX], why[STATE_WHY];
	bool busy = false;
	int code = service_lock(record, false, &busy);

	if (!code)
		return EXIT_NO;
	if (!busy)
		return code;
	if (beside(record, "request", path))
		return EXIT_TROUBLE;
	if (state_put(path, text, why, sizeof(why)))
		return say_trouble("%s cannot be written: %s", path, why);
	return await_taken(record);
}

/* Returns the exit code for a request, from what the record says about it. */
static int result(struct service *s, const char *only)
{
	int code = service_load(s);

	return code ? code : owed_say(&s->state, only);
}

/* Begins as the service would, with its directory. We hold its lock. */
static int begin(struct service *s)
{
	int code = service_load(s);

	snprintf(s->directory, sizeof(s->directory), "%s",
		 *s->state.directory ? s->state.directory : VMGENC_HOOKS);
	service_mask_signals(s);
	return code;
}

int request_retry(struct service *s, const char *name)
{
	char text[STATE_NAME + sizeof(RETRY) + 1];
	int code = service_load(s);

	if (code)
		return code;
	if (*name && !owed_find(&s->state, name)) {
		say_log("%s is not owed: it is done, or off, or was never to run", name);
		return EXIT_NO;
	}
	snprintf(text, sizeof(text), RETRY "%s\n", name);
	code = ask(s->args->state, text);
	if (code == EXIT_YES)
		return result(s, name);
	if (code == EXIT_NO) {
		code = begin(s);
		if (!code && (round_finish(s) || round_retry(s, name)))
			code = EXIT_TROUBLE;
		if (!code)
			code = owed_say(&s->state, name);
	}
	return code;
}

int request_new_machine(struct service *s)
{
	int code = service_load(s);

	if (code)
		return code;
	if (!s->state.known)
		return say_trouble("%s is not there: start vmgenc hooks first", s->args->state);
	code = ask(s->args->state, NEW_MACHINE "\n");
	if (code == EXIT_YES)
		return ready_wait(s->args->state, NULL, -1);
	if (code == EXIT_NO) {
		code = begin(s);
		if (!code && (round_finish(s) || new_machine(s) || round_run(s)))
			code = EXIT_TROUBLE;
		if (!code)
			code = owed_say(&s->state, "");
	}
	return code;
}
