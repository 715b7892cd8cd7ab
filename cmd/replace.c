/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: replaces a file by a new one and a rename. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "replace.h"

static int write_all(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -ENOSPC;
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

static int fill(int fd, const void *data, size_t size, const struct stat *like)
{
	int error = write_all(fd, data, size);

	if (!error && like &&
	    (fchown(fd, like->st_uid, like->st_gid) || fchmod(fd, like->st_mode & 07777)))
		error = -errno;
	if (!error && fsync(fd))
		error = -errno;
	return error;
}

/* Who may read the old file is not known to a new one until its mode is set. */
int replace_write(int directory, const char *fresh, const void *data, size_t size,
		  const struct stat *like)
{
	int fd, error;

	/* What is there may have another name by now, so that writing would write to that, too. */
	if (unlinkat(directory, fresh, 0) && errno != ENOENT)
		return -errno;
	fd = openat(directory, fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    like ? 0600 : 0644);
	if (fd < 0)
		return -errno;
	error = fill(fd, data, size, like);
	if (close(fd) && !error)
		error = -errno;
	if (error)
		unlinkat(directory, fresh, 0);
	return error;
}

int replace_rename(int directory, const char *fresh, const char *name)
{
	int error = renameat(directory, fresh, directory, name) ? -errno : 0;

	if (error)
		unlinkat(directory, fresh, 0);
	else if (fsync(directory))
		error = -errno;
	return error;
}
