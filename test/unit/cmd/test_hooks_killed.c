/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/cmd: vmgenc hooks that is stopped or killed runs each hook once all the same. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hooks_fixture.h"

#define CHANGES 1000
#define MACHINES 4

/* Fails if a stop cuts a hook off, or loses those behind it, or repeats it. */
static void stop_between_two_hooks(void **unused)
{
	char between[256];
	pid_t pid;

	(void)unused;
	snprintf(between, sizeof(between), "while [ ! -e %s/go ]; do sleep 0.01; done", scratch);
	hook("10-slow", between);
	hook("20-next", "");
	assert_int_equal(once(), 0);
	simfile_bump(&sim);
	pid = service();
	assert_true(wait_for("done", "begin 10-slow 2"));
	kill(pid, SIGTERM);
	write_file(scratch, "go", "", 0600);
	assert_int_equal(program_end(pid), 0);
	assert_string_equal(done(), "begin 10-slow 2\nend 10-slow 2\n");
	assert_int_equal(once(), 0);
	assert_string_equal(done(),
			    "begin 10-slow 2\nend 10-slow 2\nbegin 20-next 2\nend 20-next 2\n");
	assert_int_equal(state().interrupted, 0);
}

/* Fails if a killed runner's hook runs on beside the next run, or is repeated, or unreported. */
static void kill_in_the_middle_of_a_hook(void **unused)
{
	char between[256];
	pid_t pid;

	(void)unused;
	snprintf(between, sizeof(between), "echo $$ >%s/near; sleep 1000", scratch);
	hook("10-slow", between);
	hook("20-next", "");
	assert_int_equal(once(), 0);
	simfile_bump(&sim);
	pid = service();
	assert_true(wait_for("near", "\n"));
	kill(pid, SIGKILL);
	assert_int_equal(program_end(pid), 128 + SIGKILL);
	assert_int_equal(once(), 0);
	assert_true(is_gone(pid_in("near")));
	assert_non_null(strstr(result.err, "generation 2: 10-slow was interrupted"));
	assert_string_equal(done(), "begin 10-slow 2\nbegin 20-next 2\nend 20-next 2\n");
	assert_int_equal(state().interrupted, 1);
}

/* Lets the runner work for a random time and kills it, or not, until the generation is done. */
static pid_t until_done(pid_t pid, uint64_t generation, unsigned int *seed, unsigned int *kills)
{
	while (!is_done(generation)) {
		if (rand_r(seed) % 2) {
			sleep_us(rand_r(seed) % 12000);
			kill(pid, SIGKILL);
			program_end(pid);
			++*kills;
			pid = service();
		} else if (!wait_done(generation)) {
			return -1;
		}
	}
	return pid;
}

/* How often each hook of each generation began, ended, and was reported as interrupted. */
enum { BEGUN, ENDED, REPORTED, KINDS };
static unsigned char seen[KINDS][CHANGES + 2][2];

static void count(int kind, unsigned long long generation, const char *name)
{
	if (generation <= CHANGES + 1)
		seen[kind][generation][!strcmp(name, "20-b")]++;
}

static void count_lines(const char *file)
{
	unsigned long long generation;
	char path[128], line[512], name[64];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", scratch, file);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "begin %63s %llu", name, &generation) == 2)
			count(BEGUN, generation, name);
		else if (sscanf(line, "end %63s %llu", name, &generation) == 2)
			count(ENDED, generation, name);
		else if (strstr(line, " was interrupted") &&
			 sscanf(line, "vmgenc: generation %llu: %63s", &generation, name) == 2)
			count(REPORTED, generation, name);
	}
	if (f)
		fclose(f);
}

/* A hook that is reported may have run or not; one that is not has run to its end, once. */
static unsigned int count_wrong(unsigned int changes, unsigned int *interrupted)
{
	unsigned int wrong = 0;

	count_lines("done");
	count_lines("log");
	for (unsigned int g = 2; g <= changes + 1; g++) {
		for (int i = 0; i < 2; i++) {
			bool twice = seen[BEGUN][g][i] > 1 || seen[ENDED][g][i] > 1;
			bool lost = !seen[ENDED][g][i] && !seen[REPORTED][g][i];

			if (twice || lost)
				printf("# generation %u, hook %d: begun %d, ended %d, reported "
				       "%d\n",
				       g, i, seen[BEGUN][g][i], seen[ENDED][g][i],
				       seen[REPORTED][g][i]);
			wrong += twice + lost;
			*interrupted += seen[REPORTED][g][i] != 0;
		}
	}
	return wrong;
}

/* One machine's changes. 0 if all is as it must be; prints what it counted. */
static int changes_under_kill(unsigned int changes, unsigned int seed)
{
	unsigned int kills = 0, interrupted = 0, wrong;
	pid_t pid;

	if (hooks_setup(NULL))
		return 1;
	hook("10-a", ":");
	hook("20-b", ":");
	pid = service();
	if (!wait_done(1))
		return 1;
	for (uint64_t generation = 2; generation <= changes + 1 && pid > 0; generation++) {
		simfile_bump(&sim);
		pid = until_done(pid, generation, &seed, &kills);
	}
	if (pid < 0)
		return 1;
	kill(pid, SIGTERM);
	int code = program_end(pid);

	/* The last one may have been started a moment ago, too young for its signal handler. */
	wrong = code != 0 && code != 128 + SIGTERM;
	wrong += count_wrong(changes, &interrupted);
	wrong += state().changes != changes || state().passed_over != 0;
	wrong += kills < changes / 4 || !interrupted;
	if (wrong)
		printf("# code %d, changes %llu, passed over %llu\n", code,
		       (unsigned long long)state().changes,
		       (unsigned long long)state().passed_over);
	printf("# %u changes, %u kills, %u hooks reported as interrupted, %u wrong\n", changes,
	       kills, interrupted, wrong);
	fflush(stdout);
	cmd_teardown(NULL);
	return wrong != 0;
}

/*
 * Fails if a kill at whatever moment makes a hook of a generation run twice, or not at all
 * without a word. Several machines at once, since each waits for most of its time.
 */
static void a_thousand_changes_under_kill(void **unused)
{
	unsigned int seed = (unsigned int)time(NULL);
	pid_t pids[MACHINES];

	(void)unused;
	printf("# seed %u\n", seed);
	fflush(stdout);
	for (unsigned int i = 0; i < MACHINES; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(changes_under_kill(CHANGES / MACHINES, seed + i));
	}
	for (int i = 0; i < MACHINES; i++) {
		int status = -1;

		waitpid(pids[i], &status, 0);
		assert_int_equal(status, 0);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(stop_between_two_hooks),
		TEST(kill_in_the_middle_of_a_hook),
		cmocka_unit_test(a_thousand_changes_under_kill),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("vmgenc hooks, killed", tests, NULL, NULL);
}
