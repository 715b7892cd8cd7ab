/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/guest/freebsd: runs one program as root on FreeBSD, sends its output to the host and reports
 * its status.
 */
#include <string.h>

#include "system.h"

static long start(long out)
{
	static char arguments[LAB_ARGS_SIZE];
	static char *argv[LAB_MAX_ARGS + 1], *environment[1];
	char *at = arguments;
	long pid = fb_syscall(SYS_fork);

	if (pid)
		return pid;
	memcpy(arguments, (const void *)exchange->args, sizeof(arguments) - 1);
	for (uint32_t i = 0; i < exchange->argc; i++) {
		argv[i] = at;
		at += fb_length(at) + 1;
	}
	fb_syscall(SYS_dup2, out, 1l);
	fb_syscall(SYS_dup2, out, 2l);
	fb_syscall(SYS_execve, argv[0], argv, environment);
	fb_syscall(SYS_exit, 127l);
	return -1;
}

void run(void)
{
	static char buffer[4096];
	int ends[2], status = 0;
	long n;

	if (fb_syscall(SYS_pipe2, ends, (long)FB_O_CLOEXEC))
		fail("no pipe");
	__atomic_store_n(&exchange->state, LAB_READY, __ATOMIC_RELEASE);
	long pid = start(ends[1]);

	if (pid < 0)
		fail("fork: error %d", (int)-pid);
	fb_syscall(SYS_close, (long)ends[1]);
	while ((n = fb_syscall(SYS_read, (long)ends[0], buffer, sizeof(buffer))) > 0)
		report_stream(buffer, (uint64_t)n);
	/* PID 1 inherits orphans, so wait for the program itself. */
	while ((n = fb_syscall(SYS_wait4, -1l, &status, 0l, NULL)) != pid) {
		if (n < 0)
			fail("wait4: error %d", (int)-n);
	}
	exchange->status = (uint32_t)status;
	report_system(0);
	__atomic_store_n(&exchange->state, LAB_EXITED, __ATOMIC_RELEASE);
	for (;;)
		sleep_ns(1000000000);
}
