/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/boot: adds a directory of the host to the guest's root, as a second cpio archive in the same
 * file, which the kernel accepts.
 */
#include <errno.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot.h"
#include "host/host.h"

static FTS *open_directory(const char *directory)
{
	char *const roots[] = {(char *)directory, NULL};

	return fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
}

uint64_t directory_size(const char *directory)
{
	FTS *tree = open_directory(directory);
	uint64_t size = 0;
	FTSENT *e;

	if (!tree)
		return 0;
	while ((e = fts_read(tree)) != NULL)
		size += e->fts_info == FTS_F ? (uint64_t)e->fts_statp->st_size + 4096 : 0;
	fts_close(tree);
	return size;
}

static int add_entry(FILE *out, const FTSENT *e, const char *name, unsigned int inode)
{
	const struct boot_file file = {.host_path = e->fts_accpath,
				       .name = name,
				       .mode = S_IFREG | (e->fts_statp->st_mode & 0777)};

	switch (e->fts_info) {
	case FTS_D:
		cpio_entry(out, inode, name, S_IFDIR | 0755, NULL, 0);
		return 0;
	case FTS_F:
		if (e->fts_statp->st_size)
			return cpio_host_file(out, inode, &file);
		cpio_entry(out, inode, name, file.mode, NULL, 0);
		return 0;
	case FTS_DP:
		return 0;
	case FTS_ERR:
	case FTS_DNR:
	case FTS_NS:
		return lab_fail(LAB_EXIT_ENVIRONMENT, "cannot read %s: %s", e->fts_path,
				strerror(e->fts_errno));
	default:
		return lab_fail(LAB_EXIT_ENVIRONMENT, "%s is neither a file nor a directory",
				e->fts_path);
	}
}

static int add_all(FILE *out, const char *directory)
{
	FTS *tree = open_directory(directory);
	unsigned int inode = 1000; /* above those of other archives */
	int code = 0;
	FTSENT *e;

	if (!tree)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "cannot read %s: %s", directory,
				strerror(errno));
	while (!code && (e = fts_read(tree)) != NULL) {
		if (e->fts_level > 0)
			code = add_entry(out, e, e->fts_path + strlen(directory) + 1, inode++);
		else if (e->fts_info != FTS_D && e->fts_info != FTS_DP)
			code = lab_fail(LAB_EXIT_ENVIRONMENT,
					"%s is not a directory; \"make programs\" creates it",
					directory);
	}
	fts_close(tree);
	return code;
}

int directory_append(const char *initramfs, const char *directory)
{
	FILE *out = fopen(initramfs, "r+e");

	if (!out || fseek(out, 0, SEEK_END)) {
		if (out)
			fclose(out);
		return lab_fail(LAB_EXIT_ENVIRONMENT, "cannot write %s: %s", initramfs,
				strerror(errno));
	}
	int code = add_all(out, directory);

	cpio_entry(out, 0, "TRAILER!!!", 0, NULL, 0);
	if ((ferror(out) | fclose(out)) && !code)
		code = lab_fail(LAB_EXIT_ENVIRONMENT, "cannot write %s: %s", initramfs,
				strerror(errno));
	return code;
}
