/* SPDX-License-Identifier: BSD-2-Clause */
/* test/vm: libvmgenc on a VMClock page, with a real kernel that is to be rekeyed. The page is in
 * a file: no QEMU of today has the device, and a node is read in the same way. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "check.h"
#include "guest.h"
#include "vmclock.h"
#include "vmgenc.h"

#define FILE_NAME "/tmp/vmclock"
#define SOURCE "vmclock:" FILE_NAME

static struct vmclock_page page = {
	.magic = VMCLOCK_MAGIC,
	.size = 4096,
	.version = VMCLOCK_VERSION,
	.flags = VMCLOCK_GENERATION_PRESENT,
	.generation = 1,
};
static int file;

static void put(void)
{
	CHECK(pwrite(file, &page, sizeof(page), 0) == (ssize_t)sizeof(page));
}

static void clone_machine(void)
{
	page.seq_count += 2;
	page.generation++;
	put();
}

static void makes_the_page(void)
{
	file = open(FILE_NAME, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	CHECK(file >= 0);
	CHECK(ftruncate(file, 4096) == 0);
	put();
}

/* Fails if the kernel refuses what the library asks of it, or a clone is not seen. */
static void root_rekeys_the_kernel(void)
{
	struct vmgenc_mark mark = { { 0 } };
	struct vmgenc *vg;

	CHECK(vmgenc_open(&vg, SOURCE) == 0);
	for (int round = 0; round < 3; round++) {
		CHECK(vmgenc_changed(vg, &mark));
		CHECK(vmgenc_sync(vg, &mark, 0) == 0);
		CHECK(!vmgenc_changed(vg, &mark));
		clone_machine();
	}
	vmgenc_close(vg);
}

static void nobody_is_refused(void)
{
	struct vmgenc_mark mark = { { 5, 6 } };
	struct vmgenc *vg;

	CHECK(vmgenc_open(&vg, SOURCE) == 0);
	CHECK(vmgenc_sync(vg, &mark, -1) == -EPERM);
	CHECK(mark.seen[0] == 5 && mark.seen[1] == 6);
	CHECK(vmgenc_changed(vg, &mark));
	vmgenc_close(vg);
}

/* Fails if somebody who may not rekey is told that it was done, or something else. */
static void nobody_cannot_rekey(void)
{
	CHECK(as_nobody(nobody_is_refused) == 0);
}

static struct vmgenc_status best(void)
{
	struct vmgenc_status st = { .size = sizeof(st) };
	struct vmgenc *vg;

	CHECK(vmgenc_open(&vg, NULL) == 0);
	CHECK(vmgenc_status(vg, &st) == 0);
	vmgenc_close(vg);
	return st;
}

/* Fails if the driver's device is not preferred, or its absence ends the search. */
static void device_comes_first(void)
{
	struct vmgenc *vg;

	CHECK(strcmp(best().source, "dev:" NODE) == 0);
	CHECK(module_unload("vmgenc") == 0);
	CHECK(vmgenc_open(&vg, NULL) == -ENODEV);
	CHECK(symlink(FILE_NAME, "/dev/vmclock0") == 0);
	CHECK(strcmp(best().source, "vmclock:/dev/vmclock0") == 0);
	CHECK(best().guarantee == VMGENC_RACE_FREE && best().settled == 0);
	CHECK(module_load(MODULE_FILE, "") == 0);
	CHECK(strcmp(best().source, "dev:" NODE) == 0);
	CHECK(unlink("/dev/vmclock0") == 0);
}

int main(void)
{
	RUN(makes_the_page);
	RUN(root_rekeys_the_kernel);
	RUN(nobody_cannot_rekey);
	RUN(device_comes_first);
	return check_result();
}
