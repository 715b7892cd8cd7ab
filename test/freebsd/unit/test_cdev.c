// SPDX-License-Identifier: BSD-2-Clause
/* test/freebsd/unit: the driver's node and its pages, on the simulated kernel. */
#include "fixture.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>

/* Fails if a descriptor can be had for writing, or a failed open counts as open. */
static void test_open(void **state)
{
	int error;

	assert_null(kernel_open(FREAD | FWRITE, &error));
	assert_int_equal(error, EACCES);
	kernel.fail_at = kernel.calls + 1;
	assert_null(kernel_open(FREAD, &error));
	assert_int_equal(error, EBUSY);
	assert_string_equal(kernel.failed, "devfs_set_cdevpriv");
	assert_int_equal(kernel_detach(), 0);
}

/* Fails if read does not return the first at once, blocks wrongly, or returns one twice. */
static void test_read(void **state)
{
	struct vmgenc_event event;
	struct kernel_file *file;
	int error;

	file = kernel_open(FREAD, &error);
	assert_int_equal(kernel_read(file, &event, sizeof(event) - 1, 0), EINVAL);
	assert_int_equal(kernel_read(file, NULL, sizeof(event), 0), EFAULT);
	assert_int_equal(kernel_read(file, &event, sizeof(event), 0), 0);
	assert_int_equal(event.generation, 1);
	assert_int_equal(event.settled, 1);
	assert_int_equal(kernel_read(file, &event, sizeof(event), O_NONBLOCK), EAGAIN);
	kernel.signal = true;
	assert_int_equal(kernel_read(file, &event, sizeof(event), 0), EINTR);
	kernel.signal = false;
	kernel_set_id(B);
	kernel_notify(0x80);
	kernel_run();
	assert_int_equal(kernel_read(file, &event, sizeof(event), O_NONBLOCK), 0);
	assert_int_equal(event.generation, 2);
	assert_memory_equal(event.id, kernel.page[0] + KERNEL_OFFSET, 16);
	kernel_close(file);
}

static void *read_second(void *context)
{
	struct vmgenc_event event = {0};

	if (kernel_read(context, &event, sizeof(event), 0))
		event.generation = 0;
	return (void *)(uintptr_t)event.generation;
}

/* Fails if a reader asleep is not woken, or reads another generation. */
static void test_blocking_read(void **state)
{
	struct vmgenc_event event;
	struct kernel_file *file;
	unsigned int woken;
	pthread_t thread;
	void *generation;
	int error;

	file = kernel_open(FREAD, &error);
	assert_int_equal(kernel_read(file, &event, sizeof(event), 0), 0);
	pthread_create(&thread, NULL, read_second, file);
	while (!__atomic_load_n(&kernel.sleeping, __ATOMIC_SEQ_CST))
		sched_yield();
	kernel_set_id(B);
	kernel_notify(0x80);
	kernel_run();
	woken = kernel.woken;
	wakeup(NULL); /* so that the thread ends in any case */
	pthread_join(thread, &generation);
	assert_int_not_equal(woken, 0);
	assert_int_equal((uintptr_t)generation, 2);
	kernel_close(file);
}

/* Fails if poll or kqueue miss a change, show one that was read, or keep a closed descriptor. */
static void test_poll_and_kqueue(void **state)
{
	struct vmgenc_event event;
	struct kernel_file *file;
	struct knote kn;
	int error;

	file = kernel_open(FREAD, &error);
	assert_int_equal(kernel_poll(file), POLLIN);
	assert_int_equal(kernel_read(file, &event, sizeof(event), 0), 0);
	assert_int_equal(kernel_poll(file), 0);
	assert_int_equal(kernel_kevent(file, EVFILT_READ - 1, &kn), EINVAL);
	assert_int_equal(kernel_kevent(file, EVFILT_READ, &kn), 0);
	assert_int_equal(kn.kn_fop->f_event(&kn, 0), 0);
	kernel_set_id(B);
	kernel_notify(0x80);
	kernel_run();
	assert_true(kn.active);
	assert_true(kernel.wakes > 0);
	assert_int_equal(kernel_poll(file), POLLIN);
	kn.kn_fop->f_detach(&kn);
	kernel_close(file);
	assert_int_equal(kernel.knotes, 0);
}

/* Fails if another page, length or protection can be had, or the right page cannot. */
static void test_mmap(void **state)
{
	struct kernel_file *file;
	struct vm_object *object;
	int error;

	file = kernel_open(FREAD, &error);
	assert_int_equal(kernel_mmap(file, 0, PAGE_SIZE, VM_PROT_WRITE, &object), EPERM);
	assert_int_equal(kernel_mmap(file, 0, 2 * PAGE_SIZE, VM_PROT_READ, &object), EINVAL);
	assert_int_equal(kernel_mmap(file, 2 * PAGE_SIZE, PAGE_SIZE, VM_PROT_READ, &object), EINVAL);
	kernel.no_privilege = true;
	assert_int_equal(kernel_mmap(file, PAGE_SIZE, PAGE_SIZE, VM_PROT_READ, &object), 0);
	assert_int_equal(object->page, KERNEL_PAGE);
	vm_object_deallocate(object);
	assert_int_equal(page_now().id_offset, KERNEL_OFFSET);
	kernel_close(file);
}

static int map_raw(void)
{
	struct kernel_file *file;
	struct vm_object *object;
	int error;

	file = kernel_open(FREAD, &error);
	error = kernel_mmap(file, PAGE_SIZE, PAGE_SIZE, VM_PROT_READ, &object);
	if (!error)
		vm_object_deallocate(object);
	kernel_close(file);
	return error;
}

/* Fails if a page that holds other data goes to everyone, or the administrator is not obeyed. */
static void test_shared_page(void **state)
{
	const struct {
		const char *raw;
		size_t other; /* where else a byte is set; 0: nowhere */
		int unprivileged, privileged;
	} rows[] = {
		{"auto", 1, EPERM, 0},	{"auto", PAGE_SIZE - 1, EPERM, 0},
		{"auto", KERNEL_OFFSET - 1, EPERM, 0}, {"auto", KERNEL_OFFSET + 16, EPERM, 0},
		{"auto", 0, 0, 0},	{"all", 1, 0, 0},
		{"driver", 0, EPERM, 0}, {"typo", 0, EPERM, 0},
	};
	size_t i;

	for (i = 0; i < nitems(rows); i++) {
		kernel_reset();
		if (rows[i].other)
			kernel.page[0][rows[i].other] = 1;
		kernel_tunable_string("raw", rows[i].raw);
		assert_int_equal(kernel_attach(), 0);
		kernel_run();
		kernel.no_privilege = true;
		assert_int_equal(map_raw(), rows[i].unprivileged);
		kernel.no_privilege = false;
		assert_int_equal(map_raw(), rows[i].privileged);
		assert_int_equal(lines_with("hw.vmgenc.raw is \"typo\""), i == 7);
		assert_int_equal(kernel_detach(), 0);
	}
}

/* Fails if an id that straddles two pages cannot be used, or a page with half of it is offered. */
static void test_straddling(void **state)
{
	uint64_t *id = (uint64_t *)(kernel.page[0] + PAGE_SIZE - 8);

	kernel.firmware.addr[0] = KERNEL_PAGE + PAGE_SIZE - 8;
	id[0] = 5;
	assert_int_equal(kernel_attach(), 0);
	assert_int_equal(map_raw(), ENXIO);
	assert_false(page_now().flags & VMGENC_RAW_MAPPABLE);
	assert_memory_equal(page_now().id, id, 16);
	assert_int_equal(lines_with("mappable by nobody"), 1);
}

/* Fails if sync does nothing, or an unknown request something. */
static void test_ioctl(void **state)
{
	struct vmgenc_event event = {0};
	struct kernel_file *file;
	int error;

	file = kernel_open(FREAD, &error);
	assert_int_equal(kernel_ioctl(file, VMGENC_SYNC, &event), 0);
	assert_int_equal(event.generation, 1);
	kernel_set_id(B);
	assert_int_equal(kernel_ioctl(file, VMGENC_SYNC, &event), 0);
	assert_int_equal(event.generation, 2);
	assert_int_equal(event.settled, 2);
	assert_true(kernel_reseeded_for_id());
	assert_string_equal(kernel.trace, "");
	kernel_run();
	assert_non_null(strstr(kernel.trace, "devctl:"));
	assert_int_equal(kernel_ioctl(file, STANDIN_FIONBIO, &error), 0);
	assert_int_equal(kernel_ioctl(file, 0x1234, NULL), ENOTTY);
	kernel_close(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		row_attached(test_open),
		row_attached(test_read),
		row_attached(test_blocking_read),
		row_attached(test_poll_and_kqueue),
		row_attached(test_mmap),
		row(test_shared_page),
		row(test_straddling),
		row_attached(test_ioctl),
	};

	return cmocka_run_group_tests_name("freebsd node", tests, NULL, free_page);
}
