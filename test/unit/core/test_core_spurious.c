// SPDX-License-Identifier: BSD-2-Clause
/* test/unit/core: which notifications driver/core counts as spurious. */
#include "core_fixture.h"

/*
 * Fails if the notification behind a change that another look found counts as spurious, whichever
 * look that was, or if a second one does not.
 */
static void test_early_look_wins(void **state)
{
	struct machine *m = *state;
	enum vmgenc_trigger trigger;
	uint64_t n = 1, spurious = 0;

	for (trigger = VMGENC_TRIGGER_ATTACH; trigger <= VMGENC_TRIGGER_DRAW; trigger++) {
		if (trigger == VMGENC_TRIGGER_NOTIFY)
			continue;
		n++;
		machine_set_id(m, n, ~n);
		assert_int_equal(machine_look(m, trigger), 0);
		assert_int_equal(machine_look(m, VMGENC_TRIGGER_LOOK), 0);
		assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), 0);
		assert_int_equal(m->page->spurious, spurious);
		assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), 0);
		assert_int_equal(m->page->spurious, ++spurious);
		assert_int_equal(m->page->generation, n);
	}
}

/* Fails if a notification that finds a change leaves an earlier one to be excused for as well. */
static void test_one_notification_for_two_changes(void **state)
{
	struct machine *m = *state;

	machine_set_id(m, 3, 4);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_DRAW), 0);
	machine_set_id(m, 5, 6);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), 0);
	assert_int_equal(m->page->spurious, 0);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), 0);
	assert_int_equal(m->page->generation, 3);
	assert_int_equal(m->page->spurious, 1);
}

/* Fails if the driver that found a change at a program's sync counts the notification of it. */
static void test_sync_wins(void **state)
{
	struct machine *m = *state;
	struct vmgenc_event event;

	machine_set_id(m, 3, 4);
	assert_int_equal(machine_sync(m, &event), 0);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), 0);
	assert_int_equal(m->page->spurious, 0);
	assert_int_equal(machine_sync(m, &event), 0);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), 0);
	assert_int_equal(m->page->spurious, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_settled(test_early_look_wins),
		on_settled(test_one_notification_for_two_changes),
		on_settled(test_sync_wins),
	};

	return cmocka_run_group_tests_name("core spurious", tests, NULL, NULL);
}
