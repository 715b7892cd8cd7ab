/* SPDX-License-Identifier: BSD-2-Clause */
/* test/vm: what the programs share - the module, the kernel's log, children, small files. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

int module_load(const char *file, const char *parameters)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	int result, error;

	if (fd < 0)
		return -1;
	result = (int)syscall(SYS_finit_module, fd, parameters, 0);
	error = errno;
	close(fd);
	errno = error;
	return result;
}

int module_unload(const char *name)
{
	return (int)syscall(SYS_delete_module, name, O_NONBLOCK);
}

int module_reload(const char *parameters)
{
	if (module_unload("vmgenc") && errno != ENOENT)
		return -1;
	return module_load(MODULE_FILE, parameters);
}

int log_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

/* The kernel writes a backslash, as in ACPI paths, as \x5c. */
static void unescape(char *line)
{
	char *at = line;

	while ((at = strstr(at, "\\x5c"))) {
		*at++ = '\\';
		memmove(at, at + 3, strlen(at + 3) + 1);
	}
}

/* EPIPE: lines were overwritten before they were read; those that follow still come. */
static bool log_line(int log, char *line, size_t size)
{
	ssize_t n;

	do
		n = read(log, line, size - 1);
	while (n < 0 && (errno == EPIPE || errno == EINTR));
	line[n > 0 ? n : 0] = '\0';
	unescape(line);
	return n > 0;
}

bool log_next(int log, const char *text, char *line, size_t size)
{
	while (log_line(log, line, size))
		if (strstr(line, text))
			return true;
	return false;
}

bool log_has(int log, const char *text)
{
	char line[8192];

	return log_next(log, text, line, sizeof(line));
}

bool log_comes(int log, const char *text)
{
	for (int tries = 0; tries < PATIENCE_S * 100; tries++) {
		if (log_has(log, text))
			return true;
		usleep(10000);
	}
	return false;
}

unsigned int log_count(int log, const char *text)
{
	char line[8192];
	unsigned int count = 0;

	while (log_line(log, line, sizeof(line)))
		count += strstr(line, text) != NULL;
	return count;
}

const char *file_text(const char *path)
{
	static char text[16384];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	if (n > 0 && text[n - 1] == '\n')
		text[n - 1] = '\0';
	return text;
}

int node_open(int flags)
{
	struct vmgenc_event event;
	int fd = open(NODE, O_RDONLY | O_CLOEXEC | flags);

	if (fd < 0)
		return -1;
	if (read(fd, &event, sizeof(event)) == (ssize_t)sizeof(event))
		return fd;
	close(fd);
	return -1;
}

bool node_sync(struct vmgenc_event *event)
{
	int fd = open(NODE, O_RDONLY | O_CLOEXEC);
	int result = fd < 0 ? -1 : ioctl(fd, VMGENC_SYNC, event);
	int error = errno;

	if (fd >= 0)
		close(fd);
	errno = error;
	return result == 0;
}

bool wait_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, PATIENCE_S * 1000) == 1 && p.revents & POLLIN;
}

int child_end(pid_t pid)
{
	int status;

	for (int tries = 0; tries < PATIENCE_S * 100; tries++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
		usleep(10000);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return -1;
}

static int in_child_as(void (*function)(void), bool nobody)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid)
		return pid < 0 ? -1 : child_end(pid);
	if (nobody && (setgroups(0, NULL) || setresgid(65534, 65534, 65534) ||
		       setresuid(65534, 65534, 65534)))
		_exit(2);
	function();
	fflush(stdout);
	_exit(0);
}

int in_child(void (*function)(void))
{
	return in_child_as(function, false);
}

int as_nobody(void (*function)(void))
{
	return in_child_as(function, true);
}

bool child_sleeps(pid_t pid)
{
	const char *state;
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	for (int tries = 0; tries < PATIENCE_S * 100; tries++) {
		state = strrchr(file_text(path), ')');
		if (state && state[1] && state[2] == 'S')
			return true;
		usleep(10000);
	}
	return false;
}
