/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd/hooks: the record of vmgenc hooks as a file, and its copy. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "replace.h"
#include "state.h"
#include "trust.h"

#define STATE_MAX (256 << 10)

static int read_text(int fd, struct state *s, char *why, size_t why_size)
{
	static char text[STATE_MAX];
	ssize_t size = read(fd, text, sizeof(text));

	if (size < 0) {
		snprintf(why, why_size, "%s", strerror(errno));
		return -errno;
	}
	if (size == sizeof(text)) {
		snprintf(why, why_size, "is too large to be a record of vmgenc hooks");
		return -EINVAL;
	}
	return state_parse(text, (size_t)size, s, why, why_size);
}

static int load(const char *path, struct state *s, char *why, size_t why_size)
{
	struct trust file;
	int error = trust_open(&file, NULL, path, O_RDONLY | O_NOFOLLOW, 0);

	memset(s, 0, sizeof(*s));
	if (error) {
		snprintf(why, why_size, "%s", file.why);
		return error == -EINVAL ? -EPERM : error;
	}
	error = read_text(file.fd, s, why, why_size);
	trust_close(&file);
	return error;
}

/* Who removes the record must not lose what it knew of the machine: its copy is taken. */
int state_load(const char *path, struct state *s, char *why, size_t why_size)
{
	char copy[PATH_MAX];
	int error = load(path, s, why, why_size);

	if (error != -ENOENT ||
	    snprintf(copy, sizeof(copy), "%s" STATE_COPY_SUFFIX, path) >= (int)sizeof(copy))
		return error;
	error = load(copy, s, why, why_size);
	s->copied = !error;
	return error;
}

/* Another name of what is about to become the record. Where there are no hard links there is none.
 */
static int copy(int directory, const char *fresh, const char *name)
{
	char last[NAME_MAX + 1], link[NAME_MAX + 1];

	if (snprintf(last, sizeof(last), "%s" STATE_COPY_SUFFIX, name) >= (int)sizeof(last) ||
	    snprintf(link, sizeof(link), "%s.new", last) >= (int)sizeof(link))
		return -ENAMETOOLONG;
	if (unlinkat(directory, link, 0) && errno != ENOENT)
		return -errno;
	if (linkat(directory, fresh, directory, link, 0))
		return errno == EPERM || errno == EOPNOTSUPP || errno == EMLINK ? 0 : -errno;
	return renameat(directory, link, directory, last) ? -errno : 0;
}

static int replace(int directory, const char *name, const char *text, bool with_copy)
{
	char fresh[NAME_MAX + 1];
	int error;

	if (snprintf(fresh, sizeof(fresh), "%s.new", name) >= (int)sizeof(fresh))
		return -ENAMETOOLONG;
	error = replace_write(directory, fresh, text, strlen(text), NULL);
	if (error)
		return error;
	if (with_copy)
		error = copy(directory, fresh, name);
	if (!error)
		return replace_rename(directory, fresh, name);
	unlinkat(directory, fresh, 0);
	return error;
}

static int put(const char *path, const char *text, bool with_copy, char *why, size_t why_size)
{
	struct trust directory;
	const char *name;
	int error;

	if (trust_directory_of(&directory, path, &name)) {
		snprintf(why, why_size, "%s", directory.why);
		return -EPERM;
	}
	error = replace(directory.fd, name, text, with_copy);
	trust_close(&directory);
	if (error)
		snprintf(why, why_size, "%s", strerror(-error));
	return error;
}

int state_put(const char *path, const char *text, char *why, size_t why_size)
{
	return put(path, text, false, why, why_size);
}

int state_save(const char *path, const struct state *s, char *why, size_t why_size)
{
	char *text = state_print(s);
	int error;

	if (!text) {
		snprintf(why, why_size, "%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	error = put(path, text, true, why, why_size);
	free(text);
	return error;
}
