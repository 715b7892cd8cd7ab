/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/boot: the files from which a guest boots. A function that returns int returns 0 or, after a
 * message on standard error, an exit code.
 */
#ifndef LAB_BOOT_H
#define LAB_BOOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* files.c: the boot files of either system */
struct boot_file {
	const char *host_path; /* NULL: the lab's own PID 1, which is embedded in this program */
	const char *name;      /* in the guest's root, without a leading slash */
	unsigned int mode;     /* as st_mode: type and permissions */
};

struct boot_source {
	bool freebsd;
	const char *kernel;
	const char *append; /* to the kernel's command line; FreeBSD: NAME=VALUE ... */
	const char *module_args;
	uint64_t exchange, exchange_size; /* its address in the guest's memory, and its bytes */
	const struct boot_file *files;
	size_t file_count;
};

struct boot_files {
	char files[300], image[300];
	const char *kernel;    /* the file that QEMU boots: the kernel, or image.c's image of it */
	const char *initramfs; /* or NULL */
};

/* Writes the boot files into directory and sets boot to their names; removes them. */
int boot_write(struct boot_files *boot, const char *directory, const struct boot_source *from);
void boot_remove(const struct boot_files *boot);

/* cpio.c: Linux's initial RAM file system */
/* Writes an archive of files, and of a directory dev, to a new file. */
int cpio_write(const char *path, const struct boot_file *files, size_t count);
/* Appends one entry to an archive; errors are left to ferror(3). */
void cpio_entry(FILE *out, unsigned int inode, const char *name, unsigned int mode,
		const void *data, size_t size);
/* Appends a regular file of the host to an archive. */
int cpio_host_file(FILE *out, unsigned int inode, const struct boot_file *file);

/* directory.c: a directory of the host as part of the guest's root */
/* Returns the bytes of all files below directory. */
uint64_t directory_size(const char *directory);
/* Appends all files below directory to an archive of cpio_write(). */
int directory_append(const char *initramfs, const char *directory);

/* ufs.c: writes FreeBSD's root file system with makefs(8) */
int ufs_write(const char *path, const struct boot_file *files, size_t count);

/* image.c: writes the image that a FreeBSD guest boots; files is the path given to ufs_write() */
int image_write(const char *path, const char *files, const struct boot_source *from);

/* kernel.c: reads the release of a kernel image, at most size bytes, and what kernel it is */
struct kernel_kind {
	bool freebsd; /* on amd64 */
	bool arm64;   /* Linux on arm64; neither: Linux on x86 */
};
int kernel_release(const char *path, char *release, size_t size, struct kernel_kind *kind);

#endif
