/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: opens what a user named so that nobody but root and the user who runs this can have put
 * it there, or can exchange it afterwards. */
#ifndef VMGENC_CMD_TRUST_H
#define VMGENC_CMD_TRUST_H

#include <limits.h>
#include <sys/stat.h>
#include <sys/types.h>

/*
 * What was opened, by its descriptor; path is its name without links and dots, each directory of
 * which was judged, and why is one clause on what is wrong after a failure.
 */
struct trust {
	int fd; /* -1: nothing is open; the caller closes it */
	struct stat st;
	char path[PATH_MAX];
	char why[PATH_MAX + 160];
};

/*
 * Opens path, looking each name up once. Each directory on the way, each link and what is opened
 * must belong to root or to the effective user. No directory on the way may be writable by its
 * group or by everyone, unless it is sticky; what is opened never. It must be a directory if flags
 * has O_DIRECTORY, else a regular file. With O_NOFOLLOW it may be no link, with O_CREAT it is made
 * with this mode. A path that is not absolute begins at `at`, or at the working directory if that
 * is NULL. 0, -EPERM where something on the way or at its end is not to be trusted, -EINVAL where
 * the end is no regular file, or another -errno. st is filled in also where the end is refused.
 */
int trust_open(struct trust *t, const struct trust *at, const char *path, int flags, mode_t mode);

/* The directory that holds path, for fsync(2) and the *at() calls; *name is the rest of path. */
int trust_directory_of(struct trust *t, const char *path, const char **name);

void trust_close(struct trust *t);

#endif
