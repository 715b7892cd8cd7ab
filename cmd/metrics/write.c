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
#include "replace.h"

static int fail(const char *path)
{
	return say_trouble("the metrics cannot be written to %s: %s", path, strerror(errno));
}

/* The new file's name does not end like those that collectors read. Its group stays the
 * directory's. */
static int replace(int directory, const char *name, const char *path, const char *text, size_t size)
{
	const struct stat like = {.st_mode = 0644, .st_uid = (uid_t)-1, .st_gid = (gid_t)-1};
	char fresh[NAME_MAX + 8];
	int error;

	snprintf(fresh, sizeof(fresh), "%s.new", name);
	error = replace_write(directory, fresh, text, size, &like);
	if (!error)
		error = replace_rename(directory, fresh, name);
	errno = -error;
	return error ? fail(path) : EXIT_YES;
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
