/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/cmd: what vmgenc hooks gives a hook, and what it does with one that fails, hangs, forks
 * away or prints without end. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "hooks_fixture.h"

/* Fails if a hook does not get what is documented, or gets what it should not. */
static void environment_of_a_hook(void **unused)
{
	(void)unused;
	setenv("SECRET_OF_THE_CALLER", "1", 1);
	hook("a", "pwd; env; cat; echo to the log >&2");
	assert_int_equal(once(), 0);
	simfile_bump(&sim);
	assert_int_equal(once(), 0);
	unsetenv("SECRET_OF_THE_CALLER");
	assert_non_null(strstr(result.err, "a: VMGENC_GENERATION=2\n"));
	assert_non_null(strstr(result.err, "a: VMGENC_PREVIOUS_GENERATION=1\n"));
	assert_non_null(strstr(result.err, "a: VMGENC_ID="));
	assert_non_null(strstr(result.err, "a: /\n"));
	assert_non_null(strstr(result.err, "a: to the log\n"));
	assert_null(strstr(result.err, "SECRET"));
}

/* Fails if a hook gets a descriptor that the caller left open, or a signal that is ignored. */
static void nothing_of_the_caller(void **unused)
{
	char open_here[32], *ignored;
	int left = fcntl(1, F_DUPFD, 77);

	(void)unused;
	assert_true(left >= 77);
	snprintf(open_here, sizeof(open_here), "a: left %d\n", left);
	signal(SIGHUP, SIG_IGN);
	hook("a", "for f in /proc/$$/fd/*; do echo left ${f##*/}; done; grep Sig /proc/$$/status");
	assert_int_equal(once(), 0);
	simfile_bump(&sim);
	assert_int_equal(once(), 0);
	signal(SIGHUP, SIG_DFL);
	close(left);
	assert_non_null(strstr(result.err, "a: left 0\n"));
	assert_null(strstr(result.err, open_here));
	ignored = strstr(result.err, "SigIgn:?");
	assert_non_null(ignored);
	/* Of signals 1 to 31; two that the C library keeps for itself follow. */
	assert_int_equal(strtoull(ignored + 8, NULL, 16) & 0x7fffffff, 0);
	assert_non_null(strstr(result.err, "SigBlk:?0000000000000000\n"));
}

/* Fails if a failure stops the other hooks, is repeated, or is not reported. */
static void hooks_that_fail(void **unused)
{
	(void)unused;
	hook("10-fails", "exit 3");
	hook("20-dies", "kill -SEGV $$");
	write_file(hooks, "30-nothing", "#!/nonexistent/interpreter\n", 0755);
	hook("40-good", "");
	assert_int_equal(once(), 0);
	simfile_bump(&sim);
	assert_int_equal(once(), 1);
	assert_non_null(strstr(result.err, "generation 2: 10-fails exited with code 3"));
	assert_non_null(strstr(result.err, "generation 2: 20-dies was ended by signal 11"));
	assert_non_null(strstr(result.err, "generation 2: 30-nothing exited with code 127"));
	assert_non_null(strstr(done(), "end 40-good 2"));
	assert_int_equal(state().failures, 3);
	assert_int_equal(once(), 0);
	assert_int_equal(count_of(done(), "begin"), 3);
	RUN(&result, "status", "--state", state_file, "--source", sim.source);
	assert_int_equal(result.code, 1);
	assert_non_null(strstr(result.out, "4 hooks run, 3 failed"));
	assert_non_null(strstr(result.out, "last failure: generation 2: 30-nothing"));
}

/* Fails if a hook that hangs, deaf to SIGTERM and with a child in a session of its own, stays. */
static void hook_that_hangs(void **unused)
{
	char between[512];

	(void)unused;
	snprintf(between, sizeof(between),
		 "trap '' TERM\nsetsid sh -c 'echo $$ >%s/far; sleep 1000' &\necho $$ "
		 ">%s/near\nwhile :; do "
		 "sleep 1000; done",
		 scratch, scratch);
	hook("10-hangs", between);
	hook("20-next", "");
	assert_int_equal(once(), 0);
	simfile_bump(&sim);
	assert_int_equal(once(), 1);
	assert_non_null(strstr(result.err, "generation 2: 10-hangs took too long and was ended"));
	assert_non_null(strstr(done(), "end 20-next 2"));
	assert_true(pid_in("near") > 1 && is_gone(pid_in("near")));
	assert_true(pid_in("far") > 1 && is_gone(pid_in("far")));
}

/* Fails if a daemon that a hook starts is waited for, for its end or for that of its output. */
static void hook_that_forks_away(void **unused)
{
	char between[512];

	(void)unused;
	snprintf(between, sizeof(between),
		 "setsid sh -c 'echo $$ >%s/far; exec sleep 1000' &\n"
		 "while [ ! -s %s/far ]; do :; done",
		 scratch, scratch);
	hook("a", between);
	assert_int_equal(once(), 0);
	simfile_bump(&sim);
	assert_int_equal(once(), 0);
	assert_null(strstr(result.err, "too long"));
	assert_true(pid_in("far") > 1);
	assert_int_equal(kill(pid_in("far"), SIGKILL), 0); /* it lives: restarts start daemons */
}

/* Fails if the log fills the disk, or the hook waits for somebody to read. */
static void hook_that_prints_endlessly(void **unused)
{
	pid_t pid;
	struct stat st;

	(void)unused;
	hook("10-much", "head -c 3000000 /dev/zero | tr '\\0' 'x'; echo; yes | head -n 1000000");
	hook("20-endless", "exec yes");
	assert_int_equal(once(), 0);
	simfile_bump(&sim);
	pid = START(log_file, "hooks", hooks, "--once", "--timeout", "3", "--state", state_file,
		    "--source", sim.source);
	assert_int_equal(program_end(pid), 1);
	assert_int_equal(stat(log_file, &st), 0);
	assert_true(st.st_size < 400000);
	assert_non_null(strstr(done(), "end 10-much 2"));
	assert_int_equal(state().runs, 2);
	assert_int_equal(state().failures, 1);
}

/* Fails if what a hook prints can drive the terminal that shows the log: C0, C1, and C1 in UTF-8.
 */
static void hook_that_prints_controls(void **unused)
{
	(void)unused;
	hook("a", "printf 'x\\033[2Jy\\233z\\302\\233w\\177 \\303\\244~\\n'");
	assert_int_equal(once(), 0);
	simfile_bump(&sim);
	assert_int_equal(once(), 0);
	assert_non_null(strstr(result.err, "a: x?[2Jy?z??w? ??~\n"));
	for (const char *at = result.err; *at; at++)
		assert_true(*at == '\n' || (*at >= ' ' && *at <= '~'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(environment_of_a_hook),	 TEST(nothing_of_the_caller),
		TEST(hooks_that_fail),		 TEST(hook_that_hangs),
		TEST(hook_that_forks_away),	 TEST(hook_that_prints_endlessly),
		TEST(hook_that_prints_controls),
	};

	return cmocka_run_group_tests_name("vmgenc hooks, hooks that misbehave", tests, NULL, NULL);
}
