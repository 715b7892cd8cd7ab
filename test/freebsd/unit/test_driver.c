// SPDX-License-Identifier: BSD-2-Clause
/* test/freebsd/unit: the newbus driver, on the simulated kernel. */
#include "check.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>

static int fresh(void **state)
{
	kernel_reset();
	return 0;
}

static int attached(void **state)
{
	kernel_reset();
	if (kernel_attach())
		return -1;
	kernel_run();
	kernel.trace[0] = 0;
	kernel.lines = 0;
	return 0;
}

/* Whatever the test did, detach works and leaves nothing. */
static int detached(void **state)
{
	const char *left;

	if (kernel.device.attached && kernel_detach())
		return -1;
	left = kernel_leaks();
	if (left || kernel.broken)
		print_error("%s\n", kernel.broken ? kernel.broken : left);
	return left || kernel.broken ? -1 : 0;
}

static void listener(void *context)
{
	/* Listeners may draw, so it is too late for them if the generators are not reseeded. */
	kernel_note(kernel_reseeded_for_id() ? "listener" : "listener-too-early");
}

/* Fails if attach blocks on the generator, claims settled, or a thread then does not settle. */
static void test_attach(void **state)
{
	assert_int_equal(kernel_attach(), 0);
	assert_generation(1, 0);
	assert_int_equal(kernel_random.reseeds, 0);
	kernel_run();
	assert_generation(1, 1);
	assert_string_equal(kernel.trace, "");
	assert_string_equal(kernel.node_name, "vmgenc");
	assert_int_equal(kernel.mode, 0444);
	assert_int_equal(lines_with("vmgenc0: \\_SB_.VGEN: id 1111... at 0xfeedf028, raw page "
				    "mappable by everyone"),
			 1);
}

/* Fails if listeners or user space are told before the reseed, out of order, or in other words. */
static void test_notify(void **state)
{
	eventhandler_tag tag = standin_event_register("acpi_vmgenc_event", listener, NULL, 0);
	uint64_t guid[2] = {0, 0}, generation = 0;
	size_t size = sizeof(guid);

	kernel_set_id(B);
	kernel_notify(0x80);
	kernel_run();
	assert_generation(2, 2);
	assert_string_equal(kernel.trace,
			    "listener devctl:ACPI/VMGenerationCounter/\\_SB_.VGEN/notify=0x00");
	assert_int_equal(kernel_sysctl("guid", guid, &size), 0);
	assert_int_equal(size, 16);
	assert_true(guid[0] == 0x2222222222222222u && guid[1] == 0xbbbbbbbbbbbbbbbbu);
	size = sizeof(generation);
	assert_int_equal(kernel_sysctl("generation", &generation, &size), 0);
	assert_int_equal(generation, 2);
	assert_int_equal(lines_with("generation 2: id 2222..., random generator rekeyed"), 1);
	standin_event_deregister("acpi_vmgenc_event", tag);
}

/* Fails if the time of a change is not the uptime, in nanoseconds. */
static void test_time(void **state)
{
	kernel.now = 5000 * SBT_1S;
	kernel_set_id(B);
	kernel_notify(0x80);
	kernel_run();
	assert_in_range(page_now().changed_ns, 5000100000000, 5000200000000);
}

/* Fails if a notification without a change does anything but count; or another value is taken. */
static void test_spurious(void **state)
{
	unsigned int reseeds = kernel_random.reseeds;

	kernel_notify(0x81);
	kernel_run();
	assert_int_equal(page_now().spurious, 0);
	kernel_notify(0x80);
	kernel_run();
	assert_generation(1, 1);
	assert_int_equal(page_now().spurious, 1);
	assert_int_equal(kernel_random.reseeds, reseeds);
	assert_string_equal(kernel.trace, "");
}

/* Fails if the notification behind a change that an interrupt showed first counts as spurious. */
static void test_notification_behind_a_look(void **state)
{
	kernel_set_id(B);
	kernel_sci();
	kernel_run();
	assert_generation(2, 2);
	kernel_notify(0x80);
	kernel_run();
	assert_int_equal(page_now().spurious, 0);
	kernel_notify(0x80);
	kernel_run();
	assert_int_equal(page_now().spurious, 1);
}

static void change_to_b(void)
{
	kernel_set_id(B);
}

/* Fails if a change in the middle of attach, or during the first reseed, is lost. */
static void test_change_during_attach(void **state)
{
	kernel.on_node = change_to_b;
	assert_int_equal(kernel_attach(), 0);
	kernel_run();
	assert_generation(2, 2);
	assert_int_equal(kernel_detach(), 0);

	kernel_reset();
	kernel.on_pause = change_to_b;
	assert_int_equal(kernel_attach(), 0);
	kernel_run();
	kernel.on_pause = NULL;
	kernel_tick();
	kernel_run();
	assert_generation(2, 2);
}

/* Fails if the interrupt does more than compare and enqueue, or the change is done twice. */
static void test_early(void **state)
{
	kernel_sci();
	kernel_run();
	assert_generation(1, 1);
	kernel_set_id(B);
	kernel_sci();
	kernel_notify(0x80);
	kernel_run();
	assert_generation(2, 2);
	kernel_notify(0x80);
	kernel_run();
	assert_generation(2, 2);
}

/* Fails if a host that never notifies goes unnoticed, by the slow look or after a resume. */
static void test_without_notification(void **state)
{
	kernel_set_id(B);
	kernel_tick();
	kernel_run();
	assert_generation(2, 2);
	kernel_set_id(C);
	((device_resume_t *)kernel_method("device_resume"))(&kernel.device);
	kernel_run();
	assert_generation(3, 3);
}

/* Fails if notify=0 leaves anything installed, or look_ms=0 a callout. */
static void test_tunables(void **state)
{
	kernel_tunable_int("notify", 0);
	kernel_tunable_int("look_ms", 0);
	assert_int_equal(kernel_attach(), 0);
	assert_int_equal(kernel.notifies + kernel.scis + kernel.callouts, 0);
	kernel_run();
	assert_generation(1, 1);
}

/* Fails if hardware-reduced ACPI is asked for the interrupt that it lacks. */
static void test_hardware_reduced(void **state)
{
	AcpiGbl_FADT.Flags = ACPI_FADT_HW_REDUCED;
	assert_int_equal(kernel_attach(), 0);
	assert_int_equal(kernel.scis, 0);
	kernel_run();
}

static void *sync_often(void *context)
{
	struct vmgenc_event event;
	struct kernel_file *file;
	int error, i;

	file = kernel_open(FREAD, &error);
	for (i = 0; !error && i < 200; i++) {
		error = kernel_ioctl(file, VMGENC_SYNC, &event);
		if (!error && event.settled != event.generation)
			error = EDOM;
	}
	if (file)
		kernel_close(file);
	return (void *)(intptr_t)error;
}

/* Fails if two syncs and the task do one change twice, or a sync returns before the reseed. */
static void test_concurrent_sync(void **state)
{
	pthread_t thread[2];
	void *error[2];
	uint64_t n;

	for (n = 2; n < 12; n++) {
		kernel_set_id(n, ~n);
		kernel_notify(0x80);
		pthread_create(&thread[0], NULL, sync_often, NULL);
		pthread_create(&thread[1], NULL, sync_often, NULL);
		kernel_run();
		pthread_join(thread[0], &error[0]);
		pthread_join(thread[1], &error[1]);
		assert_null(error[0]);
		assert_null(error[1]);
		assert_generation(n, n);
	}
	kernel_run();
	assert_int_equal(page_now().changes, 10);
}

/* Fails if a sysctl is read without the lock under which the id is published. */
static void test_sysctl_lock(void **state)
{
	const char *const names[] = {"guid", "generation"};
	unsigned int i, before;
	uint64_t out[2];
	size_t size;

	for (i = 0; i < nitems(names); i++) {
		size = sizeof(out);
		before = kernel.sx_locks;
		assert_int_equal(kernel_sysctl(names[i], out, &size), 0);
		assert_int_equal(kernel.sx_locks, before + 1);
	}
}

/*
 * Fails if a failing call is not noticed where it matters, leaks, or takes what is held with it.
 * Each call in turn, until attach does without the one that would fail next.
 */
static void test_failing_calls(void **state)
{
	unsigned int n, failed = 0;
	bool more = true;

	for (n = 1; more; n++) {
		kernel_reset();
		kernel.fail_at = n;
		if (kernel_attach()) {
			failed++;
			assert_non_null(kernel.failed);
		} else {
			kernel_run();
			kernel_tick();
			kernel_run();
			more = kernel.failed != NULL;
			kernel.fail_at = 0;
			assert_generation(1, 1);
			assert_int_equal(kernel_detach(), 0);
		}
		assert_clean();
	}
	assert_true(failed >= 9);
}

/* Fails if the error of a call that attach cannot do without is lost, or not said with the path. */
static void test_failures_are_said(void **state)
{
	unsigned int n;

	for (n = 1;; n++) {
		kernel_reset();
		kernel.fail_at = n;
		if (!kernel_attach())
			kernel_detach();
		else if (strcmp(kernel.failed, "AcpiGetObjectInfo") != 0 &&
			 lines_with("vmgenc0: \\_SB_.VGEN: ") + lines_with("vmgenc0: (unnamed): ") != 1)
			fail_msg("%s failed, and %u lines say so", kernel.failed, kernel.lines);
		if (!kernel.failed)
			break;
	}
}

/* Fails if anything is left after a detach, or does not come back with an attach. */
static void test_attach_again(void **state)
{
	int i;

	for (i = 0; i < 50; i++) {
		assert_int_equal(kernel_detach(), 0);
		assert_clean();
		assert_int_equal(kernel_attach(), 0);
		kernel_run();
		assert_generation(1, 1);
	}
}

/* Fails if detach goes on with a descriptor open or a page mapped, or a refusal leaves a mark. */
static void test_detach_busy(void **state)
{
	struct kernel_file *file, *other;
	struct vm_object *object;
	int error;

	file = kernel_open(FREAD, &error);
	assert_int_equal(kernel_detach(), EBUSY);
	other = kernel_open(FREAD, &error);
	assert_int_equal(error, 0);
	kernel_close(other);
	assert_int_equal(kernel_mmap(file, 0, PAGE_SIZE, VM_PROT_READ, &object), 0);
	kernel_close(file);
	assert_int_equal(kernel_detach(), EBUSY);
	kernel_set_id(B);
	kernel_notify(0x80);
	kernel_run();
	assert_int_equal(((struct vmgenc_page *)object->page)->generation, 2);
	vm_object_deallocate(object);
	assert_int_equal(kernel_detach(), 0);
	assert_clean();
}

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

extern const char **standin_pnp_vmgenc_cid, **standin_pnp_vmgenc_hid;
extern int standin_pnp_vmgenc_cid_count, standin_pnp_vmgenc_hid_count;

static bool listed(const char *id, const char **table, int count)
{
	int i;

	for (i = 0; id && i < count; i++)
		if (!strcmp(table[i], id))
			return true;
	return false;
}

/* devmatch(8) compares exactly; it knows the _HID, and from 13 on the first _CID. */
static bool in_pnp_info(const struct acpi_node *node)
{
	return listed(node->hid, standin_pnp_vmgenc_hid, standin_pnp_vmgenc_hid_count) ||
	       listed(node->cid[0], standin_pnp_vmgenc_cid, standin_pnp_vmgenc_cid_count);
}

/* Fails if a hypervisor's device is not ours or is not loaded for, or something else is ours. */
static void test_shapes(void **state)
{
	const struct {
		const char *hid, *cid[4];
		bool ours;
	} rows[] = {
		{"QEMUVGID", {"VM_Gen_Counter"}, true},
		{"VMW0001", {"VM_Gen_Counter", "PNP0C02"}, true},
		{"VMW0001", {"PNP0C02", "VM_GEN_COUNTER"}, true},
		{"Hyper_V_Gen_Counter_V1", {"VM_Gen_Counter"}, true},
		{"MSFT1002", {"VM_Gen_Counter", "VMGENCTR", "Hyper_V_Gen_Counter_V1"}, true},
		{"XEN0000", {"VM_Gen_Counter"}, true},
		{"AMZN0000", {"VM_Gen_Counter"}, true},
		{"VMGENCTR", {"VM_Gen_Counter"}, true},
		{"VMGENCTR", {NULL}, true},
		{"Bhyve_V_Gen_Counter_V1", {"VM_Gen_Counter"}, true},
		{NULL, {"vm_gen_counter"}, true},
		{"PNP0C02", {"PNP0C01"}, false},
		{"VM_Gen_Counter2", {NULL}, false},
		{NULL, {NULL}, false},
	};
	device_probe_t *probe = (device_probe_t *)kernel_method("device_probe");
	size_t i;

	for (i = 0; i < nitems(rows); i++) {
		kernel.firmware.hid = rows[i].hid;
		memcpy(kernel.firmware.cid, rows[i].cid, sizeof(rows[i].cid));
		assert_int_equal(probe(&kernel.device), rows[i].ours ? BUS_PROBE_VENDOR : ENXIO);
		if (rows[i].hid)
			assert_int_equal(in_pnp_info(&kernel.firmware), rows[i].ours);
	}
	kernel.device.handle = NULL;
	assert_int_equal(probe(&kernel.device), ENXIO);
	assert_clean();
}

/* Fails if a malformed ADDR attaches, is not named in one line with its path, or leaks. */
static void test_addr(void **state)
{
	const struct {
		UINT32 type, count, element;
		UINT64 low, high;
		int error;
		const char *line;
	} rows[] = {
		{0, 0, 0, 0, 0, ENOENT, "ADDR cannot be evaluated: AE_NOT_FOUND"},
		{ACPI_TYPE_INTEGER, 0, 0, 0, 0, EINVAL, "ADDR is not a package {0, 0}"},
		{ACPI_TYPE_PACKAGE, 1, ACPI_TYPE_INTEGER, 8, 0, EINVAL,
		 "ADDR does not have two elements {0x8, 0}"},
		{ACPI_TYPE_PACKAGE, 3, ACPI_TYPE_INTEGER, 8, 0, EINVAL,
		 "ADDR does not have two elements {0x8, 0}"},
		{ACPI_TYPE_PACKAGE, 2, ACPI_TYPE_STRING, 8, 0, EINVAL,
		 "ADDR has an element that is not an integer {0, 0}"},
		{ACPI_TYPE_PACKAGE, 2, ACPI_TYPE_INTEGER, 1ul << 32, 0, EINVAL,
		 "ADDR has an element above 32 bits {0x100000000, 0}"},
		{ACPI_TYPE_PACKAGE, 2, ACPI_TYPE_INTEGER, 0, 0, ENODEV, "ADDR is zero: the hypervisor"},
		{ACPI_TYPE_PACKAGE, 2, ACPI_TYPE_INTEGER, 0xfeedf02c, 0, EINVAL,
		 "ADDR is not 8-byte aligned, which Microsoft's VM Generation ID paper requires {0xfeedf02c, 0}"},
		{ACPI_TYPE_PACKAGE, 2, ACPI_TYPE_INTEGER, 0, 0x100, ERANGE,
		 "ADDR is beyond the processor's physical addresses {0, 0x100}"},
		{ACPI_TYPE_PACKAGE, 2, ACPI_TYPE_INTEGER, 0x10028, 0, EBUSY,
		 "ADDR 0x10028 is RAM that the kernel uses"},
		{ACPI_TYPE_PACKAGE, 2, ACPI_TYPE_INTEGER, 0x7ffffff8, 0, EBUSY,
		 "ADDR 0x7ffffff8 is RAM that the kernel uses"},
	};
	char line[200];
	size_t i;

	for (i = 0; i < nitems(rows); i++) {
		kernel_reset();
		kernel.firmware.addr_type = rows[i].type;
		kernel.firmware.addr_count = rows[i].count;
		kernel.firmware.element_type[0] = kernel.firmware.element_type[1] = rows[i].element;
		kernel.firmware.addr[0] = rows[i].low;
		kernel.firmware.addr[1] = rows[i].high;
		assert_int_equal(kernel_attach(), rows[i].error);
		assert_int_equal(kernel.lines, 1);
		snprintf(line, sizeof(line), "vmgenc0: \\_SB_.VGEN: %s", rows[i].line);
		assert_memory_equal(kernel.line[0], line, strlen(line));
		assert_clean();
	}
}

/* Fails if only the first of the two pages that an id lies in is asked for. */
static void test_half_in_ram(void **state)
{
	kernel.firmware.addr[0] = KERNEL_PAGE + PAGE_SIZE - 8;
	kernel.ram_bottom = KERNEL_PAGE + PAGE_SIZE;
	kernel.ram_top = KERNEL_PAGE + 2 * PAGE_SIZE;
	assert_int_equal(kernel_attach(), EBUSY);
	assert_int_equal(lines_with("is RAM that the kernel uses"), 1);
}

/* Fails if an id that the host never filled is taken for one, or not said. */
static void test_unfilled(void **state)
{
	kernel_set_id(0, 0);
	assert_int_equal(kernel_attach(), 0);
	assert_int_equal(lines_with("\\_SB_.VGEN: the id is all zero"), 1);
	assert_true(page_now().flags & VMGENC_ID_UNFILLED);
	kernel_notify(0x80);
	kernel_run();
	assert_int_equal(page_now().generation, 1);
}

/*
 * Fails if the module, when it comes after acpi_sysres has the device (VMware), does without it,
 * adds a second child each time, or adds one for a device of its own.
 */
static void test_late_on_vmware(void **state)
{
	kernel_identify();
	assert_null(kernel.added.name);
	kernel.device.name = "acpi_sysresource";
	kernel.device.attached = true;
	kernel.fail_at = kernel.calls + 3;
	kernel_identify();
	assert_string_equal(kernel.failed, "BUS_ADD_CHILD");
	assert_int_equal(lines_with("acpi0: vmgenc cannot be added"), 1);
	kernel.fail_at = kernel.calls + 1;
	kernel_identify();
	assert_string_equal(kernel.failed, "device_get_children");
	kernel.fail_at = 0;
	kernel_identify();
	assert_string_equal(kernel.added.name, "vmgenc");
	assert_ptr_equal(kernel.added.handle, &kernel.firmware);
	kernel_identify();
	kernel.device.attached = false;
	assert_clean();
}

#define row(test) cmocka_unit_test_setup_teardown(test, fresh, detached)
#define row_attached(test) cmocka_unit_test_setup_teardown(test, attached, detached)

int main(void)
{
	const struct CMUnitTest tests[] = {
		row(test_attach),
		row_attached(test_notify),
		row_attached(test_time),
		row_attached(test_spurious),
		row_attached(test_notification_behind_a_look),
		row(test_change_during_attach),
		row_attached(test_early),
		row_attached(test_without_notification),
		row(test_tunables),
		row(test_hardware_reduced),
		row_attached(test_concurrent_sync),
		row_attached(test_sysctl_lock),
		row(test_failing_calls),
		row(test_failures_are_said),
		row_attached(test_attach_again),
		row_attached(test_detach_busy),
		row_attached(test_open),
		row_attached(test_read),
		row_attached(test_blocking_read),
		row_attached(test_poll_and_kqueue),
		row_attached(test_mmap),
		row(test_shared_page),
		row(test_straddling),
		row_attached(test_ioctl),
		row(test_shapes),
		row(test_addr),
		row(test_half_in_ram),
		row(test_unfilled),
		row(test_late_on_vmware),
	};

	return cmocka_run_group_tests_name("freebsd driver", tests, NULL, free_page);
}
