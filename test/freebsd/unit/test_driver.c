// SPDX-License-Identifier: BSD-2-Clause
/* test/freebsd/unit: the newbus driver, on the simulated kernel. */
#include "fixture.h"

#include <pthread.h>
#include <sched.h>

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

/* Fails if a sysctl waits for the lock, which is held while a reseed sleeps. */
static void test_sysctl_lock(void **state)
{
	const char *const names[] = {"guid", "generation", "flags"};
	unsigned int i, before;
	uint64_t out[2];
	size_t size;

	for (i = 0; i < nitems(names); i++) {
		size = sizeof(out);
		before = kernel.sx_locks;
		assert_int_equal(kernel_sysctl(names[i], out, &size), 0);
		assert_int_equal(kernel.sx_locks, before);
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
	};

	return cmocka_run_group_tests_name("freebsd driver", tests, NULL, free_page);
}
