/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd/hooks: the hooks directory, trusted only if root and this user alone can write to it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hooks.h"

/* Letters, digits, '.', '_' and '-', but not the names of editors' and packagers' backups. */
static bool is_name(const char *name)
{
	static const char *const ends[] = {".bak",    ".dpkg-dist", ".dpkg-new", ".dpkg-old",
					   ".new",    ".old",	    ".orig",	 ".pkgsave",
					   ".rpmnew", ".rpmsave",   ".sample"};
	size_t length = strlen(name);

	if (name[0] == '.' || length >= STATE_NAME ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") !=
		    length)
		return false;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t end = strlen(ends[i]);

		if (length > end && !strcmp(name + length - end, ends[i]))
			return false;
	}
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool add(struct hookdir *d, const char *name)
{
	char **names = realloc(d->names, (d->count + 1) * sizeof(*names));

	if (!names)
		return false;
	d->names = names;
	names[d->count] = strdup(name);
	return names[d->count] && ++d->count;
}

/* Reads only the names; each file is checked when it is opened to be run. */
static int read_names(DIR *dir, struct hookdir *d)
{
	struct dirent *entry;

	while (errno = 0, (entry = readdir(dir)) != NULL) {
		if (!is_name(entry->d_name))
			continue;
		if (!add(d, entry->d_name))
			return say_trouble("hooks directory %s: no memory", d->place.path);
	}
	if (errno)
		return say_trouble("hooks directory %s: %s", d->place.path, strerror(errno));
	if (d->count)
		qsort(d->names, d->count, sizeof(*d->names), by_name);
	return EXIT_YES;
}

/* Duplicates the descriptor: closedir(3) closes its own, and the hooks are opened by ours. */
static int list(struct hookdir *d)
{
	int fd = fcntl(d->place.fd, F_DUPFD_CLOEXEC, 0), code;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir) {
		code = say_trouble("hooks directory %s: %s", d->place.path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return code;
	}
	code = read_names(dir, d);
	closedir(dir);
	return code;
}

int hookdir_read(const char *path, struct hookdir *d)
{
	int error;

	d->names = NULL;
	d->count = 0;
	error = trust_open(&d->place, NULL, path, O_RDONLY | O_DIRECTORY, 0);
	if (error == -EPERM)
		say_trouble("hooks directory %s: refused, since %s", path, d->place.why);
	else if (error)
		say_trouble("hooks directory %s cannot be opened: %s", path, d->place.why);
	else if (list(d))
		error = -1;
	if (error)
		hookdir_free(d);
	return error ? -1 : 0;
}

void hookdir_free(struct hookdir *d)
{
	for (size_t i = 0; i < d->count; i++)
		free(d->names[i]);
	free(d->names);
	d->names = NULL;
	d->count = 0;
	trust_close(&d->place);
}

/* A file that is not executable is off, and not refused, even if others can write to it. */
static bool is_off(const struct trust *hook, int error)
{
	if (error == 0 || error == -EPERM)
		return hook->st.st_mode && !(hook->st.st_mode & 0111);
	return error == -ENOENT || error == -EINVAL || error == -ENXIO;
}

enum hook_is hookdir_open(const struct hookdir *d, const char *name, struct trust *hook,
			  struct header *header, int *error)
{
	*error = trust_open(hook, &d->place, name, O_RDONLY, 0);
	if (is_off(hook, *error)) {
		trust_close(hook);
		return HOOK_OFF;
	}
	if (*error == -EMFILE || *error == -ENFILE || *error == -ENOMEM)
		return HOOK_SHORT;
	if (*error)
		return HOOK_REFUSED;
	if (!header_read(hook->fd, header, hook->why, sizeof(hook->why)))
		return HOOK_READY;
	trust_close(hook);
	return HOOK_REFUSED;
}
