/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: vmgenc run --signal and --restart - the parent of the program. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "run.h"

#define GRACE_MS 10000 /* for a program to end before it is killed */
#define POLL_MS 10

static const int passed_on[] = {SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGUSR1, SIGUSR2};

static volatile pid_t child;
static volatile sig_atomic_t ending; /* by a signal of the user's */

static void on_signal(int number)
{
	follow_wake = 1;
	if (number == SIGCHLD)
		return;
	ending |= number == SIGTERM || number == SIGINT || number == SIGQUIT;
	if (child > 0)
		kill(child, number);
}

/* The signals arrive only while this waits; `before` is the mask that the program is to have. */
static void catch_signals(sigset_t *before)
{
	struct sigaction action = {.sa_handler = on_signal};
	sigset_t all;

	sigemptyset(&all);
	sigaddset(&all, SIGCHLD);
	sigaction(SIGCHLD, &action, NULL);
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++) {
		sigaddset(&all, passed_on[i]);
		sigaction(passed_on[i], &action, NULL);
	}
	sigprocmask(SIG_BLOCK, &all, before);
}

static int start(char **argv, const sigset_t *before)
{
	child = fork();
	if (child < 0)
		return say_trouble("no process for %s: %s", argv[0], strerror(errno));
	if (child)
		return EXIT_YES;
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
		signal(passed_on[i], SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_SETMASK, before, NULL);
	_exit(run_program(argv));
}

/* Whether it has ended; then its exit code as a shell gives it. */
static bool has_ended(int *code)
{
	int status;

	if (waitpid(child, &status, WNOHANG) != child)
		return false;
	child = 0;
	*code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return true;
}

static void end_child(void)
{
	const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
	int64_t deadline = now_ms() + GRACE_MS;
	int code;

	kill(child, SIGTERM);
	while (!has_ended(&code)) {
		if (now_ms() >= deadline) {
			say_log("the program did not end within 10 s, and is killed");
			kill(child, SIGKILL);
			waitpid(child, NULL, 0);
			return;
		}
		nanosleep(&pause, NULL);
	}
}

static int act(char **argv, uint64_t generation, int number, bool restart, const sigset_t *before)
{
	if (!restart) {
		kill(child, number);
		return EXIT_YES;
	}
	say_log("generation %llu: %s is started again", (unsigned long long)generation, argv[0]);
	end_child();
	return start(argv, before);
}

int supervise(struct vmgenc *vg, char **argv, int number, bool restart)
{
	enum follow result = FOLLOW_TIMEOUT;
	struct vmgenc_status seen;
	sigset_t before;
	int code = source_status(vg, &seen), status;

	if (code)
		return code;
	catch_signals(&before);
	code = start(argv, &before);
	while (!code) {
		follow_wake = 0;
		if (has_ended(&status))
			return status;
		if (result == FOLLOW_FAILED) { /* which has been said */
			sigsuspend(&before);
			continue;
		}
		result = follow(vg, &seen, -1, &before);
		if (result == FOLLOW_CHANGED && !ending)
			code = act(argv, seen.generation, number, restart, &before);
	}
	return code;
}
