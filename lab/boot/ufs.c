/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/boot: makes a FreeBSD guest's root file system with makefs(8) from a temporary directory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "boot.h"
#include "host/host.h"

#define MAKEFS "makefs"

/* embed.S: the guest's PID 1 */
extern const char lab_freebsd_guest_start[], lab_freebsd_guest_end[];

static int write_init(const char *path)
{
	FILE *out = fopen(path, "wxe");

	if (!out)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "cannot create %s: %s", path,
				strerror(errno));
	fwrite(lab_freebsd_guest_start, 1,
	       (size_t)(lab_freebsd_guest_end - lab_freebsd_guest_start), out);
	return ferror(out) | fclose(out) ? lab_fail(LAB_EXIT_ENVIRONMENT, "cannot write %s: %s",
						    path, strerror(errno))
					 : 0;
}

static int fill(const char *directory, const struct boot_file *files, size_t count)
{
	char path[600];
	int code = 0;

	snprintf(path, sizeof(path), "%s/dev", directory);
	if (mkdir(directory, 0755) || mkdir(path, 0755))
		return lab_fail(LAB_EXIT_ENVIRONMENT, "cannot create %s: %s", path,
				strerror(errno));
	for (size_t i = 0; i < count && !code; i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, files[i].name);
		code = files[i].host_path ? rundir_copy(files[i].host_path, path)
					  : write_init(path);
		if (!code && chmod(path, files[i].mode & 07777))
			code = lab_fail(LAB_EXIT_ENVIRONMENT, "cannot chmod %s: %s", path,
					strerror(errno));
	}
	return code;
}

/* UFS1: Debian's makefs writes a UFS2 superblock that FreeBSD 15 refuses. */
static void exec_makefs(const char *path, const char *directory, const char *errors)
{
	int fd = open(errors, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	dup2(fd, 1);
	dup2(fd, 2);
	execlp(MAKEFS, MAKEFS, "-t", "ffs", "-B", "le", "-o", "version=1", "-M", "1m", path,
	       directory, (char *)NULL);
	dprintf(2, "%s\n", strerror(errno));
	_exit(127);
}

static int make(const char *path, const char *directory)
{
	char errors[400], words[2000];
	int status = -1;

	snprintf(errors, sizeof(errors), "%s.errors", path);
	pid_t pid = fork();

	if (!pid)
		exec_makefs(path, directory, errors);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "cannot start " MAKEFS ": %s",
				strerror(errno));
	rundir_tail(errors, words, sizeof(words));
	unlink(errors);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "cannot run " MAKEFS ", which FreeBSD guests "
						      "need. Install it: apt-get install makefs");
	return status ? lab_fail(LAB_EXIT_ENVIRONMENT, MAKEFS " failed; it said:%s", words) : 0;
}

int ufs_write(const char *path, const struct boot_file *files, size_t count)
{
	char directory[400];

	snprintf(directory, sizeof(directory), "%s.files", path);
	int code = fill(directory, files, count);

	if (!code)
		code = make(path, directory);
	rundir_remove(directory);
	return code;
}
