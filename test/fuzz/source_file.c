/* SPDX-License-Identifier: BSD-2-Clause */
/* test/fuzz: one file in memory behind a source, with bytes of the fuzzer's choice. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "rekey.h"
#include "source_file.h"
#include "vmgenc.h"

#define PAGE 4096
#define MOST (3 * PAGE)

static int fd = -1;

/* Do not wait for writers: there are none. */
int __wrap_nanosleep(const struct timespec *wanted, struct timespec *left);
int __wrap_nanosleep(const struct timespec *wanted, struct timespec *left)
{
	(void)wanted;
	(void)left;
	return 0;
}

/* Nor is the kernel to be rekeyed thousands of times a second. */
int __wrap_rekey_kernel(const void *fresh, size_t size);
int __wrap_rekey_kernel(const void *fresh, size_t size)
{
	return ((const uint8_t *)fresh)[size - 1] ? -ENODATA : 0;
}

static void need(bool what)
{
	if (!what)
		abort();
}

int source_file(const uint8_t *data, size_t size, unsigned int pages)
{
	off_t whole = pages * PAGE;

	if (fd < 0)
		fd = memfd_create("fuzz", MFD_CLOEXEC);
	need(fd >= 0);
	if (size > MOST)
		size = MOST;
	if ((size && data[size - 1] % 2) || (off_t)size > whole)
		whole = (off_t)size;
	need(!ftruncate(fd, 0) && pwrite(fd, data, size, 0) == (ssize_t)size &&
	     !ftruncate(fd, whole));
	return fd;
}

static void use(struct vmgenc *vg)
{
	struct vmgenc_status st = {.size = sizeof(st)};
	struct vmgenc_mark mark = {{1, 2}}, before = mark;
	int error = vmgenc_sync(vg, &mark, 0);

	need(error == 0 || error == -ETIMEDOUT || error == -EIO || error == -EPERM);
	need(!error || !memcmp(&mark, &before, sizeof(mark)));
	need(error || !vmgenc_changed(vg, &mark));
	error = vmgenc_status(vg, &st);
	need(error == 0 || error == -EAGAIN || error == -EIO);
	need(error || st.guarantee <= VMGENC_RACE_FREE);
}

void source_use(const char *prefix)
{
	char name[64];
	struct vmgenc *vg;
	int error;

	snprintf(name, sizeof(name), "%s/proc/self/fd/%d", prefix, fd);
	error = vmgenc_open(&vg, name);
	need(error == 0 || error == -EINVAL || error == -EPROTO || error == -EAGAIN ||
	     error == -ENODEV);
	need(!error == (vg != NULL));
	if (!vg)
		return;
	use(vg);
	need(!ftruncate(fd, 16));
	use(vg);
	need(vmgenc_changed(vg, &(struct vmgenc_mark){{0}}));
	vmgenc_close(vg);
}
