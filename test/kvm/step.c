/* SPDX-License-Identifier: BSD-2-Clause */
/* test/kvm: runs a program as a test, within a time limit, and counts. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kvm.h"

#define LOG "build/kvm.log"
#define TO_END_S 20 /* a program that was asked to end is killed then */
#define TELL_S 60   /* how often the last line of one that runs is shown */

volatile int step_signal;
const char *step_only;
static unsigned int passed, failed;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static pid_t start(const char *const argv[], const char *output)
{
	pid_t parent = getpid(), pid;

	fflush(stdout);
	pid = fork();
	if (pid)
		return pid;
	/* The lab removes its files and ends its QEMU when it is asked to end. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(127);
	if (output && (!freopen(output, "w", stdout) || dup2(STDOUT_FILENO, STDERR_FILENO) < 0))
		_exit(127);
	execv(argv[0], (char *const *)argv);
	fprintf(stderr, "cannot run %s: %s\n", argv[0], strerror(errno));
	fflush(stderr);
	_exit(127);
}

static void tell_last_line(const char *output, double seconds)
{
	FILE *f = fopen(output, "re");
	char line[300] = "", last[sizeof(line)] = "nothing yet";

	while (f && fgets(line, sizeof(line), f))
		memcpy(last, line, sizeof(last));
	if (f)
		fclose(f);
	printf("     %.0f s: %.*s\n", seconds, (int)strcspn(last, "\r\n"), last);
	fflush(stdout);
}

struct running {
	pid_t pid;
	double end; /* when it is ended */
	bool asked; /* to end */
	int status;
};

static bool still_runs(struct running *r)
{
	if (waitpid(r->pid, &r->status, WNOHANG))
		return false;
	if (now() > r->end || (step_signal && !r->asked)) {
		kill(r->pid, r->asked ? SIGKILL : SIGTERM);
		r->end = now() + TO_END_S;
		r->asked = true;
	}
	usleep(50000);
	return true;
}

static int exit_code(const struct running *r)
{
	return !r->asked && WIFEXITED(r->status) ? WEXITSTATUS(r->status) : -1;
}

int step_run(const char *const argv[], int seconds, const char *output)
{
	double begin = now(), told = begin;
	struct running r = {.pid = start(argv, output), .end = begin + seconds};

	if (r.pid < 0)
		return -1;
	while (still_runs(&r)) {
		if (output && now() - told > TELL_S) {
			told = now();
			tell_last_line(output, told - begin);
		}
	}
	return exit_code(&r);
}

/* Returns how much there was. What a reader of a file has reached, it reads on from. */
static size_t relay(FILE *from)
{
	char text[4096];
	size_t n, all = 0;

	clearerr(from);
	while ((n = fread(text, 1, sizeof(text), from)) > 0)
		all += fwrite(text, 1, n, stdout);
	if (all)
		fflush(stdout);
	return all;
}

int step_relay(const char *const argv[], int silent_seconds, const char *output)
{
	/* Made anew, so that nothing of an earlier run is shown. */
	FILE *f = fopen(output, "we+");

	if (!f) {
		fprintf(stderr, "cannot write %s: %s\n", output, strerror(errno));
		return -1;
	}
	struct running r = {.pid = start(argv, output), .end = now() + silent_seconds};

	while (r.pid > 0 && still_runs(&r)) {
		if (relay(f) && !r.asked)
			r.end = now() + silent_seconds;
	}
	relay(f);
	fclose(f);
	if (r.asked && !step_signal)
		fprintf(stderr, "silent for %d s, therefore ended\n", silent_seconds);
	return r.pid > 0 ? exit_code(&r) : -1;
}

/* "N passed, M failed", in the last such line; false where the program counts nothing. */
static bool counted(unsigned int *good, unsigned int *bad)
{
	FILE *f = fopen(LOG, "re");
	bool found = false;
	char line[1000];

	while (f && fgets(line, sizeof(line), f))
		found |= sscanf(line, "%u passed, %u failed", good, bad) == 2;
	if (f)
		fclose(f);
	return found;
}

void step_show(const char *output)
{
	FILE *f = fopen(output, "re");
	char line[1000];

	while (f && fgets(line, sizeof(line), f))
		printf("     %s", line);
	if (f)
		fclose(f);
}

static bool step_wanted(const char *name)
{
	return !step_only || strstr(name, step_only);
}

bool step(const char *name, int seconds, const char *const argv[])
{
	double begin = now();
	unsigned int good = 1, bad = 0;
	bool counts;
	int code;

	if (step_signal || !step_wanted(name))
		return false;
	printf("run  %s\n", name);
	code = step_run(argv, seconds, LOG);
	counts = counted(&good, &bad);
	if (code && !bad)
		bad = 1;
	if (!counts)
		good = !bad;
	passed += good;
	failed += bad;
	printf("%-4s %s", bad || !good ? "FAIL" : "ok", name);
	if (counts)
		printf(": %u", good);
	printf(" (%.1f s)\n", now() - begin);
	if (code < 0 && !step_signal)
		printf("     it was ended after %d s, or died\n", seconds);
	if (bad || !good)
		step_show(LOG);
	fflush(stdout);
	return !bad && good;
}

bool step_judge(const char *name, const char *why)
{
	if (step_signal || !step_wanted(name))
		return false;
	passed += !why;
	failed += why != NULL;
	if (why)
		step_show(LOG);
	printf("%-4s %s%s%s\n", why ? "FAIL" : "ok", name, why ? ": " : "", why ? why : "");
	fflush(stdout);
	return !why;
}

int step_result(void)
{
	printf("%u passed, %u failed\n", passed, failed);
	fflush(stdout);
	return failed || !passed ? 1 : 0;
}
