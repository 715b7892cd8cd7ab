/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/host: the directory that holds a run's files. It is locked while its owner lives, so that
 * the next run can recognize and remove what a killed run left behind.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "host.h"

#define PREFIX "vmgenc-lab-run."
#define TAIL 1500 /* of a console or of QEMU's words, in an error message */

/* Only for directories that the lab made, which are shallow and have no links to others. */
void rundir_remove(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *entry;
	char below[600];

	while (d && (entry = readdir(d))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (!unlinkat(dirfd(d), entry->d_name, 0) || errno != EISDIR)
			continue;
		snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
		rundir_remove(below);
	}
	if (d)
		closedir(d);
	rmdir(path);
}

static void remove_if_stale(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return;
	if (!fstat(fd, &st) && st.st_uid == geteuid() && !flock(fd, LOCK_EX | LOCK_NB))
		rundir_remove(path);
	close(fd);
}

static void remove_stale(const char *base)
{
	DIR *d = opendir(base);
	struct dirent *entry;
	char path[600];

	while (d && (entry = readdir(d))) {
		if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)))
			continue;
		snprintf(path, sizeof(path), "%s/%s", base, entry->d_name);
		remove_if_stale(path);
	}
	if (d)
		closedir(d);
}

/* If this is 0, errno may say why. */
static uint64_t space_in(const char *base)
{
	struct statvfs st;

	errno = 0;
	if (statvfs(base, &st))
		return 0;
	return (uint64_t)st.f_bavail * st.f_frsize;
}

/* Obey TMPDIR. Otherwise prefer memory, which may be small in a container. */
static const char *choose_base(uint64_t needed)
{
	const char *base = getenv("TMPDIR");

	if (base && *base)
		return base;
	if (!access("/dev/shm", W_OK) && space_in("/dev/shm") >= needed)
		return "/dev/shm";
	return "/tmp";
}

int rundir_open(struct rundir *dir, uint64_t needed)
{
	const char *base = choose_base(needed);
	char path[256];

	dir->path[0] = '\0';
	if (strlen(base) > 100)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "TMPDIR is too long: %s", base);
	remove_stale(base);
	uint64_t space = space_in(base);

	if (errno)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "cannot use %s: %s", base, strerror(errno));
	if (space < needed)
		return lab_fail(LAB_EXIT_ENVIRONMENT,
				"no disk space: %s has %llu MiB free, this needs %llu MiB. Free "
				"some, set TMPDIR to another directory, or ask for fewer --draws",
				base, (unsigned long long)space >> 20,
				(unsigned long long)needed >> 20);
	/* Lock it before it gets the name that another lab's remove_stale() looks for. */
	snprintf(path, sizeof(path), "%s/vmgenc-lab-new.XXXXXX", base);
	if (!mkdtemp(path))
		return lab_fail(LAB_EXIT_ENVIRONMENT, "cannot make a directory in %s: %s", base,
				strerror(errno));
	dir->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	snprintf(dir->path, sizeof(dir->path), "%s/" PREFIX "%s", base, strrchr(path, '.') + 1);
	if (dir->fd < 0 || flock(dir->fd, LOCK_EX | LOCK_NB) || rename(path, dir->path)) {
		int err = errno;

		dir->path[0] = '\0';
		if (dir->fd >= 0)
			close(dir->fd);
		rmdir(path);
		return lab_fail(LAB_EXIT_ENVIRONMENT, "cannot use %s: %s", path, strerror(err));
	}
	return 0;
}

void rundir_close(struct rundir *dir, bool keep)
{
	char kept[300];

	if (!dir->path[0])
		return;
	if (keep) {
		/* Rename it, or the next run would remove it as a killed run's. */
		snprintf(kept, sizeof(kept), "%.*s/vmgenc-lab-kept.%s",
			 (int)(strrchr(dir->path, '/') - dir->path), dir->path,
			 strrchr(dir->path, '.') + 1);
		if (!rename(dir->path, kept))
			lab_note("files kept in %s", kept);
	} else {
		rundir_remove(dir->path);
	}
	close(dir->fd);
}

int rundir_create(const char *path, uint64_t size, bool allocate)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "cannot create %s: %s", path,
				strerror(errno));
	int err = allocate ? posix_fallocate(fd, 0, (off_t)size)
			   : (ftruncate(fd, (off_t)size) ? errno : 0);

	close(fd);
	if (err == EINTR && lab_signal)
		return lab_interrupted();
	if (err)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "cannot make %s %llu MiB large: %s", path,
				(unsigned long long)size >> 20, strerror(err));
	return 0;
}

/* Copy only the data; holes stay holes. */
static int copy_data(int in, int out)
{
	off_t data = 0;

	while ((data = lseek(in, data, SEEK_DATA)) >= 0) {
		off_t end = lseek(in, data, SEEK_HOLE);

		if (lseek(out, data, SEEK_SET) < 0)
			return errno;
		while (data < end) {
			ssize_t n = sendfile(out, in, &data, (size_t)(end - data));

			if (n <= 0)
				return n ? errno : EIO;
		}
	}
	return errno == ENXIO ? 0 : errno;
}

int rundir_copy(const char *from, const char *to)
{
	struct stat st;
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int err = in < 0 || out < 0 || fstat(in, &st) || ftruncate(out, st.st_size) ? errno : 0;

	if (!err)
		err = copy_data(in, out);
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	if (err == EINTR && lab_signal)
		return lab_interrupted();
	return err ? lab_fail(LAB_EXIT_ENVIRONMENT, "cannot copy %s: %s", from, strerror(err)) : 0;
}

/* What a kernel says as it dies stands before its registers and stack, which would fill the tail.
 */
static char *where_it_matters(char *text, size_t size)
{
	static const char *const words[] = {"BUG: ", "Oops: ", "general protection fault",
					    "Kernel panic"};
	char *first = NULL;

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		char *found = strstr(text, words[i]);

		if (found && (!first || found < first))
			first = found;
	}
	return first ? first : text + (size > TAIL ? size - TAIL : 0);
}

void rundir_tail(const char *path, char *to, size_t size)
{
	char text[16384];
	size_t used = 0;
	FILE *f = fopen(path, "re");

	*to = '\0';
	if (!f)
		return;
	if (fseek(f, -(long)sizeof(text) + 1, SEEK_END))
		rewind(f);
	size_t n = fread(text, 1, sizeof(text) - 1, f);

	text[n] = '\0';
	fclose(f);
	for (char *save, *line = strtok_r(where_it_matters(text, n), "\r\n", &save);
	     line && used < size; line = strtok_r(NULL, "\r\n", &save)) {
		clean_line(line);
		used += (size_t)snprintf(to + used, size - used, "\n    %s", line);
	}
}
