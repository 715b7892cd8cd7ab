/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/report: writes the page to a temporary file beside the old one and renames it. The old page
 * stays if anything fails.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "document.h"

static int failed(const char *path)
{
	return lab_fail(LAB_EXIT_ENVIRONMENT, "cannot write %s: %s", path, strerror(errno));
}

static int write_all(int fd, const char *text, size_t size)
{
	while (size) {
		ssize_t n = write(fd, text, size);

		if (n < 0 && errno != EINTR)
			return -1;
		text += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* Write directly to a pipe or device, which cannot be replaced. */
static int write_into(const char *path, const char *text, size_t size)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int code = 0;

	if (fd < 0 || write_all(fd, text, size))
		code = failed(path);
	if (fd >= 0 && close(fd) && !code)
		code = failed(path);
	return code;
}

/* The mode is the old page's, or by the umask for a new one. */
static int replace(const char *path, mode_t mode, const char *text, size_t size)
{
	char aside[4096 + 8];
	int length = snprintf(aside, sizeof(aside), "%s.XXXXXX", path);
	int fd, code = 0;

	errno = ENAMETOOLONG;
	if (length >= (int)sizeof(aside))
		return failed(path);
	fd = mkostemp(aside, O_CLOEXEC);
	if (fd < 0)
		return failed(path);
	if (write_all(fd, text, size) || fchmod(fd, mode) || fsync(fd))
		code = failed(path);
	if (close(fd) && !code)
		code = failed(path);
	if (!code && rename(aside, path))
		code = failed(path);
	if (code)
		unlink(aside);
	return code;
}

int report_write(const char *path, const char *text, size_t size)
{
	char whole[4096];
	struct stat st;

	if (!path)
		return write_all(STDOUT_FILENO, text, size) ? failed("to standard output") : 0;
	if (stat(path, &st)) {
		mode_t mask = umask(0);

		umask(mask);
		return replace(path, 0666 & ~mask, text, size);
	}
	if (!S_ISREG(st.st_mode))
		return write_into(path, text, size);
	/* Keep a link to a file: replace the file. */
	if (!realpath(path, whole))
		return failed(path);
	return replace(whole, st.st_mode & 07777, text, size);
}
