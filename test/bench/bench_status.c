/* SPDX-License-Identifier: BSD-2-Clause */
/* test/bench: how long "vmgenc status --json" takes, from its start to its end. */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#include "../unit/simfile.h"

#define RUNS 300
#define PROGRAM "build/vmgenc"

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int run(const char *source, double *ms)
{
	char *argv[] = {PROGRAM, "status", "--json", "--source", (char *)source, NULL},
	     *env[] = {NULL};
	posix_spawn_file_actions_t actions;
	double start = now_ms();
	int status = -1, error;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	error = posix_spawn(&pid, argv[0], &actions, NULL, argv, env);
	posix_spawn_file_actions_destroy(&actions);
	if (error || waitpid(pid, &status, 0) != pid)
		return -1;
	*ms = now_ms() - start;
	return status;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(void)
{
	static double ms[RUNS];
	struct simfile sim;
	int failed;

	if (simfile_create(&sim)) {
		perror("bench_status");
		return 1;
	}
	failed = run(sim.source, &ms[0]); /* from the disk into memory */
	for (int i = 0; i < RUNS && !failed; i++)
		failed = run(sim.source, &ms[i]);
	simfile_remove(&sim);
	if (failed) {
		fprintf(stderr, "bench_status: %s status --json failed (%d)\n", PROGRAM, failed);
		return 1;
	}
	qsort(ms, RUNS, sizeof(ms[0]), ascending);
	printf("vmgenc status --json, %d times: median %.2f ms, 95 %% within %.2f ms, worst %.2f "
	       "ms\n",
	       RUNS, ms[RUNS / 2], ms[RUNS * 95 / 100], ms[RUNS - 1]);
	return 0;
}
