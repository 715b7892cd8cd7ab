/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/cmd: vmgenc hooks' record of what was run: one writer, broken ones, a full disk, no
 * descriptors. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hooks_fixture.h"

/* Fails if two runs overlap, or the second waits without end. */
static void one_at_a_time(void **unused)
{
	pid_t pid;

	(void)unused;
	hook("a", "");
	pid = service();
	assert_true(wait_done(1));
	assert_int_equal(once(), 3);
	assert_non_null(strstr(result.err, "another vmgenc hooks uses"));
	kill(pid, SIGTERM);
	assert_int_equal(program_end(pid), 0);
	assert_int_equal(once(), 0);
}

/* Fails if a record that is not one is believed, or destroyed before somebody has seen it. */
static void records_that_are_broken(void **unused)
{
	static const char *const broken[] = {"",
					     "{",
					     "[]",
					     "null",
					     "{\"version\": 1}",
					     "\xff\xfe",
					     "{\"version\": 2, \"boot\": \"\"}"};

	(void)unused;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		write_file(scratch, "state", broken[i], 0644);
		assert_int_equal(once(), 3);
		assert_non_null(strstr(result.err, state_file));
		assert_string_equal(read_file(scratch, "state", text), broken[i]);
	}
}

/* Fails if a hook runs that cannot be recorded, or is lost when it can again. */
static void record_that_cannot_be_written(void **unused)
{
	char here[80], away[80];
	pid_t pid;

	(void)unused;
	snprintf(here, sizeof(here), "%s/var", scratch);
	snprintf(away, sizeof(away), "%s/away", scratch);
	assert_int_equal(mkdir(here, 0700), 0);
	snprintf(state_file, sizeof(state_file), "%s/state", here);
	hook("a", "");
	pid = service();
	assert_true(wait_done(1));
	assert_int_equal(rename(here, away), 0);
	simfile_bump(&sim);
	assert_true(wait_for("log", "no hook is run until it can"));
	assert_string_equal(done(), "");
	assert_int_equal(rename(away, here), 0);
	assert_true(wait_done(2));
	assert_string_equal(done(), "begin a 2\nend a 2\n");
	kill(pid, SIGTERM);
	assert_int_equal(program_end(pid), 0);
}

/* Fails if a full disk leaves half a record, or none. */
static void full_disk(void **unused)
{
	char where[80];
	int fd;

	(void)unused;
	snprintf(where, sizeof(where), "%s/disk", scratch);
	assert_int_equal(mkdir(where, 0700), 0);
	if (mount("tmpfs", where, "tmpfs", 0, "size=16k"))
		skip(); /* needs root, and a sandbox that lets it */
	snprintf(state_file, sizeof(state_file), "%s/state", where);
	hook("a", "");
	assert_int_equal(once(), 0);
	fd = open(strcat(strcpy(text, where), "/fill"), O_WRONLY | O_CREAT, 0600);
	while (write(fd, text, 4096) == 4096)
		;
	close(fd);
	simfile_bump(&sim);
	int code = once();
	bool whole = is_done(1), quiet = !*done();

	unlink(strcat(strcpy(text, where), "/fill"));
	int after = once();
	bool ran = !strcmp(done(), "begin a 2\nend a 2\n");

	umount(where);
	assert_int_equal(code, 3);
	assert_true(whole && quiet);
	assert_int_equal(after, 0);
	assert_true(ran);
}

static int once_with_descriptors(int limit)
{
	char command[512];

	snprintf(command, sizeof(command),
		 "ulimit -n %d; exec " PROGRAM " hooks %s --once --state %s --source %s", limit,
		 hooks, state_file, sim.source);
	program_run(&result, (const char *const[]){"/bin/sh", "-c", command, NULL});
	return result.code;
}

/* Fails if it crashes, blames something else, or loses the change where descriptors run out. */
static void without_descriptors(void **unused)
{
	int limit = 3;

	(void)unused;
	hook("a", "");
	assert_int_equal(once(), 0);
	simfile_bump(&sim);
	/* With some more than it needs itself, it is the hook that does not have enough. */
	while (once_with_descriptors(limit) == 3) {
		assert_true(strstr(result.err, "open files") ||
			    strstr(result.err, "Too many open"));
		assert_string_equal(done(), "");
		assert_true(is_done(1));
		limit++;
	}
	assert_true(limit > 6);
	assert_true(is_done(2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_at_a_time),
		TEST(records_that_are_broken),
		TEST(record_that_cannot_be_written),
		TEST(full_disk),
		TEST(without_descriptors),
	};

	return cmocka_run_group_tests_name("vmgenc hooks, record", tests, NULL, NULL);
}
