/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/dist: the shipped hooks, ended at every step, leave nothing of theirs behind - no
 * private key above all - and do their work when they are run again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "program.h"
#include "simfile.h"

#define SKIPPED 77 /* see test/lib.sh */
#define LONGEST_MS 60000

static char scratch[64], hooks[80], state_file[80];
static struct simfile sim;
static struct result result;

static int shell(const char *command)
{
	return system(command);
}

static int setup(void **unused)
{
	(void)unused;
	scratch_create(scratch);
	snprintf(hooks, sizeof(hooks), "%s/hooks", scratch);
	snprintf(state_file, sizeof(state_file), "%s/state", scratch);
	if (simfile_create_plain(&sim) || mkdir(hooks, 0755))
		return -1;
	/* /etc with what ssh-keygen needs, on a file system of its own. */
	return shell(
		"d=$(mktemp -d) && cp /etc/passwd /etc/group /etc/nsswitch.conf "
		"/etc/ld.so.cache $d && mount -t tmpfs -o mode=755 tmpfs /etc && cp $d/* /etc "
		"&& rm -r $d && mkdir /etc/ssh && mount -t tmpfs -o mode=755 tmpfs /var/lib && "
		"mount -t tmpfs -o mode=755 tmpfs /run");
}

static int teardown(void **unused)
{
	(void)unused;
	shell("umount /run /var/lib /etc");
	scratch_remove(scratch);
	simfile_remove(&sim);
	return 0;
}

/* Enables it with a limit of so many milliseconds, of its own; anew, as the old one may be busy. */
static void enable(const char *name, int ms)
{
	char command[512];

	snprintf(command, sizeof(command),
		 "rm -f %s/%s && sed 's/^# vmgenc-hook:.*/& timeout=%d.%03d/' dist/hooks/%s "
		 ">%s/%s && chmod 755 %s/%s",
		 hooks, name, ms / 1000, ms % 1000, name, hooks, name, hooks, name);
	assert_int_equal(shell(command), 0);
}

static int once(void)
{
	RUN(&result, "hooks", hooks, "--once", "--state", state_file, "--source", sim.source);
	return result.code;
}

static void nothing_is_left(void)
{
	static const char find[] = "find /etc /var/lib /run -name '.vmgenc*' -o -name '*.new' -o "
				   "-name 'new.*' | grep .";

	assert_int_not_equal(shell(find), 0);
	snprintf(result.out, sizeof(result.out), "ls -dA %s/.vmgenc-* 2>/dev/null", scratch);
	assert_int_not_equal(shell(result.out), 0);
}

/* Ever longer until it has time enough; what it is cut off from is different each time. */
static void ended_at_every_step(const char *name, int first_ms, const char *is_whole)
{
	int cut = 0, ms = first_ms;

	assert_int_equal(once(), 0);
	simfile_bump(&sim);
	for (enable(name, ms); once() != 0 && ms < LONGEST_MS; enable(name, ms)) {
		assert_non_null(strstr(result.err, "took too long and was ended"));
		nothing_is_left();
		assert_int_equal(shell(is_whole), 0);
		cut++;
		ms += ms / 4 + 1;
	}
	assert_true(cut > 0);
	nothing_is_left();
	assert_int_equal(shell(is_whole), 0);
	RUN(&result, "status", "--state", state_file, "--source", sim.source);
	assert_int_equal(result.code, 0);
}

/* Fails if a private key stays when the hook is ended, or none is there at any time. */
static void ssh_host_keys(void **unused)
{
	(void)unused;
	if (access("/usr/bin/ssh-keygen", X_OK))
		skip();
	assert_int_equal(shell("ssh-keygen -q -A && cat /etc/ssh/*.pub >/run/before"), 0);
	ended_at_every_step("30-ssh-host-keys", 20, "ls /etc/ssh/ssh_host_*_key >/dev/null");
	assert_int_not_equal(shell("cat /etc/ssh/*.pub | grep -qFf - /run/before"), 0);
}

/* Fails if there is no machine id at any time, or half of one. */
static void machine_id(void **unused)
{
	(void)unused;
	assert_int_equal(shell("echo 0123456789abcdef0123456789abcdef >/etc/machine-id"), 0);
	ended_at_every_step("20-machine-id", 1, "grep -qx '[0-9a-f]\\{32\\}' /etc/machine-id");
	assert_int_not_equal(shell("grep -q 0123456789abcdef /etc/machine-id"), 0);
}

/* Fails if what was to become a seed stays. */
static void random_seed(void **unused)
{
	(void)unused;
	assert_int_equal(shell("mkdir /var/lib/systemd && echo old >/var/lib/systemd/random-seed"),
			 0);
	ended_at_every_step("10-random-seed", 1, "[ -s /var/lib/systemd/random-seed ]");
	assert_int_not_equal(shell("grep -q old /var/lib/systemd/random-seed"), 0);
}

/* Where this process may have no namespace of its own, nothing can be tested safely. */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ssh_host_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(machine_id, setup, teardown),
		cmocka_unit_test_setup_teardown(random_seed, setup, teardown),
	};

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL)) {
		printf("no mount namespace is to be had: %s\n", strerror(errno));
		return SKIPPED;
	}
	return cmocka_run_group_tests_name("shipped hooks that are ended", tests, NULL, NULL);
}
