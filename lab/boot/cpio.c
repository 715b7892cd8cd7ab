/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/boot: writes the guest's initial RAM file system, an uncompressed cpio archive in the format
 * "newc" (Linux: Documentation/driver-api/early-userspace/buffer-format.rst).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot.h"
#include "host/host.h"

/* embed.S: the guest's PID 1 */
extern const char lab_guest_start[], lab_guest_end[];

static void pad(FILE *out)
{
	while (ftell(out) % 4)
		fputc('\0', out);
}

void cpio_entry(FILE *out, unsigned int inode, const char *name, unsigned int mode,
		const void *data, size_t size)
{
	unsigned int links = S_ISDIR(mode) ? 2 : 1;

	fprintf(out, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", inode, mode, 0u,
		0u, links, 0u, (unsigned int)size, 0u, 0u, 0u, 0u, (unsigned int)strlen(name) + 1,
		0u);
	fwrite(name, 1, strlen(name) + 1, out);
	pad(out);
	if (size)
		fwrite(data, 1, size, out);
	pad(out);
}

int cpio_host_file(FILE *out, unsigned int inode, const struct boot_file *file)
{
	struct stat st;
	int fd = open(file->host_path, O_RDONLY | O_CLOEXEC);
	void *data = MAP_FAILED;

	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size > 0)
		data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	else if (fd >= 0)
		errno = EINVAL;
	int err = errno;

	if (fd >= 0)
		close(fd);
	if (data == MAP_FAILED)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "cannot read %s: %s", file->host_path,
				strerror(err));
	cpio_entry(out, inode, file->name, file->mode, data, (size_t)st.st_size);
	munmap(data, (size_t)st.st_size);
	return 0;
}

int cpio_write(const char *path, const struct boot_file *files, size_t count)
{
	FILE *out = fopen(path, "wxe");
	int code = 0;

	if (!out)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "cannot create %s: %s", path,
				strerror(errno));
	cpio_entry(out, 1, "dev", S_IFDIR | 0755, NULL, 0);
	for (size_t i = 0; i < count && !code; i++) {
		if (files[i].host_path)
			code = cpio_host_file(out, (unsigned int)i + 2, &files[i]);
		else
			cpio_entry(out, (unsigned int)i + 2, files[i].name, files[i].mode,
				   lab_guest_start, (size_t)(lab_guest_end - lab_guest_start));
	}
	cpio_entry(out, 0, "TRAILER!!!", 0, NULL, 0);
	if ((ferror(out) | fclose(out)) && !code)
		code = lab_fail(LAB_EXIT_ENVIRONMENT, "cannot write %s: %s", path, strerror(errno));
	return code;
}
