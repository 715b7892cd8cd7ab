/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/cmd: vmgenc hooks - a hook that fails is seen, is run again, and leaves nothing behind.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hooks_fixture.h"

static char fails[256]; /* what is between: fails until there is a file "mended" */

static int setup(void **unused)
{
	int error = hooks_setup(unused);

	snprintf(fails, sizeof(fails), "[ -e %s/mended ]", scratch);
	return error;
}

static void mend(void)
{
	write_file(scratch, "mended", "", 0600);
}

static void change(int code)
{
	simfile_bump(&sim);
	assert_int_equal(machine_once(), code);
}

static int retry(const char *name)
{
	if (*name)
		RUN(&result, "hooks", "--retry", name, "--state", state_file);
	else
		RUN(&result, "hooks", "--retry", "--state", state_file);
	return result.code;
}

static int status(void)
{
	RUN(&result, "status", "--state", state_file, "--source", sim.source);
	return result.code;
}

/* Fails if a failure is not seen, is forgotten, or is run again where the hook does not say so. */
static void failures_are_owed(void **unused)
{
	(void)unused;
	hook_with("10-safe", "# vmgenc-hook: when=change retry=safe", fails);
	hook_with("20-once", "# vmgenc-hook: when=change", fails);
	hook_with("30-good", "# vmgenc-hook: when=change retry=safe", "");
	assert_int_equal(machine_once(), 0);
	change(1);
	noted();
	assert_int_equal(status(), 1);
	assert_non_null(strstr(result.out, "owed: 10-safe exited with code 1; attempts: 1; it is "
					   "run again by itself"));
	assert_non_null(strstr(result.out, "owed: 20-once exited with code 1; attempts: 1; "
					   "vmgenc hooks --retry runs it again"));
	RUN(&result, "status", "--json", "--state", state_file, "--source", sim.source);
	assert_int_equal(result.code, 1);
	assert_non_null(strstr(result.out, "\"name\": \"20-once\""));
	RUN(&result, "doctor", "--state", state_file, "--source", sim.source);
	assert_non_null(strstr(result.out, "to do 2 hooks have not done their work; "
					   "generation 2: 10-safe exited with code 1"));
	assert_int_equal(machine_once(), 1);
	assert_string_equal(noted(), "10-safe change yes 2\n");
	mend();
	assert_int_equal(machine_once(), 0);
	assert_string_equal(noted(), "10-safe change yes 3\n");
	assert_int_equal(status(), 1);
	assert_int_equal(retry(""), 0);
	assert_string_equal(noted(), "20-once change yes 2\n");
	assert_int_equal(status(), 0);
	assert_int_equal(retry(""), 0);
	assert_string_equal(noted(), "");
}

/* Fails if --retry runs another one, hides that it failed, or keeps one that was turned off. */
static void retry_by_name(void **unused)
{
	(void)unused;
	hook_with("10-a", "# vmgenc-hook: when=change", fails);
	hook_with("20-b", "# vmgenc-hook: when=change", fails);
	assert_int_equal(machine_once(), 0);
	change(1);
	noted();
	assert_int_equal(retry("10-a"), 1);
	assert_string_equal(noted(), "10-a change yes 2\n");
	assert_non_null(strstr(result.err, "10-a exited with code 1"));
	mend();
	assert_int_equal(retry("10-a"), 0);
	assert_int_equal(retry("10-a"), 1);
	assert_non_null(strstr(result.err, "10-a is not owed"));
	assert_int_equal(retry("../20-b"), 1);
	noted();
	assert_int_equal(chmod(strcat(strcpy(text, hooks), "/20-b"), 0644), 0);
	assert_int_equal(retry(""), 0);
	assert_string_equal(noted(), "");
	assert_non_null(strstr(result.err, "20-b is off, and not owed any more"));
	assert_int_equal(state().owed_count, 0);
}

/* Fails if a service that runs is in the way of --retry, --new-machine or --wait. */
static void asked_while_it_runs(void **unused)
{
	pid_t pid;

	(void)unused;
	hook_with("10-a", "# vmgenc-hook: when=change", fails);
	assert_int_equal(machine_once(), 0);
	pid = machine_service();
	simfile_bump(&sim);
	assert_true(wait_for("log", "10-a exited with code 1"));
	RUN(&result, "hooks", "--wait", "--state", state_file);
	assert_int_equal(result.code, 1);
	assert_int_equal(retry("10-a"), 1);
	mend();
	assert_int_equal(retry(""), 0);
	assert_string_equal(noted(), "10-a change yes 1\n10-a change yes 2\n10-a change yes 3\n");
	RUN(&result, "hooks", "--new-machine", "--state", state_file);
	assert_int_equal(result.code, 0);
	assert_string_equal(noted(), "10-a new-machine yes 1\n");
	RUN(&result, "hooks", "--wait", "--state", state_file);
	assert_int_equal(result.code, 0);
	kill(pid, SIGTERM);
	assert_int_equal(program_end(pid), 0);
}

/* Of the lock, as a supervisor of a service that was killed leaves it: held, with a number. */
static int stale_lock(pid_t number)
{
	char line[32];
	int fd;

	snprintf(line, sizeof(line), "%d\n", (int)number);
	write_file(scratch, "state.lock", line, 0600);
	write_file(scratch, "state.service", line, 0600);
	snprintf(text, sizeof(text), "%s/state.lock", scratch);
	fd = open(text, O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	return fd;
}

/* Fails if a process is signalled, or waited for, because it has the number of an earlier service.
 */
static void number_of_another(void **unused)
{
	int status, fd;
	pid_t other, asking;

	(void)unused;
	hook_with("10-a", "# vmgenc-hook: when=change", fails);
	assert_int_equal(machine_once(), 0);
	change(1);
	mend();
	noted();
	other = fork();
	if (!other) {
		pause();
		_exit(0);
	}
	fd = stale_lock(other);
	asking = START(log_file, "hooks", "--retry", "--state", state_file);
	assert_true(wait_for("state.request", "retry"));
	sleep_us(200000);
	assert_int_equal(waitpid(other, &status, WNOHANG), 0);
	close(fd);
	assert_int_equal(program_end(asking), 0);
	assert_string_equal(noted(), "10-a change yes 2\n");
	assert_int_equal(waitpid(other, &status, WNOHANG), 0);
	kill(other, SIGKILL);
	waitpid(other, &status, 0);
}

/* Fails if one that begins keeps a share of the lock, so that two would wait for each other. */
static void shares_the_lock_with_nobody(void **unused)
{
	bool alone = false;
	pid_t pid;
	int fd;

	(void)unused;
	hook_with("10-a", "# vmgenc-hook: when=change", "true");
	write_file(scratch, "state.lock", "", 0600);
	snprintf(text, sizeof(text), "%s/state.lock", scratch);
	fd = open(text, O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_SH | LOCK_NB), 0); /* as one who looks for a service */
	pid = START(log_file, "hooks", hooks, "--once", "--state", state_file, "--source",
		    sim.source, "--root", root);
	sleep_us(300000);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	for (int tries = 0; tries < 20 && !alone; tries++) {
		alone = !flock(fd, LOCK_EX | LOCK_NB);
		assert_int_equal(flock(fd, LOCK_SH | LOCK_NB), 0);
		sleep_us(1300);
	}
	assert_true(alone);
	close(fd);
	assert_int_equal(program_end(pid), 0);
}

/* Fails if --wait does not wait, or waits beyond its time. */
static void waits_for_the_end(void **unused)
{
	char between[256];
	pid_t pid;

	(void)unused;
	snprintf(between, sizeof(between), "while [ ! -e %s/mended ]; do sleep 0.01; done",
		 scratch);
	hook_with("10-slow", "# vmgenc-hook: when=change", between);
	RUN(&result, "hooks", "--wait", "--state", state_file);
	assert_int_equal(result.code, 0);
	assert_int_equal(machine_once(), 0);
	pid = machine_service();
	simfile_bump(&sim);
	assert_true(wait_for("noted", "10-slow"));
	RUN(&result, "hooks", "--wait", "--timeout", "0.1", "--state", state_file);
	assert_int_equal(result.code, 1);
	assert_non_null(strstr(result.err, "hooks of generation 2 are under way"));
	mend();
	RUN(&result, "hooks", "--wait", "--state", state_file);
	assert_int_equal(result.code, 0);
	assert_false(state().under_way);
	kill(pid, SIGTERM);
	assert_int_equal(program_end(pid), 0);
}

static int wait_of(const char *timeout)
{
	RUN(&result, "hooks", "--wait", "--timeout", timeout, "--state", state_file, "--source",
	    sim.source);
	return result.code;
}

/*
 * Fails if --wait with the source returns before the service has come to a change, or hangs where
 * none runs, or where one was killed.
 */
static void waits_for_the_generation_in_force(void **unused)
{
	char between[256];
	pid_t pid;

	(void)unused;
	assert_int_equal(wait_of("60"), 0); /* nobody uses hooks here */
	snprintf(between, sizeof(between), "while [ ! -e %s/mended ]; do sleep 0.01; done",
		 scratch);
	hook_with("10-slow", "# vmgenc-hook: when=change", between);
	assert_int_equal(machine_once(), 0);
	assert_int_equal(wait_of("60"), 0);
	assert_int_equal(status(), 0);
	simfile_bump(&sim);
	assert_int_equal(status(), 1);
	assert_non_null(strstr(result.out, "hooks for the generation in force have not begun\n"
					   "            to do: vmgenc hooks --wait"));
	assert_int_equal(wait_of("60"), 1);
	assert_non_null(strstr(result.err, "vmgenc hooks has not come to generation 2, and it does "
					   "not run"));
	pid = machine_service();
	assert_true(wait_for("noted", "10-slow"));
	assert_int_equal(status(), 1);
	assert_non_null(strstr(result.out, "generation 2 under way; "));
	assert_non_null(strstr(result.out, "to do: vmgenc hooks --wait"));
	kill(pid, SIGSTOP); /* it has no chance to notice */
	simfile_bump(&sim);
	mend();
	assert_int_equal(wait_of("0.2"), 1);
	assert_null(strstr(result.err, "does not run"));
	kill(pid, SIGCONT);
	assert_int_equal(wait_of("60"), 0);
	assert_string_equal(noted(), "10-slow change yes 1\n10-slow change yes 1\n");
	kill(pid, SIGTERM);
	assert_int_equal(program_end(pid), 0);
	assert_int_equal(wait_of("60"), 0);
	assert_int_equal(shell("rm %s/mended", scratch), 0);
	pid = machine_service();
	simfile_bump(&sim);
	assert_true(wait_for("noted", "10-slow"));
	kill(pid, SIGKILL);
	program_end(pid);
	while (!wait_of("60") || strstr(result.err, "does not run") == NULL)
		assert_non_null(strstr(result.err, "hooks of generation 4 are under way"));
	sim.page->settled--;
	assert_int_equal(wait_of("0.1"), 1);
	assert_non_null(strstr(result.err, "the kernel is not rekeyed for generation 4"));
}

/* Fails if the pause does not grow, or grows without end; and if the service does not keep it. */
static void pause_that_grows(void **unused)
{
	int64_t before = 0, least = 10;

	(void)unused;
	hook_with("10-a", "# vmgenc-hook: when=change retry=safe", "exit 1");
	assert_int_equal(machine_once(), 0);
	change(1);
	for (int i = 1; i < 12; i++) {
		const struct owed owed = state().owed[0], *o = &owed;
		int64_t now = time(NULL);

		assert_int_equal(o->attempts, i);
		assert_true(o->next >= before + (i > 1 ? least : 0) && o->next <= now + 3600);
		before = o->next - least; /* not before it was noted */
		least = least * 2 < 3600 ? least * 2 : 3600;
		assert_int_equal(machine_once(), 1);
	}
}

static int left_behind(void)
{
	char command[256];

	snprintf(command, sizeof(command),
		 "ls -dA %s/.vmgenc-* %s/here/.vmgenc-* 2>/dev/null | grep -q .", scratch, scratch);
	return !system(command);
}

/* Fails if a private key outlives the hook that is ended. */
static void ended_by_its_limit(void **unused)
{
	char header[256];

	(void)unused;
	snprintf(header, sizeof(header), "# vmgenc-hook: when=change timeout=4 scratch=%s/here",
		 scratch);
	hook_with("10-a", header,
		  "echo key >$VMGENC_SCRATCH/key; mkdir -p $VMGENC_SCRATCH/a/b; ln -s / "
		  "$VMGENC_SCRATCH/a/root; echo $VMGENC_SCRATCH; trap '' TERM; sleep 1000");
	assert_int_equal(machine_once(), 0);
	change(1); /* "here" is not there: beside the record */
	assert_non_null(strstr(result.err, "10-a took too long and was ended"));
	snprintf(header, sizeof(header), "10-a: %s/.vmgenc-", scratch);
	assert_non_null(strstr(result.err, header));
	assert_false(left_behind());
	assert_int_equal(mkdir(strcat(strcpy(text, scratch), "/here"), 0755), 0);
	change(1);
	snprintf(header, sizeof(header), "10-a: %s/here/.vmgenc-", scratch);
	assert_non_null(strstr(result.err, header));
	assert_false(left_behind());
	assert_int_equal(chmod(strcat(strcpy(text, scratch), "/here"), 0777), 0);
	change(1);
	assert_non_null(strstr(result.err, "10-a has no private directory: "));
	assert_int_equal(access("/etc/passwd", F_OK), 0); /* links are not followed */
}

static pid_t supervisor(pid_t pid)
{
	char command[64];
	FILE *f;
	int child = 0;

	snprintf(command, sizeof(command), "pgrep -P %d", pid);
	f = popen(command, "r");
	if (!f || fscanf(f, "%d", &child) != 1)
		child = 0;
	if (f)
		pclose(f);
	return child;
}

/* Fails if a power cut in a hook leaves its files, or a hook that may run again does not. */
static void killed_with_its_supervisor(void **unused)
{
	char between[256];
	pid_t pid, child;

	(void)unused;
	snprintf(between, sizeof(between),
		 "echo key >$VMGENC_SCRATCH/key; echo $$ >%s/near; [ -e %s/mended ] || sleep 1000",
		 scratch, scratch);
	hook_with("10-a", "# vmgenc-hook: when=change retry=safe", between);
	assert_int_equal(machine_once(), 0);
	pid = machine_service();
	simfile_bump(&sim);
	assert_true(wait_for("near", "\n"));
	child = supervisor(pid);
	assert_true(child > 1);
	kill(child, SIGSTOP); /* so that it cannot clean up when we die */
	kill(pid, SIGKILL);
	assert_int_equal(program_end(pid), 128 + SIGKILL);
	kill(child, SIGKILL);
	kill(atoi(read_file(scratch, "near", text)), SIGKILL);
	assert_true(left_behind());
	noted();
	mend();
	assert_int_equal(machine_once(), 0);
	assert_non_null(strstr(result.err, "10-a was interrupted"));
	assert_false(left_behind());
	assert_int_equal(state().owed_count, 1);
	assert_int_equal(retry(""), 0);
	assert_string_equal(noted(), "10-a change yes 2\n");
	assert_int_equal(state().owed_count, 0);
}

/* Fails if a retry that cannot be recorded runs, or is lost with the full disk. */
static void full_disk(void **unused)
{
	char where[80];
	int fd, full, empty;

	(void)unused;
	snprintf(where, sizeof(where), "%s/disk", scratch);
	assert_int_equal(mkdir(where, 0700), 0);
	if (mount("tmpfs", where, "tmpfs", 0, "size=16k"))
		skip(); /* needs root, and a sandbox that lets it */
	snprintf(state_file, sizeof(state_file), "%s/state", where);
	hook_with("10-a", "# vmgenc-hook: when=change retry=safe", fails);
	assert_int_equal(machine_once(), 0);
	change(1);
	noted();
	mend();
	fd = open(strcat(strcpy(text, where), "/fill"), O_WRONLY | O_CREAT, 0600);
	while (write(fd, text, 4096) == 4096)
		;
	close(fd);
	full = retry("");
	bool quiet = !*noted(), owed = state().owed_count == 1;

	unlink(strcat(strcpy(text, where), "/fill"));
	empty = retry("");
	bool ran = !strcmp(noted(), "10-a change yes 2\n");

	umount(where);
	assert_int_equal(full, 3);
	assert_true(quiet && owed);
	assert_int_equal(empty, 0);
	assert_true(ran);
}

/* Fails if the service ends well where there is no device, which systemd would take for an end. */
static void without_the_device(void **unused)
{
	(void)unused;
	RUN(&result, "hooks", hooks, "--state", state_file, "--source",
	    "dev:/dev/vmgenc-that-is-not-there");
	assert_int_equal(result.code, 1);
	assert_non_null(strstr(result.err, "is not there"));
}

/* Fails if options that do not go together are taken. */
static void wrong_usage(void **unused)
{
	(void)unused;
	RUN(&result, "hooks", "--retry", "a", "b", "--state", state_file);
	assert_int_equal(result.code, 2);
	RUN(&result, "hooks", "--retry", "--wait");
	assert_int_equal(result.code, 2);
	RUN(&result, "hooks", "--wait", "dir");
	assert_int_equal(result.code, 2);
	RUN(&result, "hooks", "--new-machine", "--once");
	assert_int_equal(result.code, 2);
	RUN(&result, "hooks", "--new-machine", "--state", state_file);
	assert_int_equal(result.code, 3); /* nothing is recorded yet */
}

#undef TEST
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, cmd_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(failures_are_owed),
		TEST(retry_by_name),
		TEST(asked_while_it_runs),
		TEST(waits_for_the_end),
		TEST(waits_for_the_generation_in_force),
		TEST(pause_that_grows),
		TEST(ended_by_its_limit),
		TEST(killed_with_its_supervisor),
		TEST(full_disk),
		TEST(without_the_device),
		TEST(wrong_usage),
		TEST(number_of_another),
		TEST(shares_the_lock_with_nobody),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("vmgenc hooks: retries", tests, NULL, NULL);
}
