/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/boot: what a guest boots from. Functions that return int return 0, or the exit code after
 * having said on standard error what went wrong.
 */
#ifndef LAB_BOOT_H
#define LAB_BOOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* files.c: the files that a guest boots from */
struct boot_file {
	const char *host_path; /* NULL: the guest's PID 1 that is part of this program */
	const char *name;
	unsigned int mode;
};

struct boot_source {
	bool freebsd;
	const char *kernel;
	const char *append; /* to the kernel's command line; FreeBSD: NAME=VALUE ... */
	const char *module_args;
	uint64_t exchange, exchange_size; /* where that is in the guest's memory */
	const struct boot_file *files;
	size_t file_count;
};

struct boot_files {
	char files[300], image[300];
	const char *kernel;    /* what QEMU boots: the kernel, or what image.c made of it */
	const char *initramfs; /* NULL: it needs none */
};

int boot_write(struct boot_files *boot, const char *directory, const struct boot_source *from);
void boot_remove(const struct boot_files *boot);

/* cpio.c: Linux's initial RAM file system */
int cpio_write(const char *path, const struct boot_file *files, size_t count);
void cpio_entry(FILE *out, unsigned int inode, const char *name, unsigned int mode,
		const void *data, size_t size);
int cpio_host_file(FILE *out, unsigned int inode, const struct boot_file *file);

/* directory.c: more of the guest's root, behind what cpio_write() wrote */
uint64_t directory_size(const char *directory);
int directory_append(const char *initramfs, const char *directory);

/* ufs.c: the same files as FreeBSD's root file system */
int ufs_write(const char *path, const struct boot_file *files, size_t count);

/* image.c: what a FreeBSD guest boots from; files is from ufs_write() */
int image_write(const char *path, const char *files, const struct boot_source *from);

/* kernel.c: the release that a kernel image says it is, and whether it is FreeBSD's */
int kernel_release(const char *path, char *release, size_t size, bool *freebsd);

#endif
