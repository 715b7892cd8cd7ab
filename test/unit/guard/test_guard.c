/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/guard: vmgenc run and what it preloads, with programs that know nothing of it. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "program.h"

#define GUARD "build/libvmgenc-guard.so"
#define VICTIM "build/test/guard/victim"
#define BUMP "build/vmgenc sim $SIM bump"

static char scratch[64], sim[100];
static struct result result;

static int set_up(void **state)
{
	char source[120];

	(void)state;
	scratch_create(scratch);
	snprintf(sim, sizeof(sim), "%s/vm", scratch);
	snprintf(source, sizeof(source), "file:%s", sim);
	setenv("SIM", sim, 1);
	setenv("VMGENC_SOURCE", source, 1);
	/* The sanitizers of this program are not the victim's. */
	unsetenv("LD_PRELOAD");
	RUN(&result, "sim", sim, "create");
	return result.code;
}

static int tear_down(void **state)
{
	(void)state;
	scratch_remove(scratch);
	return 0;
}

#define GUARDED(...) RUN(&result, "run", "--guard", GUARD, "--", VICTIM, __VA_ARGS__)

static void assert_out(const char *expected)
{
	if (result.code)
		print_error("exit code %d: %s\n", result.code, result.err);
	assert_int_equal(result.code, 0);
	assert_string_equal(result.out, expected);
}

/* Fails if a draw after a change leaves before the refresh, or draws without one refresh. */
static void refreshes_before_the_next_draw(void **state)
{
	(void)state;
	GUARDED("draw", "draw", BUMP, "draw", "draw", BUMP, BUMP, "draw", "calls");
	assert_out("rnd 2 of seed 1\nrnd 2 of seed 1\nrnd 2 of seed 2\nrnd 2 of seed 2\n"
		   "rnd 2 of seed 3\ncalls 3 5 0 0\n");
}

/* Fails if a value leaves that was drawn while the machine was cloned. */
static void draws_again_if_cloned_within(void **state)
{
	(void)state;
	GUARDED("draw", "within:" BUMP, "draw", "calls");
	assert_out("rnd 2 of seed 1\nrnd 2 of seed 2\ncalls 2 3 0 0\n");
	GUARDED("nonce", "within:" BUMP, "nonce", "calls");
	assert_out("nonce kernel's\nnonce kernel's\ncalls 0 0 0 3\n");
}

/* Fails if one thread's refresh counts for another's generator, or a child's for none. */
static void each_thread_and_child_refreshes(void **state)
{
	(void)state;
	GUARDED("draw", "thread", BUMP, "thread", "draw", "child", BUMP, "child", "draw");
	assert_out("rnd 2 of seed 1\nrnd 2 of seed 2\nrnd 2 of seed 3\nrnd 2 of seed 4\n"
		   "rnd 2 of seed 4\nrnd 2 of seed 5\nrnd 2 of seed 5\n");
}

/* Fails if a call that is replaced loses an argument or its result, or does not refresh. */
static void replaced_calls_do_what_they_did(void **state)
{
	(void)state;
	GUARDED("generate", "calls", BUMP, "generate", "calls", "arc4random");
	assert_out("others 11 20 12 321 4321 322 4322\ncalls 1 7 0 0\n"
		   "others 11 20 12 321 4321 322 4322\ncalls 2 14 0 0\narc4random 1 1000 0 1\n");
}

/*
 * Fails if a daemon that closes every descriptor is no longer guarded. What is not mapped, as this
 * file, cannot be seen any more, so each draw refreshes, as often as it may.
 */
static void survives_closed_descriptors(void **state)
{
	(void)state;
	GUARDED("draw", "close", "draw", BUMP, "draw", "calls");
	assert_out("rnd 2 of seed 1\nrnd 2 of seed 4\nrnd 2 of seed 7\ncalls 7 7 0 0\n");
}

/* Fails if the guard changes what a program does where there is nothing to detect a clone with. */
static void harmless_without_a_source(void **state)
{
	(void)state;
	setenv("VMGENC_SOURCE", "file:/nonexistent", 1);
	GUARDED("draw", "nonce", "generate", "calls", "arc4random");
	assert_int_equal(result.code, 0);
	assert_string_equal(result.out, "rnd 2 of seed 0\nnonce kernel's\n"
					"others 11 20 12 321 4321 322 4322\ncalls 0 8 0 1\n"
					"arc4random 1 1000 0 1\n");
	assert_non_null(strstr(result.err, "/nonexistent"));
}

/* Fails if a kernel that cannot rekey holds a program up, or is believed to have rekeyed. */
static void unsettled_refreshes_each_time(void **state)
{
	(void)state;
	GUARDED("draw", BUMP " --unsettled", "draw", "draw", "calls");
	assert_int_equal(result.code, 0);
	assert_non_null(strstr(result.out, "rnd 2 of seed 1\n"));
	assert_null(strstr(result.out, "calls 1 "));
	assert_null(strstr(result.out, "calls 2 "));
}

/* Fails if a program that nothing can be preloaded into is broken, or believed to be guarded. */
static void says_what_cannot_be_guarded(void **state)
{
	char copy[100], text[300];

	(void)state;
	RUN(&result, "run", "--guard", GUARD, "--", PROGRAM, "--version");
	assert_int_equal(result.code, 0);
	assert_non_null(strstr(result.err, "is not guarded: it is linked statically"));
	RUN(&result, "run", "--guard", GUARD, "--", "build/test/guard/sanitized", "draw");
	assert_int_equal(result.code, 0);
	assert_string_equal(result.out, "rnd 2 of seed 0\n");
	assert_non_null(strstr(result.err, "is not guarded: it was built with a sanitizer"));
	snprintf(copy, sizeof(copy), "%s/victim", scratch);
	snprintf(text, sizeof(text), "cp " VICTIM " %s && chmod 4755 %s", copy, copy);
	assert_int_equal(system(text), 0);
	RUN(&result, "run", "--guard", GUARD, "--", copy, "arc4random");
	assert_non_null(strstr(result.err, "is not guarded: it is set-user-id"));
}

/* Fails if the guard cannot be preloaded twice, or into the program that preloads it. */
static void guards_itself(void **state)
{
	(void)state;
	setenv("LD_PRELOAD", "", 1);
	RUN(&result, "run", "--guard", GUARD, "--", "sh", "-c",
	    PROGRAM " run --guard " GUARD " -- sh -c 'echo $LD_PRELOAD; exit 7'");
	unsetenv("LD_PRELOAD");
	assert_int_equal(result.code, 7);
	assert_string_equal(result.out, GUARD "\n");
	setenv("LD_PRELOAD", GUARD, 1);
	RUN(&result, "status", "--json");
	unsetenv("LD_PRELOAD");
	assert_int_equal(result.code, 0);
}

static void refused(const char *what)
{
	if (!strstr(result.err, what))
		print_error("%d: %s\n", result.code, result.err);
	assert_non_null(strstr(result.err, what));
}

static void bad_usage(void **state)
{
	(void)state;
	RUN(&result, "run");
	assert_int_equal(result.code, 2);
	refused("which program?");
	RUN(&result, "run", "--signal", "NOSUCH", "--", "true");
	assert_int_equal(result.code, 2);
	refused("not \"NOSUCH\"");
	RUN(&result, "run", "--signal", "HUP", "--restart", "--", "true");
	assert_int_equal(result.code, 2);
	RUN(&result, "run", "--guard", "/nonexistent.so", "--", "true");
	assert_int_equal(result.code, 3);
	refused("/nonexistent.so: No such file");
	RUN(&result, "run", "--guard", GUARD, "--", "/nonexistent");
	assert_int_equal(result.code, 127);
	RUN(&result, "run", "--guard", GUARD, "--", "/etc/passwd");
	assert_int_equal(result.code, 126);
	RUN(&result, "run", "--guard", GUARD, "--restart", "--", "sh", "-c", "exit 5");
	assert_int_equal(result.code, 5);
	RUN(&result, "run", "--guard", GUARD, "--restart", "--", "sh", "-c", "kill -9 $$");
	assert_int_equal(result.code, 128 + SIGKILL);
	setenv("VMGENC_SOURCE", "file:/nonexistent", 1);
	RUN(&result, "run", "--guard", GUARD, "--restart", "--", "true");
	assert_int_equal(result.code, 1);
}

/* Waits until the file has so many lines. */
static void wait_for_lines(const char *name, unsigned int lines)
{
	char text[65536];

	for (int tries = 0; tries < 3000 && count_of(read_file(scratch, name, text), "\n") < lines;
	     tries++)
		usleep(10000);
	assert_int_equal(count_of(read_file(scratch, name, text), "\n"), lines);
}

#define SUPERVISED(how, script)                                                                    \
	program_start(log, (const char *const[]){PROGRAM, "run", "--guard", GUARD, how, "--", "sh",    \
						 "-c", script, "sh", out, NULL})

/* Fails if a change does not reach the program, or ends vmgenc run. */
static void signals_after_a_change(void **state)
{
	char log[100], out[100];
	pid_t pid;

	(void)state;
	snprintf(log, sizeof(log), "%s/log", scratch);
	snprintf(out, sizeof(out), "%s/out", scratch);
	pid = SUPERVISED("--signal=USR1", "trap 'echo USR1 >>$1' USR1; trap 'exit 3' TERM; "
					  "echo ready >>$1; while :; do sleep 0.02; done");
	wait_for_lines("out", 1);
	RUN(&result, "sim", sim, "bump");
	wait_for_lines("out", 2);
	RUN(&result, "sim", sim, "bump");
	wait_for_lines("out", 3);
	kill(pid, SIGTERM);
	assert_int_equal(program_end(pid), 3);
}

/* Fails if a change does not start the program anew, or a signal of the user's does. */
static void restarts_after_a_change(void **state)
{
	char log[100], out[100];
	pid_t pid;

	(void)state;
	snprintf(log, sizeof(log), "%s/log", scratch);
	snprintf(out, sizeof(out), "%s/out", scratch);
	pid = SUPERVISED("--restart", "echo started >>$1; while :; do sleep 0.02; done");
	wait_for_lines("out", 1);
	RUN(&result, "sim", sim, "bump");
	wait_for_lines("out", 2);
	kill(pid, SIGTERM);
	assert_int_equal(program_end(pid), 128 + SIGTERM);
	wait_for_lines("out", 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(refreshes_before_the_next_draw),
		TEST(draws_again_if_cloned_within),
		TEST(each_thread_and_child_refreshes),
		TEST(replaced_calls_do_what_they_did),
		TEST(survives_closed_descriptors),
		TEST(harmless_without_a_source),
		TEST(unsettled_refreshes_each_time),
		TEST(says_what_cannot_be_guarded),
		TEST(guards_itself),
		TEST(bad_usage),
		TEST(signals_after_a_change),
		TEST(restarts_after_a_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
