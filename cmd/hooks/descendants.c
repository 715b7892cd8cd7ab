/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd/hooks: kills everything that a hook has started, even outside its group and session. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hooks.h"

#define TRIES 400 /* of 5 ms each; a process stuck in the kernel is then left behind */

#ifdef __linux__
#include <sys/prctl.h>

int descendants_adopt(void)
{
	return prctl(PR_SET_CHILD_SUBREAPER, 1);
}

static pid_t parent_of(const char *pid)
{
	char path[64], text[512];
	const char *at;
	ssize_t n;
	int fd, parent = 0;

	snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strrchr(text, ')');
	return at && sscanf(at + 1, " %*c %d", &parent) == 1 ? parent : 0;
}

/* Kills our children. Their children then become ours, and the next call finds them. */
static void kill_children(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	while (proc && (entry = readdir(proc))) {
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
		    parent_of(entry->d_name) == getpid())
			kill(atoi(entry->d_name), SIGKILL);
	}
	if (proc)
		closedir(proc);
}
#else
#include <sys/procctl.h>

int descendants_adopt(void)
{
	return procctl(P_PID, getpid(), PROC_REAP_ACQUIRE, NULL);
}

static void kill_children(void)
{
	struct procctl_reaper_kill all = {.rk_sig = SIGKILL};

	procctl(P_PID, getpid(), PROC_REAP_KILL, &all);
}
#endif

void descendants_kill(pid_t group)
{
	const struct timespec pause = {.tv_nsec = 5000000};
	pid_t gone;

	kill(-group, SIGKILL);
	for (int i = 0; i < TRIES; i++) {
		kill_children();
		do
			gone = waitpid(-1, NULL, WNOHANG);
		while (gone > 0);
		if (gone < 0 && errno == ECHILD)
			return;
		nanosleep(&pause, NULL);
	}
}
