/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd/hooks: the hooks directory - trusted only where nobody but root or this user can write. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hooks.h"

/* NULL, or what is wrong with the owner or the mode. */
static const char *untrusted(const struct stat *st)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return "is owned by another user than root and the one who runs this";
	if (st->st_mode & S_IWOTH)
		return "is writable by everyone";
	if (st->st_mode & S_IWGRP)
		return "is writable by its group";
	return NULL;
}

/* Whoever may write above it can put another in its place; a sticky directory prevents that. */
static int check_parents(const char *path)
{
	char real[PATH_MAX], *slash;
	struct stat st;

	if (!realpath(path, real))
		return say_trouble("hooks directory %s: %s", path, strerror(errno));
	while ((slash = strrchr(real, '/')) != NULL) {
		slash[slash == real] = '\0';
		if (stat(real, &st))
			return say_trouble("%s: %s", real, strerror(errno));
		if (untrusted(&st) && !(st.st_mode & S_ISVTX))
			return say_trouble("hooks directory %s: refused, since %s above it %s",
					   path, real, untrusted(&st));
		if (slash == real)
			break;
	}
	return EXIT_YES;
}

static int check_directory(int fd, const char *path)
{
	struct stat st;
	const char *wrong;

	if (fd < 0 || fstat(fd, &st))
		return say_trouble("hooks directory %s cannot be opened: %s", path,
				   strerror(errno));
	wrong = untrusted(&st);
	if (wrong)
		return say_trouble("hooks directory %s: refused, since it %s (mode %04o, owner %u)",
				   path, wrong, (unsigned int)st.st_mode & 07777, st.st_uid);
	return check_parents(path);
}

/* Letters, digits, '.', '_' and '-'; not what editors and packagers leave behind. */
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

static int read_names(DIR *dir, const char *path, struct hookdir *d)
{
	struct dirent *entry;
	struct stat st;

	while (errno = 0, (entry = readdir(dir)) != NULL) {
		if (!is_name(entry->d_name) || fstatat(dirfd(dir), entry->d_name, &st, 0) ||
		    !S_ISREG(st.st_mode) || !(st.st_mode & 0111))
			continue;
		if (!add(d, entry->d_name))
			return say_trouble("hooks directory %s: no memory", path);
	}
	if (errno)
		return say_trouble("hooks directory %s: %s", path, strerror(errno));
	if (d->count)
		qsort(d->names, d->count, sizeof(*d->names), by_name);
	return EXIT_YES;
}

int hookdir_read(const char *path, struct hookdir *d)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int code = check_directory(fd, path);
	DIR *dir = code ? NULL : fdopendir(fd);

	memset(d, 0, sizeof(*d));
	if (!code && !dir)
		code = say_trouble("hooks directory %s: %s", path, strerror(errno));
	if (!code)
		code = read_names(dir, path, d);
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
	if (code)
		hookdir_free(d);
	return code ? -1 : 0;
}

void hookdir_free(struct hookdir *d)
{
	for (size_t i = 0; i < d->count; i++)
		free(d->names[i]);
	free(d->names);
	memset(d, 0, sizeof(*d));
}

bool hookdir_refuses(const char *path, const char *name, char *why, size_t size)
{
	char hook[PATH_MAX];
	struct stat st;
	const char *wrong;

	snprintf(hook, sizeof(hook), "%s/%s", path, name);
	if (stat(hook, &st)) {
		snprintf(why, size, "%s: %s", hook, strerror(errno));
		return true;
	}
	wrong = untrusted(&st);
	if (wrong)
		snprintf(why, size, "%s: refused, since it %s (mode %04o, owner %u)", hook, wrong,
			 (unsigned int)st.st_mode & 07777, st.st_uid);
	return wrong != NULL;
}
