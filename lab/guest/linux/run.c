/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/guest/linux: runs one program as root, sends its output to the host and reports its status.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "linux.h"

static void split_arguments(char *arguments, char *argv[], uint32_t argc)
{
	for (uint32_t i = 0; i < argc; i++) {
		argv[i] = arguments;
		arguments += strlen(arguments) + 1;
	}
	argv[argc] = NULL;
}

static pid_t start(int out)
{
	static char arguments[LAB_ARGS_SIZE];
	static char *argv[LAB_MAX_ARGS + 1];
	pid_t pid = fork();

	if (pid)
		return pid;
	memcpy(arguments, (const void *)exchange->args, sizeof(arguments) - 1);
	split_arguments(arguments, argv, exchange->argc);
	dup2(out, 1);
	dup2(out, 2);
	setsid();
	execv(argv[0], argv);
	dprintf(2, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

/* Read until all holders of the pipe's other end have ended; children may outlive the program. */
static void stream_all(int in)
{
	char buffer[4096];
	ssize_t n;

	while ((n = read(in, buffer, sizeof(buffer))) > 0 || (n < 0 && errno == EINTR)) {
		if (n > 0)
			report_stream(buffer, (uint64_t)n);
	}
}

void run(void)
{
	int ends[2], status = 0;

	if (pipe2(ends, O_CLOEXEC))
		fail("pipe: %s", strerror(errno));
	__atomic_store_n(&exchange->state, LAB_READY, __ATOMIC_RELEASE);
	pid_t pid = start(ends[1]);

	if (pid < 0)
		fail("fork: %s", strerror(errno));
	close(ends[1]);
	stream_all(ends[0]);
	/* PID 1 inherits orphans, so wait for the program itself. */
	for (pid_t gone = 0; gone != pid;) {
		gone = waitpid(-1, &status, 0);
		if (gone < 0 && errno != EINTR)
			fail("waitpid: %s", strerror(errno));
	}
	exchange->status = (uint32_t)status;
	kmsg_copy_tail(exchange->log, sizeof(exchange->log));
	__atomic_store_n(&exchange->state, LAB_EXITED, __ATOMIC_RELEASE);
	for (;;)
		pause();
}
