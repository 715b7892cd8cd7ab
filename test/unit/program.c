/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit: runs build/vmgenc as a person or a service manager would. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "program.h"

#define PATIENCE_S 60 /* only to end what hangs; nothing is measured against it */

extern char **environ;

static void die(const char *what)
{
	perror(what);
	exit(99);
}

static pid_t start(const char *const arguments[], int out, int err)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	posix_spawn_file_actions_adddup2(&actions, err, 2);
	errno = posix_spawn(&pid, arguments[0], &actions, NULL, (char *const *)arguments, environ);
	if (errno)
		die(arguments[0]);
	posix_spawn_file_actions_destroy(&actions);
	return pid;
}

int program_end(pid_t pid)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	int status;

	for (int i = 0; i < PATIENCE_S * 1000; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		nanosleep(&pause, NULL);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return -1;
}

static void take(int fd, char *text, size_t size)
{
	ssize_t n = pread(fd, text, size - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	close(fd);
}

/* Into files, so that a program that prints much does not wait for us. */
static int unnamed(void)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0)
		die("/tmp");
	return fd;
}

void program_run(struct result *r, const char *const arguments[])
{
	int out = unnamed(), err = unnamed();

	r->code = program_end(start(arguments, out, err));
	take(out, r->out, sizeof(r->out));
	take(err, r->err, sizeof(r->err));
}

pid_t program_start(const char *log, const char *const arguments[])
{
	int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	pid_t pid;

	if (fd < 0)
		die(log);
	pid = start(arguments, fd, fd);
	close(fd);
	return pid;
}

void scratch_create(char path[64])
{
	snprintf(path, 64, "%s/vmgenc-test.XXXXXX", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	if (!mkdtemp(path))
		die(path);
}

void scratch_remove(const char *path)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", path);
	if (system(command))
		die(command);
}

void write_file(const char *directory, const char *name, const char *text, mode_t mode)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || fchmod(fd, mode))
		die(path);
	close(fd);
}

const char *read_file(const char *directory, const char *name, char text[65536])
{
	char path[512];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, text, 65535);
	text[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		close(fd);
	return text;
}

unsigned int count_of(const char *text, const char *what)
{
	unsigned int n = 0;

	for (const char *at = text; (at = strstr(at, what)); at += strlen(what))
		n++;
	return n;
}
