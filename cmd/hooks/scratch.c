/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd/hooks: the private directory of a hook that runs. It goes with everything in it however the
 * hook ends, since what is half done there may be private keys. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hooks.h"

#define PREFIX ".vmgenc-"
#define DEPTH_MAX 64

/* The directory the hook asks for, or the record's where that is not there. */
int scratch_name(const char *wanted, const char *record, char path[PATH_MAX], char *why,
		 size_t size)
{
	char below[PATH_MAX + 8];
	struct trust directory;
	const char *name;
	uint64_t number;
	int error = -ENOENT;

	snprintf(below, sizeof(below), "%s/x", wanted); /* of which only the directory is opened */
	if (*wanted)
		error = trust_directory_of(&directory, below, &name);
	if (error == -ENOENT)
		error = trust_directory_of(&directory, record, &name);
	if (error) {
		snprintf(why, size, "%s", directory.why);
		return error;
	}
	trust_close(&directory);
	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return -EIO;
	if (snprintf(path, PATH_MAX, "%s/" PREFIX "%016" PRIx64,
		     strcmp(directory.path, "/") ? directory.path : "", number) >= PATH_MAX)
		return -ENAMETOOLONG;
	return 0;
}

int scratch_make(const char *path)
{
	struct trust directory;
	const char *name;
	int error = trust_directory_of(&directory, path, &name);

	if (error)
		return error;
	error = mkdirat(directory.fd, name, 0700) ? -errno : 0;
	trust_close(&directory);
	return error;
}

/* Where a directory lies. A bind mount can be of the same device, so it takes the mount, too. */
struct place {
	dev_t device;
	uint64_t mount; /* 0: this system does not tell */
};

static bool find_place(int fd, struct place *place)
{
	struct stat st;

	if (fstat(fd, &st))
		return false;
	*place = (struct place){.device = st.st_dev};
#ifdef STATX_MNT_ID
	struct statx more;

	if (!statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &more) && more.stx_mask & STATX_MNT_ID)
		place->mount = more.stx_mnt_id;
#endif
	return true;
}

static bool lies_in(int fd, const struct place *place)
{
	struct place its;

	return find_place(fd, &its) && its.device == place->device && its.mount == place->mount;
}

/* Without following links, and not into what is mounted there. The descriptor is closed. */
static int empty(int fd, const struct place *place, int depth)
{
	DIR *dir = depth < DEPTH_MAX ? fdopendir(fd) : NULL;
	struct dirent *entry;
	int error = 0;

	if (!dir) {
		error = depth < DEPTH_MAX ? -errno : -ELOOP;
		close(fd);
		return error;
	}
	while ((entry = readdir(dir))) {
		const char *name = entry->d_name;
		int below;

		if (!strcmp(name, ".") || !strcmp(name, "..") || !unlinkat(fd, name, 0))
			continue;
		below = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below < 0 || !lies_in(below, place)) {
			error = below < 0 ? -errno : -EXDEV;
			if (below >= 0)
				close(below);
			continue;
		}
		error = empty(below, place, depth + 1);
		if (unlinkat(fd, name, AT_REMOVEDIR) && !error)
			error = -errno;
	}
	closedir(dir);
	return error;
}

static int remove_below(const struct trust *directory, const char *name)
{
	struct place place;
	struct stat st;
	int error = 0;
	int fd = openat(directory->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	/* Nor where the hook has mounted something over the directory itself. */
	if (fstat(fd, &st) || st.st_uid != geteuid() || !find_place(directory->fd, &place) ||
	    !lies_in(fd, &place)) {
		close(fd);
		return -EPERM;
	}
	error = empty(fd, &place, 0);
	return unlinkat(directory->fd, name, AT_REMOVEDIR) && !error ? -errno : error;
}

void scratch_remove(const char *path)
{
	struct trust directory;
	const char *name;
	int error;

	if (!*path)
		return;
	error = trust_directory_of(&directory, path, &name);
	if (!error) {
		error = strncmp(name, PREFIX, strlen(PREFIX)) ? -EINVAL
							      : remove_below(&directory, name);
		trust_close(&directory);
	}
	if (error && error != -ENOENT)
		say_log("%s, where a hook worked, cannot be removed: %s", path, strerror(-error));
}
