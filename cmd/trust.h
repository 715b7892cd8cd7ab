/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: opens a file and ensures that only root and the user who runs this could have put it
 * there, and that nobody else can replace it afterwards. */
#ifndef VMGENC_CMD_TRUST_H
#define VMGENC_CMD_TRUST_H

#include <limits.h>
#include <sys/stat.h>
#include <sys/types.h>

/*
 * An opened file. path is its name without links and dots; each directory in it was checked. After
 * a failure, why is a clause that says what is wrong.
 */
struct trust {
	int fd; /* -1 if nothing is open; the caller closes it */
	struct stat st;
	char path[PATH_MAX];
	char why[PATH_MAX + 160];
};

/*
 * Opens path, looking up each name once. Each directory on the way, each link and the file itself
 * must belong to root or to the effective user. A directory on the way may be writable by its group
 * or by everyone only if it is sticky; the file itself never. The file must be a directory if flags
 * has O_DIRECTORY, otherwise a regular file. With O_NOFOLLOW the last name must not be a link; with
 * O_CREAT the file is created with this mode. A file to write to must have no other name. A relative path begins at `at`, or at the working
 * directory if `at` is NULL. Returns 0, -EPERM if the file or something on the way is not trusted,
 * -EINVAL if the file is not a regular file, or another -errno. If the file itself is refused, st
 * is filled in nevertheless.
 */
int trust_open(struct trust *t, const struct trust *at, const char *path, int flags, mode_t mode);

/* Opens the directory of path, for fsync(2) and the *at() calls; *name is the last name. */
int trust_directory_of(struct trust *t, const char *path, const char **name);

void trust_close(struct trust *t);

#endif
