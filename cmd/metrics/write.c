/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd/metrics: replaces a file at once, so that a collector reads the old text or the new. The
 * directory may belong to the collector's user, so nothing there is opened that was there before.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "metrics.h"

static int fail(const char *path)
{
	return say_trouble("the metrics cannot be written to %s: %s", path, strerror(errno));
}

static bool write_all(int fd, const char *text, size_t size)
{
	while (size) {
		ssize_t n = write(fd, text, size);

		if (n < 0 && errno != EINTR)
			return false;
		text += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
	return !fchmod(fd, 0644);
}

/* The new file's name does not end like those that collectors read. */
static int replace(int directory, const char *name, const char *path, const char *text, size_t size)
{
	char fresh[NAME_MAX + 8];
	int fd, code;

	snprintf(fresh, sizeof(fresh), "%s.new", name);
	if (unlinkat(directory, fresh, 0) && errno != ENOENT) /* of a run that was killed */
		return fail(path);
	fd = openat(directory, fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail(path);
	code = write_all(fd, text, size) ? EXIT_YES : fail(path);
	if (close(fd) && !code)
		code = fail(path);
	if (!code && renameat(directory, fresh, directory, name))
		code = fail(path);
	if (code)
		unlinkat(directory, fresh, 0);
	return code;
}

int metrics_write(const char *path, const char *text, size_t size)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	char parent[PATH_MAX];
	int directory, code;

	if (!*name || strlen(name) > NAME_MAX - 4)
		return say_trouble("the metrics cannot be written to \"%s\": it names no file",
				   path);
	if (snprintf(parent, sizeof(parent), "%.*s", slash ? (int)(slash - path + 1) : 1,
		     slash ? path : ".") >= (int)sizeof(parent)) {
		errno = ENAMETOOLONG;
		return fail(path);
	}
	directory = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return fail(path);
	code = replace(directory, name, path, text, size);
	close(directory);
	return code;
}
