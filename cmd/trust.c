/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: walks a path and trusts only root and the user who runs this. It resolves links itself,
 * because the kernel would follow them through directories that were not checked. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "trust.h"

#define LINKS_MAX 40 /* as in Linux */

/* A directory on the way must be searchable, but need not be readable. */
#if defined(O_PATH)
#define ON_THE_WAY O_PATH
#elif defined(O_SEARCH)
#define ON_THE_WAY O_SEARCH
#else
#define ON_THE_WAY O_RDONLY
#endif

struct walk {
	struct trust *t; /* t->path is the name of fd, "" for the root directory */
	int fd;
	int flags; /* for the file at the end */
	mode_t mode;
	bool sticky_end; /* the end may be a sticky directory that others can write to */
	unsigned int links;
	char rest[PATH_MAX]; /* the names that remain */
};

static int fail(struct trust *t, int error, const char *name)
{
	snprintf(t->why, sizeof(t->why), "%s%s%s: %s", t->path, *name ? "/" : "",
		 *name || *t->path ? name : "/", strerror(error));
	return -error;
}

/*
 * The owner of a directory can rename anything in it, sticky or not, so the owner must be trusted.
 * In a sticky directory other users can add entries but not replace ours; since the owner of the
 * opened file and of each link is checked too, such a directory is safe.
 */
static int judge(struct trust *t, const struct stat *st, bool may_be_sticky)
{
	bool sticky = may_be_sticky && S_ISDIR(st->st_mode) && st->st_mode & S_ISVTX;
	bool shared = st->st_mode & (S_IWGRP | S_IWOTH) && !S_ISLNK(st->st_mode) && !sticky;
	const char *wrong = NULL;

	if (st->st_uid != 0 && st->st_uid != geteuid())
		wrong = "owned by another user than root and the one who runs this";
	else if (shared)
		wrong = st->st_mode & S_IWOTH ? "writable by everyone" : "writable by its group";
	if (!wrong)
		return 0;
	snprintf(t->why, sizeof(t->why), "%s is %s (mode %04o, owner %u)", *t->path ? t->path : "/",
		 wrong, (unsigned int)st->st_mode & 07777, (unsigned int)st->st_uid);
	return -EPERM;
}

/* Returns false if the path is too long. */
static bool descend(struct trust *t, const char *name)
{
	size_t length = strlen(t->path);

	return snprintf(t->path + length, sizeof(t->path) - length, "/%s", name) <
	       (int)(sizeof(t->path) - length);
}

static void ascend(struct trust *t)
{
	char *slash = strrchr(t->path, '/');

	if (slash)
		*slash = '\0';
}

/* Takes over the descriptor of the directory t->path. */
static int enter(struct walk *w, int fd)
{
	struct stat st;

	if (w->fd >= 0)
		close(w->fd);
	w->fd = fd;
	return fstat(fd, &st) ? fail(w->t, errno, "") : judge(w->t, &st, true);
}

static int enter_root(struct walk *w)
{
	int fd = open("/", ON_THE_WAY | O_DIRECTORY | O_CLOEXEC);

	w->t->path[0] = '\0';
	return fd < 0 ? fail(w->t, errno, "") : enter(w, fd);
}

/* Takes the next name of the rest: 1, 0 at the end, or -errno. *last: no name follows it. */
static int next_name(struct walk *w, char name[NAME_MAX + 1], bool *last)
{
	char *at = w->rest + strspn(w->rest, "/");
	size_t length = strcspn(at, "/");

	if (length > NAME_MAX)
		return fail(w->t, ENAMETOOLONG, "");
	*last = !at[length + strspn(at + length, "/")];
	memcpy(name, at, length);
	name[length] = '\0';
	memmove(w->rest, at + length, strlen(at + length) + 1);
	return length > 0;
}

/*
 * Puts the link's target before the rest. The link cannot be replaced between fstatat() and
 * readlinkat(), because its directory and its owner are trusted.
 */
static int follow_link(struct walk *w, const char *name, const struct stat *st)
{
	char target[PATH_MAX], rest[PATH_MAX];
	ssize_t n;
	int error;

	if (!descend(w->t, name))
		return fail(w->t, ENAMETOOLONG, "");
	error = judge(w->t, st, false);
	ascend(w->t);
	if (error)
		return error;
	if (++w->links > LINKS_MAX)
		return fail(w->t, ELOOP, name);
	n = readlinkat(w->fd, name, target, sizeof(target) - 1);
	if (n < 0)
		return fail(w->t, errno, name);
	target[n] = '\0';
	memcpy(rest, w->rest, strlen(w->rest) + 1);
	if (!n || snprintf(w->rest, sizeof(w->rest), "%s%s", target, rest) >= (int)sizeof(w->rest))
		return fail(w->t, n ? ENAMETOOLONG : ENOENT, name);
	return target[0] == '/' ? enter_root(w) : 0;
}

/* Systems differ in open(2)'s error for a link with O_NOFOLLOW, so ask fstatat(). */
static int step(struct walk *w, const char *name)
{
	int fd = openat(w->fd, name, ON_THE_WAY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int error = errno;
	struct stat st;

	if (fd < 0)
		return !fstatat(w->fd, name, &st, AT_SYMLINK_NOFOLLOW) && S_ISLNK(st.st_mode)
			       ? follow_link(w, name, &st)
			       : fail(w->t, error, name);
	if (!strcmp(name, ".."))
		ascend(w->t);
	else if (!descend(w->t, name)) {
		close(fd);
		return fail(w->t, ENAMETOOLONG, "");
	}
	return enter(w, fd);
}

/*
 * In a sticky directory, another user may have made a hard link to a file of root's that lies
 * elsewhere (fs.protected_hardlinks=0; FreeBSD's default). Its owner is right, so count its names.
 */
static int judge_names(const struct walk *w)
{
	struct trust *t = w->t;

	if ((w->flags & O_ACCMODE) == O_RDONLY || t->st.st_nlink < 2)
		return 0;
	snprintf(t->why, sizeof(t->why),
		 "%s has %u names, so it may be a file that lies elsewhere (owner %u)", t->path,
		 (unsigned int)t->st.st_nlink, (unsigned int)t->st.st_uid);
	return -EPERM;
}

static int judge_end(struct walk *w, const char *name)
{
	struct trust *t = w->t;
	int error;

	if (*name && strcmp(name, ".") && !descend(t, name))
		return fail(t, ENAMETOOLONG, "");
	if (fstat(t->fd, &t->st))
		return fail(t, errno, "");
	if (!(w->flags & O_DIRECTORY) && !S_ISREG(t->st.st_mode)) {
		snprintf(t->why, sizeof(t->why), "%s is not a regular file", t->path);
		return -EINVAL;
	}
	error = judge(t, &t->st, w->sticky_end);
	return error ? error : judge_names(w);
}

/* 0 if the file is open, 1 if it was a link, whose target is walked next, or -errno. */
static int open_end(struct walk *w, const char *name)
{
	int flags = w->flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	int error;
	struct stat st;

	w->t->fd = openat(w->fd, *name ? name : ".", flags, w->mode);
	if (w->t->fd >= 0)
		return judge_end(w, name);
	error = errno;
	if (!*name || fstatat(w->fd, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISLNK(st.st_mode))
		return fail(w->t, error, name);
	if (w->flags & O_NOFOLLOW) {
		snprintf(w->t->why, sizeof(w->t->why), "%s/%s is a symbolic link", w->t->path,
			 name);
		return -EPERM;
	}
	error = follow_link(w, name, &st);
	return error ? error : 1;
}

static int walk(struct walk *w)
{
	char name[NAME_MAX + 1];
	bool last = false;
	int error;

	while ((error = next_name(w, name, &last)) > 0) {
		if (!strcmp(name, "."))
			continue;
		if (!last || !strcmp(name, ".."))
			error = step(w, name);
		else if ((error = open_end(w, name)) != 1)
			return error;
		if (error < 0)
			return error;
	}
	return error ? error : open_end(w, "");
}

/* Begins the walk; for a relative path, the directories above the working directory count too. */
static int begin(struct walk *w, const struct trust *at, const char *path)
{
	char here[PATH_MAX] = "";
	int fd;

	if (!*path)
		return fail(w->t, ENOENT, "");
	if (*path != '/' && !at && (!getcwd(here, sizeof(here)) || *here != '/'))
		return fail(w->t, ENOENT, "");
	if (snprintf(w->rest, sizeof(w->rest), "%s%s%s", here, *here ? "/" : "", path) >=
	    (int)sizeof(w->rest))
		return fail(w->t, ENAMETOOLONG, "");
	if (*path == '/' || !at)
		return enter_root(w);
	if (strcmp(at->path, "/"))
		memcpy(w->t->path, at->path, strlen(at->path) + 1);
	fd = fcntl(at->fd, F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? fail(w->t, errno, "") : enter(w, fd);
}

static int run(struct walk *w, const struct trust *at, const char *path)
{
	struct trust *t = w->t;
	int error;

	t->fd = -1;
	t->path[0] = t->why[0] = '\0';
	memset(&t->st, 0, sizeof(t->st));
	error = begin(w, at, path);
	if (!error)
		error = walk(w);
	if (w->fd >= 0)
		close(w->fd);
	if (error)
		trust_close(t);
	else if (!*t->path)
		memcpy(t->path, "/", 2);
	return error;
}

int trust_open(struct trust *t, const struct trust *at, const char *path, int flags, mode_t mode)
{
	struct walk w = {.t = t, .fd = -1, .flags = flags, .mode = mode};

	return run(&w, at, path);
}

int trust_directory_of(struct trust *t, const char *path, const char **name)
{
	struct walk w = {.t = t, .fd = -1, .flags = O_RDONLY | O_DIRECTORY, .sticky_end = true};
	const char *slash = strrchr(path, '/');
	char directory[PATH_MAX];

	t->fd = -1;
	t->path[0] = '\0';
	*name = slash ? slash + 1 : path;
	if (!**name || !strcmp(*name, ".") || !strcmp(*name, ".."))
		return fail(t, EISDIR, path);
	if (snprintf(directory, sizeof(directory), "%.*s", slash ? (int)(slash - path + 1) : 1,
		     slash ? path : ".") >= (int)sizeof(directory))
		return fail(t, ENAMETOOLONG, "");
	return run(&w, NULL, directory);
}

void trust_close(struct trust *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
}
