// SPDX-License-Identifier: BSD-2-Clause
/* test/freebsd/unit: the companion, on a simulated kernel that has a vmgenc of its own. */
#include "check.h"

/* The kernel's own driver: it holds the source, and tells listeners, then devctl(4). */
static void own_driver(void)
{
	kernel.device.name = "vmgenc";
	strcpy(kernel.device.nameunit, "vmgenc0");
	kernel.device.attached = true;
	kernel_own_source();
}

static int loaded(void **state)
{
	kernel_reset();
	own_driver();
	if (kernel_load(MOD_LOAD))
		return -1;
	kernel_run();
	return 0;
}

static int unloaded(void **state)
{
	return kernel_load(MOD_UNLOAD) || kernel_leaks() || kernel.broken ? -1 : 0;
}

/* Fails if a companion without a device does not say so, takes anything, or cannot be unloaded. */
static void test_no_device(void **state)
{
	kernel_reset();
	assert_int_equal(kernel_load(MOD_LOAD), 0);
	assert_int_equal(lines_with("vmgenc_companion: no vmgenc device: idle"), 1);
	assert_clean();
	assert_int_equal(kernel_load(MOD_UNLOAD), 0);
	kernel.device.name = "vmgenc"; /* there, but not attached */
	assert_int_equal(kernel_load(MOD_LOAD), 0);
	assert_clean();
	assert_int_equal(kernel_load(MOD_UNLOAD), 0);
	assert_int_equal(kernel_load(MOD_QUIESCE), 0);
	assert_int_equal(kernel_load((enum modeventtype)99), EOPNOTSUPP);
}

static void no_sleep(void)
{
	kernel_broken("ACPI's thread is made to wait");
}

/* Fails if ACPI's thread waits, or the task does not reseed, or user space is told twice. */
static void test_event(void **state)
{
	assert_generation(1, 1);
	kernel_set_id(B);
	kernel.on_pause = no_sleep;
	standin_event_invoke("acpi_vmgenc_event");
	kernel.on_pause = NULL;
	assert_int_equal(page_now().generation, 1);
	kernel_run();
	assert_generation(2, 2);
	assert_string_equal(kernel.trace, ""); /* the kernel's driver tells user space */
	assert_int_equal(lines_with("generation 2: id 2222..., random generator rekeyed"), 1);
	assert_int_equal(kernel.notifies, 0);
}

/* Fails if what the listeners after ours draw, before the task runs, repeats in clones. */
static void test_listeners_draw(void **state)
{
	static const uint64_t ids[3][2] = {{B}, {B}, {C}};
	uint64_t drawn[3], arc4[3];
	int i;

	assert_int_equal(kernel_load(MOD_UNLOAD), 0);
	for (i = 0; i < 3; i++) {
		kernel_reset();
		own_driver();
		kernel_tunable_int("draws", 0);
		assert_int_equal(kernel_load(MOD_LOAD), 0);
		kernel_run();
		kernel_set_id(ids[i][0], ids[i][1]);
		standin_event_invoke("acpi_vmgenc_event");
		drawn[i] = kernel_draw();
		arc4[i] = kernel_draw_arc4(1);
		kernel_run();
		assert_generation(2, 2);
		assert_int_equal(kernel_load(MOD_UNLOAD), 0);
	}
	assert_int_equal(drawn[0], drawn[1]);
	assert_int_equal(arc4[0], arc4[1]);
	assert_int_not_equal(drawn[0], drawn[2]);
	assert_int_not_equal(arc4[0], arc4[2]);
	assert_int_equal(kernel_load(MOD_LOAD), 0);
	kernel_run();
}

/* Fails if the device may be detached while it is used, or is never released. */
static void test_busy(void **state)
{
	assert_int_equal(kernel.busy, 1);
	assert_int_equal(kernel_load(MOD_UNLOAD), 0);
	assert_int_equal(kernel.busy, 0);
	assert_int_equal(kernel_load(MOD_LOAD), 0);
}

/* Fails if only the event is looked at: resume, the interrupt and the slow look are as well. */
static void test_other_triggers(void **state)
{
	kernel_set_id(B);
	standin_event_invoke("power_resume");
	kernel_run();
	assert_generation(2, 2);
	kernel_set_id(C);
	kernel_sci();
	kernel_run();
	assert_generation(3, 3);
	kernel_set_id(B);
	kernel_tick();
	kernel_run();
	assert_generation(4, 4);
}

/* Fails if the sysctl of the kernel's driver is made again, or ours is missing. */
static void test_sysctl(void **state)
{
	uint64_t generation;
	size_t size = sizeof(generation);

	assert_int_equal(kernel_sysctl("generation", &generation, &size), 0);
	assert_int_equal(generation, 1);
	assert_int_equal(kernel_sysctl("guid", &generation, &size), ENOENT);
}

/* Fails if unload goes on while the node is open, or leaves the companion deaf. */
static void test_unload_busy(void **state)
{
	struct kernel_file *file;
	int error;

	file = kernel_open(FREAD, &error);
	assert_int_equal(kernel_load(MOD_UNLOAD), EBUSY);
	kernel_set_id(B);
	standin_event_invoke("acpi_vmgenc_event");
	kernel_run();
	assert_generation(2, 2);
	kernel_close(file);
}

/* Fails if the source of the kernel's driver is taken from it. */
static void test_source_is_kept(void **state)
{
	u_int mask = hc_source_mask;

	assert_int_equal(kernel_load(MOD_UNLOAD), 0);
	assert_int_equal(hc_source_mask, mask);
	assert_clean();
	assert_int_equal(kernel_load(MOD_LOAD), 0);
}

/* Fails if a failing call leaks, or is not said in one line. */
static void test_failing_calls(void **state)
{
	unsigned int n, failed = 0;
	bool more = true;

	assert_int_equal(kernel_load(MOD_UNLOAD), 0);
	for (n = 1; more; n++) {
		kernel_reset();
		own_driver();
		kernel.fail_at = n;
		if (kernel_load(MOD_LOAD)) {
			failed++;
			assert_int_equal(lines_with("vmgenc0: \\_SB_.VGEN: "), 1);
		} else {
			kernel_run();
			kernel_tick();
			kernel_run();
			more = kernel.failed != NULL;
			kernel.fail_at = 0;
			assert_generation(1, 1);
		}
		assert_int_equal(kernel_load(MOD_UNLOAD), 0);
		assert_clean();
	}
	assert_true(failed >= 7);
	assert_int_equal(kernel_load(MOD_LOAD), 0);
}

#define row(test) cmocka_unit_test_setup_teardown(test, loaded, unloaded)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_device),
		row(test_event),
		row(test_listeners_draw),
		row(test_busy),
		row(test_other_triggers),
		row(test_sysctl),
		row(test_unload_busy),
		row(test_source_is_kept),
		row(test_failing_calls),
	};

	return cmocka_run_group_tests_name("freebsd companion", tests, NULL, free_page);
}
