/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd/hooks: which process is the service of a record. It holds a lock that ends with it, and the
 * kernel says who holds that: a number in a file may be another process's by now. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hooks.h"

/* Not the file with the flock(2), which some systems take for the same kind of lock. */
static int open_beside(const char *record, int flags, struct trust *file)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s.service", record) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	return trust_open(file, NULL, path, O_RDWR | O_NOFOLLOW | flags, 0600);
}

static struct flock whole(void)
{
	return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
}

/* Hooks are run without this, too, so an error is only logged. */
void serving_begin(const char *record)
{
	struct flock lock = whole();
	struct trust file;
	int error = open_beside(record, O_CREAT, &file);

	if (error)
		say_log("%s.service cannot be used: %s", record,
			*file.why ? file.why : strerror(-error));
	else if (fcntl(file.fd, F_SETLK, &lock)) /* open until we end, as the lock is held */
		say_log("%s.service cannot be locked: %s", record, strerror(errno));
}

/* The process that serves, 0 if none does, or -1 if it has no number here. */
static pid_t find(const char *record)
{
	struct flock lock = whole();
	struct trust file;
	int error;

	if (open_beside(record, 0, &file))
		return 0;
	error = fcntl(file.fd, F_GETLK, &lock);
	trust_close(&file);
	if (error || lock.l_type == F_UNLCK)
		return 0;
	return lock.l_pid > 0 ? lock.l_pid : -1;
}

/*
 * A process that has held the lock after `handle` was opened is the one that handle means, or that
 * one has ended. Systems without such handles have the time between two calls left.
 */
static int signal_service(const char *record, pid_t pid)
{
#ifdef SYS_pidfd_open
	int handle = (int)syscall(SYS_pidfd_open, pid, 0);
	int error = 0;

	if (handle >= 0) {
		if (find(record) == pid && syscall(SYS_pidfd_send_signal, handle, SIGUSR1, NULL, 0))
			error = -errno;
		close(handle);
		return error;
	}
	if (errno == ESRCH)
		return 0;
#endif
	return find(record) == pid && kill(pid, SIGUSR1) ? -errno : 0;
}

int serving_wake(const char *record)
{
	pid_t pid = find(record);
	int error;

	if (!pid)
		return EXIT_YES;
	if (pid < 0)
		return say_trouble("the vmgenc hooks that uses %s is in another PID namespace, and "
				   "cannot be asked from here",
				   record);
	error = signal_service(record, pid);
	if (error && error != -ESRCH)
		return say_trouble("the process %d cannot be asked: %s", (int)pid,
				   strerror(-error));
	return EXIT_YES;
}
