// SPDX-License-Identifier: BSD-2-Clause
/* test/unit/core: a device's whole life under driver/core, in which each call fails once. */
#include "core_fixture.h"

/*
 * A whole life, in which fail_run calls from the fail_at-th on fail. Each answer is held to
 * what it promises at once; the looks at the end come when the trouble is over.
 */
static void look(struct machine *m, enum vmgenc_trigger trigger)
{
	int error = machine_look(m, trigger);

	assert_sound(m);
	if (!error) {
		assert_int_equal(m->page->settled, m->page->generation);
		assert_true(page_has(m, m->id[0], m->id[1]) || !(m->id[0] | m->id[1]));
	}
}

static void sync_(struct machine *m)
{
	struct vmgenc_event event;
	int error = machine_sync(m, &event);

	assert_sound(m);
	if (!error) {
		assert_event(&event, m);
		assert_int_equal(event.settled, event.generation);
	}
}

static void life(struct machine *m)
{
	int error = vmgenc_core_attach(&m->core, MACHINE_PHYS);

	if (error) {
		assert_int_equal(error, -ENOMEM);
		assert_null(m->mapping);
		return;
	}
	look(m, VMGENC_TRIGGER_ATTACH);
	machine_set_id(m, A);
	look(m, VMGENC_TRIGGER_EARLY);
	look(m, VMGENC_TRIGGER_NOTIFY);
	look(m, VMGENC_TRIGGER_NOTIFY);
	machine_set_id(m, B);
	sync_(m);
	sync_(m);
	machine_set_id(m, 0, 0);
	look(m, VMGENC_TRIGGER_LOOK);
	machine_set_id(m, C);
	look(m, VMGENC_TRIGGER_RESUME);
	machine_set_id(m, A);
	look(m, VMGENC_TRIGGER_LOOK);
	m->fail_at = 0;
	look(m, VMGENC_TRIGGER_LOOK);
	sync_(m);
	assert_int_equal(m->page->settled, m->page->generation);
	assert_true(page_has(m, A));
	assert_false(vmgenc_core_pending(&m->core));
	vmgenc_core_detach(&m->core);
	assert_null(m->mapping);
}

/* Fails if, whichever calls fail, a promise that the machine watches is ever broken. */
static void test_each_call_fails(void **state)
{
	const int errors[] = {-EIO, -ENODATA};
	unsigned int run, at, i, lives = 0;
	struct machine m;
	bool failed;

	(void)state;
	for (i = 0; i < 2; i++)
		for (run = 1; run <= 12; run++)
			for (at = 1, failed = true; failed; at++, lives++) {
				machine_start(&m, 0, 0);
				m.rekey_error = errors[i];
				m.fail_at = at;
				m.fail_run = run;
				life(&m);
				failed = m.failed > 0;
				assert_null(m.broken);
				machine_stop(&m);
			}
	/* Fewer than this and the life has lost its calls: nothing would be tested. */
	assert_in_range(lives, 24 * 20, 24 * 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_call_fails)};

	return cmocka_run_group_tests_name("core failures", tests, NULL, NULL);
}
