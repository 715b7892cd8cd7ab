// SPDX-License-Identifier: BSD-2-Clause
/* test/unit/core: what driver/core does when the driver attaches, and at its first look. */
#include "core_fixture.h"

/* Fails if attach rekeys, tells, claims settled, loses the map's flags, or leaves seq odd. */
static void test_attach(void **state)
{
	struct machine *m = *state;

	m->clock = 7 * PUBLISHED + 1234567 % PUBLISHED;
	assert_int_equal(vmgenc_core_attach(&m->core, MACHINE_PHYS), 0);
	assert_page(m, 1, 0, A);
	assert_false(page_flag(m, VMGENC_REKEY_FAILED));
	assert_false(page_flag(m, VMGENC_ID_UNFILLED));
	assert_int_equal(m->page->changed_ns, 7 * PUBLISHED); /* and nothing finer */
	assert_int_equal(m->page->reserved, 0);
	assert_true(vmgenc_core_pending(&m->core));
	assert_trace(m, "map publish now");
	vmgenc_core_detach(&m->core);
	assert_trace(m, "unmap");
	assert_null(m->core.raw);
}

/* Fails if an unfilled id is not said, is said again by the look, or is not flagged. */
static void test_attach_unfilled(void **state)
{
	struct machine *m = *state;

	machine_set_id(m, 0, 0);
	assert_int_equal(vmgenc_core_attach(&m->core, MACHINE_PHYS), 0);
	assert_int_equal(m->count[CALL_LOG], 1);
	assert_int_equal(m->level, VMGENC_LOG_WARNING);
	assert_string_equal(m->line, "the id is all zero: the host never filled it, so clones go "
				     "unnoticed");
	assert_true(page_flag(m, VMGENC_ID_UNFILLED));
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_ATTACH), 0);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_LOOK), 0);
	assert_int_equal(m->count[CALL_LOG], 1);
	assert_page(m, 1, 1, 0, 0);
	assert_true(page_flag(m, VMGENC_ID_UNFILLED));
	assert_false(vmgenc_core_pending(&m->core));
}

/* Fails if half an id of zeros is taken for an unfilled one. */
static void test_attach_half_zero(void **state)
{
	struct machine *m = *state;

	machine_set_id(m, 0, 7);
	assert_int_equal(vmgenc_core_attach(&m->core, MACHINE_PHYS), 0);
	assert_false(page_flag(m, VMGENC_ID_UNFILLED));
	machine_set_id(m, 7, 0);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_LOOK), 0);
	assert_page(m, 2, 2, 7, 0);
	assert_false(page_flag(m, VMGENC_ID_UNFILLED));
	assert_int_equal(m->count[CALL_LOG], 0);
}

/* Fails if the system's error is lost, or anything goes on without a mapping. */
static void test_attach_map_fails(void **state)
{
	struct machine *m = *state;

	m->refuse[CALL_MAP] = 1;
	assert_int_equal(vmgenc_core_attach(&m->core, MACHINE_PHYS), -ENOMEM);
	assert_trace(m, "map");
	assert_int_equal(m->page->generation, 0);
	assert_int_equal(m->page->magic, 0);
}

/* Fails if a moving id is accepted, either word is not compared, or the mapping is kept. */
static void test_attach_moving(void **state)
{
	struct machine *m = *state;
	unsigned int word;

	for (word = 0; word < 2; word++) {
		moves_left = 1000;
		m->context = &word;
		m->hook = move_one_word;
		assert_int_equal(vmgenc_core_attach(&m->core, MACHINE_PHYS), -EAGAIN);
		assert_int_equal(m->level, VMGENC_LOG_ERROR);
		assert_string_equal(m->line, "the id does not hold still");
		assert_trace(m, "map log unmap");
		assert_null(m->core.raw);
		assert_int_equal(m->page->generation, 0);
	}
}

/* Fails if the first look does not rekey, counts a change, or tells anyone: nothing changed. */
static void test_first_look(void **state)
{
	struct machine *m = *state;

	m->clock = PUBLISHED;
	assert_int_equal(vmgenc_core_attach(&m->core, MACHINE_PHYS), 0);
	machine_forget(m);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_ATTACH), 0);
	assert_trace(m, "lock rekey publish defer unlock lock unlock wake");
	assert_page(m, 1, 1, A);
	assert_int_equal(m->page->changed_ns, PUBLISHED);
	assert_int_equal(m->page->rekeys, 1);
	assert_int_equal(m->page->spurious, 0);
	assert_int_equal(m->told_count, 0);
	assert_false(vmgenc_core_pending(&m->core));
}

/* Fails if a change between attach and the first look is rekeyed for the old id or not told. */
static void test_change_before_first_look(void **state)
{
	struct machine *m = *state;

	assert_int_equal(vmgenc_core_attach(&m->core, MACHINE_PHYS), 0);
	machine_set_id(m, B);
	machine_forget(m);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_ATTACH), 0);
	assert_trace(m, DONE);
	assert_page(m, 2, 2, B);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_new(test_attach),
		on_new(test_attach_unfilled),
		on_new(test_attach_half_zero),
		on_new(test_attach_map_fails),
		on_new(test_attach_moving),
		on_new(test_first_look),
		on_new(test_change_before_first_look),
	};

	return cmocka_run_group_tests_name("core attach", tests, NULL, NULL);
}
