/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/boot: writes the boot files of a Linux or a FreeBSD guest.
 */
#include <unistd.h>

#include "boot.h"

static int write_linux(struct boot_files *boot, const struct boot_source *from)
{
	boot->image[0] = '\0';
	return cpio_write(boot->files, from->files, from->file_count);
}

static int write_freebsd(struct boot_files *boot, const struct boot_source *from)
{
	int code = ufs_write(boot->files, from->files, from->file_count);

	return code ? code : image_write(boot->image, boot->files, from);
}

int boot_write(struct boot_files *boot, const char *directory, const struct boot_source *from)
{
	snprintf(boot->files, sizeof(boot->files), "%s/files", directory);
	snprintf(boot->image, sizeof(boot->image), "%s/image", directory);
	boot->kernel = from->freebsd ? boot->image : from->kernel;
	boot->initramfs = from->freebsd ? NULL : boot->files;
	return from->freebsd ? write_freebsd(boot, from) : write_linux(boot, from);
}

void boot_remove(const struct boot_files *boot)
{
	unlink(boot->files);
	if (boot->image[0])
		unlink(boot->image);
}
