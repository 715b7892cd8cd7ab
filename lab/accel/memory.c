/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/accel: remembers whether kvm runs a kernel. The file is in a directory that only the user
 * can write. Its lock makes other labs wait for the result of the first one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "accel.h"
#include "host/host.h"

/* Longer than a trial takes, so that a lab stopped in the middle of one does not block others. */
#define PATIENCE_SECONDS 90
#define FORMAT "vmgenc-lab kvm 1"

static int not_remembered(struct accel_memory *m, const char *path, const char *what)
{
	lab_note("%s %s, so the result of trying kvm is not remembered", path, what);
	if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
	return 0;
}

/* FNV-1a is enough to tell images apart: a user who can forge one can also write the file. */
static bool hash_file(const char *path, uint64_t *hash, uint64_t *size)
{
	unsigned char block[65536];
	FILE *f = fopen(path, "re");
	size_t n;

	*hash = 0xcbf29ce484222325;
	*size = 0;
	while (f && (n = fread(block, 1, sizeof(block), f)) > 0) {
		*size += n;
		for (size_t i = 0; i < n; i++)
			*hash = (*hash ^ block[i]) * 0x100000001b3;
	}
	bool whole = f && !ferror(f);

	if (f)
		fclose(f);
	return whole;
}

static void boot_of_host(char *id, size_t size)
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (!f || !fgets(id, (int)size, f))
		*id = '\0';
	id[strcspn(id, "\n")] = '\0';
	if (f)
		fclose(f);
}

/* Identify QEMU by its file, which an upgrade replaces; running it takes too long. */
static bool make_key(struct accel_memory *m, uint64_t hash, uint64_t size, const char *qemu)
{
	char boot[64];
	struct stat st;

	boot_of_host(boot, sizeof(boot));
	if (!*boot || stat(qemu, &st))
		return false;
	snprintf(m->key, sizeof(m->key), "boot %s kernel %llu %016llx qemu %llx.%llx %lld.%09ld",
		 boot, (unsigned long long)size, (unsigned long long)hash,
		 (unsigned long long)st.st_dev, (unsigned long long)st.st_ino,
		 (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	return true;
}

static bool cache_path(char *to, size_t size)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	if (cache && *cache == '/')
		return snprintf(to, size, "%s", cache) < (int)size;
	return home && *home == '/' && snprintf(to, size, "%s/.cache", home) < (int)size;
}

/* Do not use a file or directory that another user could have put there. */
static const char *wrong_with(int fd, mode_t kind)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return errno == ELOOP ? "is a link" : strerror(errno);
	if ((st.st_mode & S_IFMT) != kind)
		return "is neither a file nor a directory";
	if (st.st_uid != geteuid())
		return "belongs to another user";
	return kind == S_IFREG && st.st_nlink != 1 ? "has a second name" : NULL;
}

/* Creates it if it is missing. Returns -1 after a message if it cannot be used. */
static int open_directory(struct accel_memory *m, int base, const char *name, int follow)
{
	if (mkdirat(base, name, 0700) && errno != EEXIST) {
		not_remembered(m, m->path, strerror(errno));
		return -1;
	}
	int fd = openat(base, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | follow);
	const char *wrong = wrong_with(fd, S_IFDIR);

	if (!wrong)
		return fd;
	not_remembered(m, m->path, wrong);
	if (fd >= 0)
		close(fd);
	return -1;
}

static int lock(struct accel_memory *m)
{
	bool said = false;

	for (double end = lab_now() + PATIENCE_SECONDS; !lab_signal; usleep(20000)) {
		if (!flock(m->fd, LOCK_EX | LOCK_NB))
			return 0;
		if (lab_now() > end)
			return not_remembered(m, m->path, "has been locked for too long");
		if (!said)
			lab_progress("waiting for another vmgenc-lab, which is trying kvm");
		said = true;
	}
	return lab_interrupted();
}

static int open_in(struct accel_memory *m, int directory, uint64_t hash)
{
	const char *wrong;
	char name[40];

	snprintf(name, sizeof(name), "kvm-%016llx", (unsigned long long)hash);
	snprintf(m->path + strlen(m->path), sizeof(m->path) - strlen(m->path), "/%s", name);
	/* Do not block on a FIFO, and do not follow a link. */
	m->fd = openat(directory, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
		       0600);
	wrong = wrong_with(m->fd, S_IFREG);
	return wrong ? not_remembered(m, m->path, wrong) : lock(m);
}

int accel_memory_open(struct accel_memory *m, const struct accel_kernel *kernel, const char *qemu)
{
	uint64_t hash, size;
	int code = 0;

	*m = (struct accel_memory){.fd = -1};
	if (!hash_file(kernel->path, &hash, &size) || !make_key(m, hash, size, qemu))
		return not_remembered(m, kernel->path, "cannot be identified");
	if (!cache_path(m->path, sizeof(m->path) - 40))
		return not_remembered(m, "HOME", "is not set");
	/* Follow a link here: users link their cache to another disk. */
	int base = open_directory(m, AT_FDCWD, m->path, 0);

	if (base < 0)
		return 0;
	strcat(m->path, "/vmgenc");
	int directory = open_directory(m, base, "vmgenc", O_NOFOLLOW);

	if (directory >= 0) {
		code = open_in(m, directory, hash);
		close(directory);
	}
	close(base);
	return code;
}

/* The file has four lines: FORMAT, key, "runs" or "fails: why", "end". */
bool accel_memory_read(const struct accel_memory *m, struct accel_verdict *v)
{
	char text[1024], head[300];
	ssize_t n = m->fd < 0 ? 0 : pread(m->fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return false;
	text[n] = '\0';
	int length = snprintf(head, sizeof(head), FORMAT "\n%s\n", m->key);
	char *verdict = text + length, *end = strstr(text, "\nend\n");

	if (strlen(text) != (size_t)n || strncmp(text, FORMAT "\n", strlen(FORMAT "\n")) || !end ||
	    end[5]) {
		lab_note("%s is damaged, so kvm is tried again", m->path);
		return false;
	}
	*end = '\0';
	/* From another boot or another QEMU, which is normal: no message. */
	if (strncmp(text, head, (size_t)length))
		return false;
	v->lasting = v->tried = true;
	v->runs = !strcmp(verdict, "runs");
	if (v->runs)
		return true;
	if (strncmp(verdict, "fails: ", 7)) {
		lab_note("%s is damaged, so kvm is tried again", m->path);
		return false;
	}
	snprintf(v->why, sizeof(v->why), "%s", verdict + 7);
	return true;
}

void accel_memory_write(const struct accel_memory *m, const struct accel_verdict *v)
{
	char text[1024];
	int length = snprintf(text, sizeof(text), FORMAT "\n%s\n%s%s\nend\n", m->key,
			      v->runs ? "runs" : "fails: ", v->runs ? "" : v->why);

	if (m->fd < 0)
		return;
	if (ftruncate(m->fd, 0) || pwrite(m->fd, text, (size_t)length, 0) != length)
		lab_note("cannot write %s: %s; the result of trying kvm is not remembered", m->path,
			 strerror(errno));
}

void accel_memory_close(struct accel_memory *m)
{
	if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
}
