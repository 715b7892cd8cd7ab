/* SPDX-License-Identifier: BSD-2-Clause */
/* test/soak: the programs that it runs, and what they print. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "soak.h"

static int end_of(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void read_lines(int fd, void (*line)(void *context, char *text), void *context)
{
	FILE *f = fdopen(fd, "r");
	char *text = NULL;
	size_t size = 0;
	ssize_t n;

	while (f && (n = getline(&text, &size, f)) > 0) {
		if (text[n - 1] == '\n')
			text[n - 1] = '\0';
		line(context, text);
	}
	free(text);
	if (f)
		fclose(f);
}

int child_run(char *const argv[], void (*line)(void *context, char *text), void *context)
{
	int ends[2];

	fflush(stdout);
	if (pipe(ends))
		return -1;
	pid_t pid = fork();

	if (!pid) {
		if (dup2(ends[1], STDOUT_FILENO) < 0)
			_exit(127);
		close(ends[0]);
		close(ends[1]);
		execvp(argv[0], argv);
		fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return -1;
	}
	read_lines(ends[0], line, context);
	return end_of(pid);
}
