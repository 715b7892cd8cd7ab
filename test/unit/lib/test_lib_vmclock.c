/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/lib: libvmgenc on a VMClock page that this program writes, and which source is best.
 * open(2) and ioctl(2) are wrapped, so that nodes can be there or not, and the kernel rekeys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "held.h"
#include "simfile.h"
#include "vmclock.h"
#include "vmgenc.h"

#define CLOCK_NODE "/dev/vmclock0"
#define DEVICE_NODE "/dev/vmgenc"

static struct vmgenc *vg;
static struct simfile sim; /* behind DEVICE_NODE */
static volatile struct vmclock_page *page;
static char path[64], source[80];
static int page_fd;

/* What the next calls do; errno 0 is success. */
static struct {
	int device_errno, clock_errno; /* of open(2) */
	int reseed_errno, reseed_failures, reseeds;
	bool clone_meanwhile;
	bool is_node;
	short revents; /* of a node's poll(2) */
} machine;

int __real_open(const char *name, int flags, ...);
int __wrap_open(const char *name, int flags, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);

int __real_fstat(int fd, struct stat *st);
int __wrap_fstat(int fd, struct stat *st);
int __wrap_poll(struct pollfd *p, nfds_t count, int timeout);

int __wrap_fstat(int fd, struct stat *st)
{
	int error = __real_fstat(fd, st);

	if (machine.is_node)
		st->st_mode = S_IFCHR | 0444;
	return error;
}

int __wrap_poll(struct pollfd *p, nfds_t count, int timeout)
{
	assert_int_equal(count, 1);
	assert_int_equal(timeout, 0);
	p->revents = machine.revents & (p->events | POLLHUP | POLLERR);
	return p->revents != 0;
}

static int set_errno(int error)
{
	errno = error;
	return -1;
}

int __wrap_open(const char *name, int flags, ...)
{
	if (!strcmp(name, DEVICE_NODE))
		return machine.device_errno ? set_errno(machine.device_errno)
					    : __real_open("/dev/null", flags);
	if (!strcmp(name, CLOCK_NODE))
		return machine.clock_errno ? set_errno(machine.clock_errno)
					   : __real_open(path, flags);
	return __real_open(name, flags);
}

/* The hypervisor's order: odd, the fields, even. */
static void clone_machine(void)
{
	page->seq_count++;
	atomic_thread_fence(memory_order_seq_cst);
	page->generation++;
	page->disruption_marker += 3;
	atomic_thread_fence(memory_order_seq_cst);
	page->seq_count++;
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	(void)fd;
	if (request != RNDRESEEDCRNG)
		return set_errno(ENOTTY);
	machine.reseeds++;
	if (machine.clone_meanwhile && machine.reseeds == 1)
		clone_machine();
	if (machine.reseed_errno && machine.reseeds <= machine.reseed_failures)
		return set_errno(machine.reseed_errno);
	return 0;
}

static void fill(void)
{
	page->magic = VMCLOCK_MAGIC;
	page->version = VMCLOCK_VERSION;
	page->size = 4096;
	page->flags = VMCLOCK_GENERATION_PRESENT | 1 << 9;
	page->generation = 0x1122334455667788;
	page->disruption_marker = 7;
}

static int make_page(int seals)
{
	const size_t size = (size_t)sysconf(_SC_PAGESIZE);

	memset(&machine, 0, sizeof(machine));
	machine.device_errno = ENOENT;
	page_fd = memfd_create("vmclock-sim", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (page_fd < 0 || ftruncate(page_fd, (off_t)size) || fcntl(page_fd, F_ADD_SEALS, seals))
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", getpid(), page_fd);
	snprintf(source, sizeof(source), "vmclock:%s", path);
	page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, page_fd, 0);
	if (page == MAP_FAILED)
		return -1;
	fill();
	unsetenv("VMGENC_SOURCE");
	return 0;
}

static int make_mapped(void **state)
{
	(void)state;
	return make_page(F_SEAL_SHRINK);
}

static int make_read(void **state)
{
	(void)state;
	return make_page(0);
}

static int remove_page(void **state)
{
	(void)state;
	vmgenc_close(vg);
	vg = NULL;
	munmap((void *)page, (size_t)sysconf(_SC_PAGESIZE));
	return close(page_fd);
}

static void open_clock(void)
{
	assert_int_equal(vmgenc_open(&vg, source), 0);
	assert_non_null(vg);
}

/* Fails if a failed open hands out something, says another errno, or keeps a descriptor. */
static void refused(const char *name, int error)
{
	struct vmgenc *handle = (struct vmgenc *)&sim;
	int before = held_descriptors();

	assert_int_equal(vmgenc_open(&handle, name), error);
	assert_null(handle);
	assert_int_equal(held_descriptors(), before);
}

/* Fails if a field of the head is not looked at, or is looked at in another place. */
static void heads_that_are_wrong(void **state)
{
	(void)state;
	for (int byte = 0; byte < 4; byte++) {
		((volatile uint8_t *)page)[byte] ^= 0x20;
		refused(source, -EINVAL);
		((volatile uint8_t *)page)[byte] ^= 0x20;
	}
	page->version = 0;
	refused(source, -EPROTO);
	page->version = 2;
	refused(source, -EPROTO);
	page->version = 1;
	page->size = 111;
	refused(source, -EINVAL);
	page->size = 112;
	open_clock();
}

/* Fails if a clock that does not count clones passes for a source. */
static void clock_without_a_generation(void **state)
{
	(void)state;
	page->flags = ~VMCLOCK_GENERATION_PRESENT;
	refused(source, -ENODEV);
	refused(NULL, -ENODEV);
}

/* Fails if a file is looked at beyond its end. */
static void truncated_clock(void **state)
{
	(void)state;
	assert_int_equal(ftruncate(page_fd, sysconf(_SC_PAGESIZE) - 1), 0);
	refused(source, -EINVAL);
	assert_int_equal(ftruncate(page_fd, 0), 0);
	refused(source, -EINVAL);
}

/* Fails if a page that is never whole is believed, or waited for without end. */
static void torn_clock(void **state)
{
	struct vmgenc_status st = {.size = sizeof(st)};
	struct vmgenc_mark mark = {{5, 6}};

	(void)state;
	page->seq_count = 1;
	refused(source, -EAGAIN);
	page->magic = 0;
	refused(source, -EINVAL);
	page->magic = VMCLOCK_MAGIC;
	page->seq_count = 2;
	open_clock();
	page->seq_count = 3;
	assert_int_equal(vmgenc_status(vg, &st), -EAGAIN);
	assert_int_equal(vmgenc_sync(vg, &mark, 0), -ETIMEDOUT);
	assert_int_equal(mark.seen[0], 5);
}

/* Fails if shrinking after it was opened ends the program or goes unseen. */
static void clock_that_shrinks(void **state)
{
	struct vmgenc_status st = {.size = sizeof(st)};
	struct vmgenc_mark mark = {{0}};

	(void)state;
	open_clock();
	assert_int_equal(vmgenc_sync(vg, &mark, 0), 0);
	assert_int_equal(ftruncate(page_fd, 64), 0);
	assert_true(vmgenc_changed(vg, &mark));
	assert_int_equal(vmgenc_sync(vg, &mark, 1000), -EIO);
	assert_int_equal(vmgenc_status(vg, &st), -EIO);
}

/* Fails if a clone is not seen, anything else passes for one, or sync does not rekey first. */
static void clone_is_seen(void **state)
{
	struct vmgenc_mark mark = {{0}};

	(void)state;
	open_clock();
	assert_true(vmgenc_changed(vg, &mark));
	assert_int_equal(vmgenc_sync(vg, &mark, 0), 0);
	assert_int_equal(machine.reseeds, 1);
	assert_false(vmgenc_changed(vg, &mark));
	/* The clock's own fields, and a live migration's marker. */
	memset((void *)page->clock, 0x5a, sizeof(page->clock));
	page->disruption_marker++;
	page->seq_count += 2;
	assert_false(vmgenc_changed(vg, &mark));
	clone_machine();
	assert_true(vmgenc_changed(vg, &mark));
	assert_int_equal(vmgenc_sync(vg, &mark, 0), 0);
	assert_int_equal(machine.reseeds, 2);
	assert_false(vmgenc_changed(vg, &mark));
}

/* Fails if the mark is of a generation that came after the rekey. */
static void clone_while_the_kernel_rekeys(void **state)
{
	struct vmgenc_mark mark = {{0}};

	(void)state;
	machine.clone_meanwhile = true;
	open_clock();
	assert_int_equal(vmgenc_sync(vg, &mark, 1000), 0);
	assert_int_equal(machine.reseeds, 2);
	assert_false(vmgenc_changed(vg, &mark));
}

/* Fails if a rekey that the kernel refused is claimed, or the reason is lost. */
static void rekey_that_is_refused(void **state)
{
	struct vmgenc_mark mark = {{5, 6}};

	(void)state;
	open_clock();
	machine.reseed_failures = 1;
	machine.reseed_errno = EPERM;
	assert_int_equal(vmgenc_sync(vg, &mark, 1000), -EPERM);
	machine.reseeds = 0;
	machine.reseed_errno = ENOTTY;
	assert_int_equal(vmgenc_sync(vg, &mark, 1000), -EIO);
	assert_int_equal(mark.seen[0], 5);
	assert_true(vmgenc_changed(vg, &mark));
	machine.reseeds = 0;
	machine.reseed_errno = ENODATA; /* not seeded yet: try again */
	assert_int_equal(vmgenc_sync(vg, &mark, 1000), 0);
	assert_int_equal(machine.reseeds, 2);
}

/* Fails if two fields are exchanged, or a rekey is claimed that was not verified. */
static void status_of_a_clock(void **state)
{
	struct vmgenc_status st = {.size = sizeof(st)};

	(void)state;
	open_clock();
	assert_int_equal(vmgenc_status(vg, &st), 0);
	assert_int_equal(st.guarantee, VMGENC_RACE_FREE);
	assert_int_equal(st.generation, 0x1122334455667788);
	assert_int_equal(st.settled, 0);
	assert_int_equal(st.flags, VMGENC_PREDICTABLE); /* not those of the clock's page */
	assert_string_equal(st.source, source);
	assert_int_equal(vmgenc_fd(vg), -ENOTSUP);
	page->flags = 0;
	assert_int_equal(vmgenc_status(vg, &st), 0);
	assert_int_equal(st.guarantee, VMGENC_NONE);
}

/* Fails if a counter that starts at 0, or comes to it, is taken for a mark that has seen nothing.
 */
static void counter_starts_anywhere(void **state)
{
	static const uint64_t starts[] = {0, 1, UINT64_MAX, 0x8000000000000000};

	(void)state;
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		struct vmgenc_status st = {.size = sizeof(st)};
		struct vmgenc_mark mark = {{0}}, fresh = {{0}};

		page->generation = starts[i];
		open_clock();
		assert_true(vmgenc_changed(vg, &mark));
		assert_int_equal(vmgenc_sync(vg, &mark, 0), 0);
		assert_false(vmgenc_changed(vg, &mark));
		assert_int_equal(vmgenc_status(vg, &st), 0);
		assert_int_equal(st.generation, starts[i]);
		assert_int_equal(st.settled, 0);
		clone_machine();
		assert_true(vmgenc_changed(vg, &mark));
		assert_true(vmgenc_changed(vg, &fresh));
		page->generation = 0;
		assert_true(vmgenc_changed(vg, &fresh));
		vmgenc_close(vg);
	}
	vg = NULL;
}

/* Fails if a descriptor is offered that never wakes anybody, or wakes them all the time. */
static void polls_where_the_kernel_and_the_host_notify(void **state)
{
	static const struct {
		bool is_node;
		uint64_t flags;
		short revents;
		bool polls;
	} cases[] = {
		{true, VMCLOCK_NOTIFICATION_PRESENT, POLLIN, true},
		{true, VMCLOCK_NOTIFICATION_PRESENT, POLLIN | POLLRDNORM, true},
		{true, VMCLOCK_NOTIFICATION_PRESENT, 0, true},
		{true, VMCLOCK_NOTIFICATION_PRESENT, POLLHUP, false},
		{true, VMCLOCK_NOTIFICATION_PRESENT, POLLIN | POLLOUT, false}, /* before 7.0 */
		{true, 0, POLLIN, false},
		{false, VMCLOCK_NOTIFICATION_PRESENT, POLLIN, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		machine.is_node = cases[i].is_node;
		machine.revents = cases[i].revents;
		page->flags = VMCLOCK_GENERATION_PRESENT | cases[i].flags;
		open_clock();
		assert_int_equal(vmgenc_fd(vg) >= 0, cases[i].polls);
		if (!cases[i].polls)
			assert_int_equal(vmgenc_fd(vg), -ENOTSUP);
		vmgenc_close(vg);
	}
	vg = NULL;
}

static atomic_bool stop;

static void *keep_cloning(void *unused)
{
	while (!atomic_load(&stop))
		clone_machine();
	return unused;
}

/* Fails if the fields of two generations are mixed: they count in step. */
static void status_while_clones_come(void **state)
{
	const uint64_t generation = page->generation, marker = page->disruption_marker;
	const struct view v = {.mapped = (const volatile uint8_t *)page};
	struct vmclock clock;
	int mixed = 0, whole = 0;
	pthread_t thread;

	(void)state;
	atomic_store(&stop, false);
	assert_int_equal(pthread_create(&thread, NULL, keep_cloning, NULL), 0);
	for (int i = 0; i < 2000; i++) {
		if (vmclock_read(&v, 4096, &clock))
			continue;
		whole++;
		mixed += clock.disruption_marker - marker != 3 * (clock.generation - generation);
	}
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	assert_int_equal(mixed, 0);
	assert_true(whole > 0);
}

/* Fails if the clock comes before the device, or is not found without one. */
static void best_is_the_device(void **state)
{
	struct vmgenc_status st = {.size = sizeof(st)};

	(void)state;
	assert_int_equal(vmgenc_open(&vg, NULL), 0);
	assert_int_equal(vmgenc_status(vg, &st), 0);
	assert_string_equal(st.source, "vmclock:" CLOCK_NODE);
	vmgenc_close(vg);
	/* A device of another driver: the clock all the same. */
	machine.device_errno = 0;
	assert_int_equal(vmgenc_open(&vg, NULL), 0);
	assert_int_equal(vmgenc_status(vg, &st), 0);
	assert_string_equal(st.source, "vmclock:" CLOCK_NODE);
}

/* Fails if a lack of permission is reported as a missing device, by either of the two calls. */
static void closed_is_not_absent(void **state)
{
	static const struct {
		int device, clock, error;
	} cases[] = {
		{ENOENT, ENOENT, -ENODEV}, {EACCES, ENOENT, -EACCES}, {ENOENT, EACCES, -EACCES},
		{EACCES, EACCES, -EACCES}, {EMFILE, 0, -EMFILE},      {ENOMEM, 0, -ENOMEM},
		{ENFILE, 0, -ENFILE},	   {ENOENT, EMFILE, -EMFILE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		machine.device_errno = cases[i].device;
		machine.clock_errno = cases[i].clock;
		refused(NULL, cases[i].error);
	}
	machine.device_errno = EACCES;
	machine.clock_errno = 0;
	assert_int_equal(vmgenc_open(&vg, NULL), 0);
}

#define MAPPED(function) cmocka_unit_test_setup_teardown(function, make_mapped, remove_page)
#define READ(function) cmocka_unit_test_setup_teardown(function, make_read, remove_page)
#define BOTH(function) MAPPED(function), READ(function)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(heads_that_are_wrong),
		BOTH(clock_without_a_generation),
		READ(truncated_clock),
		BOTH(torn_clock),
		READ(clock_that_shrinks),
		BOTH(clone_is_seen),
		BOTH(clone_while_the_kernel_rekeys),
		BOTH(rekey_that_is_refused),
		BOTH(status_of_a_clock),
		BOTH(counter_starts_anywhere),
		MAPPED(polls_where_the_kernel_and_the_host_notify),
		MAPPED(status_while_clones_come),
		BOTH(best_is_the_device),
		BOTH(closed_is_not_absent),
	};

	return cmocka_run_group_tests_name("libvmgenc, vmclock:", tests, NULL, NULL);
}
