/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/cmd: directories and files that vmgenc hooks does not run, since others may write them.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hooks_fixture.h"

#define NOBODY 65534

static void refused(const char *why)
{
	assert_int_equal(once(), 3);
	assert_non_null(strstr(result.err, hooks));
	assert_non_null(strstr(result.err, why));
	assert_string_equal(done(), "");
}

/* Fails if somebody else's programs are run as root; or if their change is lost with that. */
static void directories_that_are_refused(void **unused)
{
	char why[128];

	(void)unused;
	hook("a", "");
	assert_int_equal(once(), 0);
	simfile_bump(&sim);
	chmod(hooks, 0775);
	refused("is writable by its group");
	chmod(hooks, 0757);
	refused("is writable by everyone");
	chmod(hooks, 0755);
	if (geteuid() == 0) {
		assert_int_equal(chown(hooks, NOBODY, NOBODY), 0);
		refused("is owned by another user");
		assert_int_equal(chown(hooks, 0, 0), 0);
	}
	chmod(scratch, 0777);
	snprintf(why, sizeof(why), "refused, since %s is writable by everyone", scratch);
	refused(why);
	chmod(scratch, 0700);
	assert_int_equal(once(), 0);
	assert_string_equal(done(), "begin a 2\nend a 2\n");
	RUN(&result, "hooks", "/nonexistent", "--once", "--state", state_file);
	assert_int_equal(result.code, 3);
	assert_non_null(strstr(result.err, "/nonexistent"));
}

/* Fails if a directory that becomes unsafe while the service runs is used, or its change lost. */
static void directory_that_becomes_unsafe(void **unused)
{
	pid_t pid;

	(void)unused;
	hook("a", "");
	pid = service();
	assert_true(wait_done(1));
	chmod(hooks, 0777);
	simfile_bump(&sim);
	assert_true(wait_for("log", "waits for it"));
	assert_string_equal(done(), "");
	kill(pid, SIGTERM);
	assert_int_equal(program_end(pid), 0);
	chmod(hooks, 0755);
	assert_int_equal(once(), 0);
	assert_string_equal(done(), "begin a 2\nend a 2\n");
}

/* Fails if a file that others can write is run, or takes the rest with it; or if one is run that
 * is off or no hook. */
static void files_that_are_not_run(void **unused)
{
	(void)unused;
	hook("10-open", "");
	chmod(strcat(strcpy(text, hooks), "/10-open"), 0777);
	hook("20-off", "");
	chmod(strcat(strcpy(text, hooks), "/20-off"), 0644);
	hook(".hidden", "");
	hook("a~", "");
	hook("b.dpkg-old", "");
	hook("30-good", "");
	assert_int_equal(once(), 0);
	snprintf(text, sizeof(text), "10-open: refused, since %s/10-open is writable by everyone",
		 hooks);
	assert_non_null(strstr(result.err, text));
	simfile_bump(&sim);
	assert_int_equal(once(), 1);
	assert_string_equal(done(), "begin 30-good 2\nend 30-good 2\n");
	assert_int_equal(state().failures, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(directories_that_are_refused),
		TEST(directory_that_becomes_unsafe),
		TEST(files_that_are_not_run),
	};

	return cmocka_run_group_tests_name("vmgenc hooks, refused", tests, NULL, NULL);
}
