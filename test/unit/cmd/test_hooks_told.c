/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/cmd: vmgenc hooks - systemd and the host are told how it stands. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "hooks_fixture.h"

static void mend(void)
{
	write_file(scratch, "mended", "", 0600);
}

/* Takes what the service sends to systemd until it says this. */
static bool systemd_hears(int fd, const char *what)
{
	char message[1024];

	for (int i = 0; i < 1000; i++) {
		ssize_t n = recv(fd, message, sizeof(message) - 1,
				 0); /* at most a minute: SO_RCVTIMEO */

		if (n < 0)
			return false;
		message[n] = '\0';
		if (!strncmp(message, what, strlen(what)))
			return true;
	}
	return false;
}

static int be_systemd(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = 60};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", scratch);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	setenv("WATCHDOG_USEC", "200000", 1);
	return fd;
}

static int is_ready(const char *timeout)
{
	RUN(&result, "wait", "--ready", "--timeout", timeout, "--state", state_file, "--source",
	    sim.source);
	return result.code;
}

/*
 * Fails if the host is not told once a generation is done, is told too early or twice, or not told
 * later if it did not listen; or if wait --ready says something else.
 */
static void the_host_is_told(void **unused)
{
	char between[256], port[256], said[1024];
	pid_t pid;
	ssize_t n;
	int fd;

	(void)unused;
	setenv("WATCHDOG_USEC", "200000", 1);
	assert_int_equal(is_ready("60"), 0);
	snprintf(between, sizeof(between), "while [ ! -e %s/mended ]; do sleep 0.01; done",
		 scratch);
	hook_with("10-slow", "# vmgenc-hook: when=change", between);
	snprintf(port, sizeof(port), "%s/dev/virtio-ports/org.vmgenc.ready", root);
	assert_int_equal(shell("mkdir -p $(dirname %s) && mkfifo %s", port, port), 0);
	fd = be_systemd();
	pid = machine_service();
	assert_true(systemd_hears(fd, "STATUS=generation 1 is done"));
	close(fd);
	fd = open(port, O_RDONLY | O_CLOEXEC); /* until the service opens it again */
	n = read(fd, said, sizeof(said) - 1);
	assert_true(n > 0);
	said[n] = '\0';
	assert_non_null(strstr(said, "{\"vmgenc\": \"ready\", \"generation\": 1, \"id\": \""));
	close(fd);
	fd = open(port, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	simfile_bump(&sim);
	assert_true(wait_for("noted", "10-slow"));
	assert_int_equal(is_ready("0.1"), 1);
	assert_true(read(fd, said, sizeof(said)) <= 0);
	mend();
	assert_int_equal(is_ready("60"), 0);
	for (int i = 0; i < 6000 && (n = read(fd, said, sizeof(said) - 1)) <= 0; i++)
		sleep_us(10000);
	assert_true(n > 0);
	said[n] = '\0';
	assert_non_null(strstr(said, "\"ready\", \"generation\": 2, "));
	assert_int_equal(count_of(said, "\n"), 1);
	kill(pid, SIGTERM);
	assert_int_equal(program_end(pid), 0);
	assert_true(read(fd, said, sizeof(said)) <= 0);
	close(fd);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
}

/* Fails if systemd is not told that it is ready, alive (also in a hook), and what has failed. */
static void systemd_is_told(void **unused)
{
	char between[256];
	int fd = be_systemd();
	pid_t pid;

	(void)unused;
	snprintf(between, sizeof(between),
		 "[ -z \"$NOTIFY_SOCKET\" ] || echo leaked; while [ ! -e %s/mended ]; do sleep "
		 "0.01; done; exit 1",
		 scratch);
	hook_with("10-a", "# vmgenc-hook: when=change", between);
	pid = machine_service();
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	assert_true(systemd_hears(fd, "READY=1"));
	assert_true(systemd_hears(fd, "STATUS=generation 1 is done"));
	assert_true(systemd_hears(fd, "WATCHDOG=1"));
	simfile_bump(&sim);
	assert_true(systemd_hears(fd, "STATUS=running the hooks of generation 2"));
	assert_true(wait_for("noted", "10-a"));
	for (int i = 0; i < 3; i++)
		assert_true(systemd_hears(fd, "WATCHDOG=1"));
	mend();
	assert_true(systemd_hears(fd, "STATUS=generation 2: 1 hook has failed; 10-a exited with "
				      "code 1"));
	kill(pid, SIGTERM);
	assert_int_equal(program_end(pid), 0);
	close(fd);
	assert_null(strstr(read_file(scratch, "log", text), "leaked"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(systemd_is_told),
		TEST(the_host_is_told),
	};

	return cmocka_run_group_tests_name("vmgenc hooks: who is told", tests, NULL, NULL);
}
