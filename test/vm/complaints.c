/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/vm: runs /test with this program's arguments, on a kernel that checks itself, and then fails
 * if the kernel has complained of anything since it booted, or has lost memory.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

#define KMEMLEAK "/sys/kernel/debug/kmemleak"

/* What a report begins with: KASAN, lockdep, RCU, debug objects, might_sleep(), WARN(), hung tasks.
 */
static const char *const marks[] = {
	"BUG:",
	"WARNING:",
	"ODEBUG:",
	"possible recursive locking",
	"INFO: task",
	"INFO: rcu",
	"suspicious RCU",
	"Call Trace",
	"kernel BUG at",
	"Oops",
	"scheduling while atomic",
};

static unsigned int report_log(void)
{
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	unsigned int found = 0;
	char line[8192];

	while (log_next(log, "", line, sizeof(line))) {
		bool marked = false;

		for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
			marked |= strstr(line, marks[i]) != NULL;
		found += marked;
		if (found && found < 20)
			printf("kernel: %.300s", line);
	}
	close(log);
	return found;
}

/* Two scans: memory that is about to be freed is not lost. The kernel waits 5 s before it counts.
 */
static unsigned int report_leaks(void)
{
	const char *text;
	int fd;

	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	fd = open(KMEMLEAK, O_WRONLY | O_CLOEXEC);
	for (int i = 0; fd >= 0 && i < 2; i++) {
		sleep(6);
		if (write(fd, "scan", 4) != 4)
			break;
	}
	close(fd);
	text = file_text(KMEMLEAK);
	if (fd < 0)
		puts("this kernel has no kmemleak");
	else if (*text)
		printf("%s\n", text);
	return fd < 0 || *text;
}

int main(int argc, char **argv)
{
	unsigned int complaints;
	int status = 0;
	pid_t pid;

	argv[0] = "/test";
	if (getenv("VMGENC_GENERATION")) /* hooks.c runs /program, which is this, as its hook */
		return execv("/test", argv);
	pid = fork();
	if (pid == 0) {
		execv("/test", argv);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return 1;
	module_unload("vmgenc"); /* what it keeps is lost now */
	complaints = report_log() + report_leaks();
	if (complaints)
		printf("0 passed, %u failed\n", complaints);
	(void)argc;
	return complaints ? 1 : WEXITSTATUS(status);
}
