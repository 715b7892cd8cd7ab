/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/lib: libvmgenc on a device. Five calls are wrapped at link time, so that /dev/vmgenc is
 * a simfile with a driver behind it, and each call can be made to fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "held.h"
#include "simfile.h"
#include "vmgenc.h"

#define NODE "/dev/vmgenc"
#define ALWAYS -1

static struct simfile sim;
static struct vmgenc *vg;

/* What the next calls on the device do; errno 0 is success. */
static struct {
	int open_errno, fstat_errno, map_errno[2], sync_errno;
	int sync_failures; /* how many syncs fail before they succeed, or ALWAYS */
	bool calloc_fails, clone_after_sync;
	int flags, maps[2], syncs; /* seen: open's flags, how often each page was mapped, syncs */
	int fd;
} device;

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __real_fstat(int fd, struct stat *st);
int __wrap_fstat(int fd, struct stat *st);
void *__real_mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset);
int __wrap_ioctl(int fd, unsigned long request, ...);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

static int set_errno(int error)
{
	errno = error;
	return -1;
}

int __wrap_open(const char *path, int flags, ...)
{
	if (strcmp(path, NODE) != 0)
		return __real_open(path, flags);
	if (device.open_errno)
		return set_errno(device.open_errno);
	device.flags = flags;
	device.fd = __real_open(sim.path, flags);
	return device.fd;
}

int __wrap_fstat(int fd, struct stat *st)
{
	if (fd != device.fd)
		return __real_fstat(fd, st);
	if (device.fstat_errno)
		return set_errno(device.fstat_errno);
	memset(st, 0, sizeof(*st));
	st->st_mode = S_IFCHR | 0444;
	return 0;
}

void *__wrap_mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset)
{
	size_t number = (size_t)offset / sim.page_size;

	if (fd != device.fd)
		return __real_mmap(at, size, prot, flags, fd, offset);
	/* What the driver refuses. */
	if (number > 1 || size != sim.page_size || prot != PROT_READ || flags != MAP_SHARED)
		device.map_errno[0] = EINVAL;
	device.maps[number % 2]++;
	if (device.map_errno[number % 2]) {
		errno = device.map_errno[number % 2];
		return MAP_FAILED;
	}
	return __real_mmap(at, size, prot, flags, fd, offset);
}

/* The driver's sync: looks at the id, publishes a new one, returns the event in force. */
static void driver_syncs(struct vmgenc_event *event)
{
	if (memcmp(sim.page->id, (const void *)sim.raw, VMGENC_ID_SIZE) != 0)
		simfile_publish(&sim);
	event->generation = sim.page->generation;
	event->settled = sim.page->settled;
	event->changed_ns = sim.page->changed_ns;
	memcpy(event->id, sim.page->id, sizeof(event->id));
	if (device.clone_after_sync)
		simfile_bump(&sim);
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	struct vmgenc_event *event;
	va_list arguments;

	va_start(arguments, request);
	event = va_arg(arguments, struct vmgenc_event *);
	va_end(arguments);
	if (fd != device.fd || request != VMGENC_SYNC)
		return set_errno(ENOTTY);
	device.syncs++;
	if (device.sync_failures == ALWAYS || device.syncs <= device.sync_failures)
		return set_errno(device.sync_errno);
	driver_syncs(event);
	return 0;
}

void *__wrap_calloc(size_t n, size_t size)
{
	if (!device.calloc_fails)
		return __real_calloc(n, size);
	errno = ENOMEM;
	return NULL;
}

static int make_device(void **state)
{
	(void)state;
	memset(&device, 0, sizeof(device));
	device.fd = -1;
	return simfile_create(&sim);
}

static int remove_device(void **state)
{
	(void)state;
	vmgenc_close(vg);
	vg = NULL;
	device.fd = -1;
	simfile_remove(&sim);
	return 0;
}

static void open_device(void)
{
	assert_int_equal(vmgenc_open(&vg, "dev:" NODE), 0);
	assert_non_null(vg);
}

static uint32_t guarantee(void)
{
	struct vmgenc_status st = {.size = sizeof(st)};

	assert_int_equal(vmgenc_status(vg, &st), 0);
	return st.guarantee;
}

/* Fails if a failed open says another errno than vmgenc.h, or keeps a descriptor or mapping. */
static void refused(int error)
{
	struct vmgenc *handle = (struct vmgenc *)&sim;
	int before = held_descriptors();

	assert_int_equal(vmgenc_open(&handle, "dev:" NODE), error);
	assert_null(handle);
	assert_int_equal(held_descriptors(), before);
	assert_int_equal(held_mappings(sim.name, " r--s "), 0);
	device.fd = -1;
}

/* Fails if NULL is not /dev/vmgenc, or what it opens stays open over exec or may be written. */
static void null_is_the_first_device(void **state)
{
	struct vmgenc_status st = {.size = sizeof(st)};

	(void)state;
	unsetenv("VMGENC_SOURCE");
	assert_int_equal(vmgenc_open(&vg, NULL), 0);
	assert_int_equal(vmgenc_status(vg, &st), 0);
	assert_string_equal(st.source, "dev:" NODE);
	assert_int_equal(device.flags & O_ACCMODE, O_RDONLY);
	assert_true(device.flags & O_CLOEXEC);
}

/* Fails if an errno of open(2) reaches the caller that vmgenc.h does not list, or in its stead. */
static void open_fails(void **state)
{
	static const int errors[][2] = {
		{ENOENT, -ENODEV}, {ENOTDIR, -ENODEV}, {ENXIO, -ENODEV},  {ENODEV, -ENODEV},
		{EACCES, -EACCES}, {EPERM, -EACCES},   {ENOMEM, -ENOMEM}, {EMFILE, -EMFILE},
		{ENFILE, -ENFILE}, {ELOOP, -EINVAL},   {EIO, -EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		device.open_errno = errors[i][0];
		refused(errors[i][1]);
	}
}

/* Fails if a step after open(2) goes unchecked or gives nothing back when it fails. */
static void later_steps_fail(void **state)
{
	static const int errors[][2] = {
		{ENODEV, -EINVAL}, {ENOMEM, -ENOMEM}, {EAGAIN, -ENOMEM},
		{EACCES, -EACCES}, {EINVAL, -EINVAL},
	};

	(void)state;
	device.calloc_fails = true;
	refused(-ENOMEM);
	device.calloc_fails = false;
	device.fstat_errno = EIO;
	refused(-EINVAL);
	device.fstat_errno = 0;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		device.map_errno[0] = errors[i][0];
		refused(errors[i][1]);
	}
	device.map_errno[0] = 0;
	sim.page->magic = 0;
	refused(-EINVAL);
	sim.page->magic = VMGENC_PAGE_MAGIC;
	sim.page->version = 2;
	refused(-EPROTO);
}

/* Fails if somebody without the privilege gets an error, or is told race-free all the same. */
static void raw_page_for_the_privileged(void **state)
{
	static const int errors[] = {EPERM, EACCES};

	(void)state;
	sim.page->flags |= VMGENC_RAW_PRIVILEGED;
	for (size_t i = 0; i < 2; i++) {
		device.map_errno[1] = errors[i];
		open_device();
		assert_int_equal(guarantee(), VMGENC_NOTIFIED);
		vmgenc_close(vg);
	}
	device.map_errno[1] = 0;
	open_device();
	assert_int_equal(guarantee(), VMGENC_RACE_FREE);
}

/* Fails if a shortage silently costs the caller the better guarantee. */
static void raw_page_that_cannot_be_had(void **state)
{
	(void)state;
	device.map_errno[1] = ENOMEM;
	refused(-ENOMEM);
	device.map_errno[1] = EINVAL;
	refused(-EINVAL);
}

/* Fails if the raw page is mapped though the driver says that there is none, or nothing on it. */
static void raw_page_that_is_not_offered(void **state)
{
	static const uint32_t flags[] = {0, VMGENC_RAW_PRIVILEGED,
					 VMGENC_RAW_MAPPABLE | VMGENC_ID_UNFILLED};

	(void)state;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		sim.page->flags = flags[i];
		open_device();
		assert_int_equal(device.maps[1], 0);
		assert_int_equal(guarantee(), i == 2 ? VMGENC_NONE : VMGENC_NOTIFIED);
		vmgenc_close(vg);
	}
	vg = NULL;
}

/* Fails if sync does not make the driver look, or marks something else than it found. */
static void sync_makes_the_driver_look(void **state)
{
	struct vmgenc_mark mark = {{0}};

	(void)state;
	open_device();
	assert_int_equal(vmgenc_sync(vg, &mark, 0), 0);
	assert_false(vmgenc_changed(vg, &mark));
	simfile_bump_raw(&sim);
	assert_true(vmgenc_changed(vg, &mark));
	assert_int_equal(vmgenc_sync(vg, &mark, 0), 0);
	assert_int_equal(device.syncs, 2);
	assert_int_equal(sim.page->generation, 2);
	assert_memory_equal(mark.seen, (const void *)sim.raw, sizeof(mark.seen));
	assert_false(vmgenc_changed(vg, &mark));
}

/* Fails if, without the raw page, the mark is not the generation that was settled. */
static void sync_marks_the_generation(void **state)
{
	struct vmgenc_mark mark = {{0}};

	(void)state;
	device.map_errno[1] = EPERM;
	open_device();
	simfile_bump_raw(&sim);
	assert_int_equal(vmgenc_sync(vg, &mark, 0), 0);
	assert_int_equal(mark.seen[0], 2);
	assert_int_equal(mark.seen[1], 2);
	assert_false(vmgenc_changed(vg, &mark));
}

/* Fails if the mark is taken from a page: a clone between rekey and mark would go unseen. */
static void clone_between_rekey_and_mark(void **state)
{
	struct vmgenc_mark mark = {{0}};

	(void)state;
	device.clone_after_sync = true;
	for (int raw = 0; raw < 2; raw++) {
		device.map_errno[1] = raw ? 0 : EPERM;
		open_device();
		assert_int_equal(vmgenc_sync(vg, &mark, 0), 0);
		assert_true(vmgenc_changed(vg, &mark));
		vmgenc_close(vg);
	}
	vg = NULL;
}

/* Fails if "not yet" ends sync, or is asked for more often than it says it. */
static void sync_tries_until_settled(void **state)
{
	static const int errors[] = {ENODATA, EAGAIN};
	struct vmgenc_mark mark = {{0}};

	(void)state;
	open_device();
	for (size_t i = 0; i < 2; i++) {
		device.sync_errno = errors[i];
		device.sync_failures = 3;
		device.syncs = 0;
		assert_int_equal(vmgenc_sync(vg, &mark, -1), 0);
		assert_int_equal(device.syncs, 4);
	}
}

/* Fails if a timeout of 0 waits, a longer one does not try again, or either touches the mark. */
static void sync_gives_up(void **state)
{
	struct vmgenc_mark mark = {{5, 6}};

	(void)state;
	open_device();
	device.sync_errno = ENODATA;
	device.sync_failures = ALWAYS;
	assert_int_equal(vmgenc_sync(vg, &mark, 0), -ETIMEDOUT);
	assert_int_equal(device.syncs, 1);
	assert_int_equal(vmgenc_sync(vg, &mark, 15), -ETIMEDOUT);
	assert_true(device.syncs > 2);
	assert_int_equal(mark.seen[0], 5);
	assert_int_equal(mark.seen[1], 6);
}

/* Fails if a failure is retried, said in another errno than vmgenc.h's, or touches the mark. */
static void sync_fails(void **state)
{
	static const int errors[][2] = {
		{EINTR, -EINTR}, {EIO, -EIO}, {EFAULT, -EIO}, {ENOTTY, -EIO}, {ENODEV, -EIO},
	};
	struct vmgenc_mark mark = {{5, 6}};

	(void)state;
	open_device();
	device.sync_failures = ALWAYS;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		device.sync_errno = errors[i][0];
		device.syncs = 0;
		assert_int_equal(vmgenc_sync(vg, &mark, -1), errors[i][1]);
		assert_int_equal(device.syncs, 1);
		assert_int_equal(mark.seen[0], 5);
		assert_int_equal(mark.seen[1], 6);
	}
}

/* Fails if the descriptor is another one, or the library reads the caller's events from it. */
static void descriptor_is_the_callers_to_read(void **state)
{
	struct vmgenc_mark mark = {{0}};

	(void)state;
	open_device();
	assert_int_equal(vmgenc_fd(vg), device.fd);
	simfile_bump_raw(&sim);
	assert_int_equal(vmgenc_sync(vg, &mark, 0), 0);
	assert_int_equal(guarantee(), VMGENC_RACE_FREE);
	assert_int_equal(lseek(device.fd, 0, SEEK_CUR), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_device, remove_device)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(null_is_the_first_device),
		TEST(open_fails),
		TEST(later_steps_fail),
		TEST(raw_page_for_the_privileged),
		TEST(raw_page_that_cannot_be_had),
		TEST(raw_page_that_is_not_offered),
		TEST(sync_makes_the_driver_look),
		TEST(sync_marks_the_generation),
		TEST(clone_between_rekey_and_mark),
		TEST(sync_tries_until_settled),
		TEST(sync_gives_up),
		TEST(sync_fails),
		TEST(descriptor_is_the_callers_to_read),
	};

	return cmocka_run_group_tests_name("libvmgenc, dev:", tests, NULL, NULL);
}
