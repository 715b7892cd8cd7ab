// SPDX-License-Identifier: BSD-2-Clause
/* test/unit/core: what driver/core does when the rekey fails: it retries, logs, and claims nothing.
 */
#include "core_fixture.h"

/* A change to B while the next rekeys fail, as many as said, leaves generation 2 unsettled. */
static void change_unsettled(struct machine *m, unsigned int failures)
{
	m->refuse[CALL_REKEY] = failures;
	m->clock = 2 * PUBLISHED;
	machine_set_id(m, B);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), -EIO);
	m->clock = 3 * PUBLISHED;
}

/* Fails if the rekey is not tried again at once, or a rekey that did work is logged as not. */
static void test_rekey_fails_twice(void **state)
{
	struct machine *m = *state;

	m->refuse[CALL_REKEY] = 1;
	machine_set_id(m, B);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), 0);
	assert_trace(m, "lock rekey rekey publish now defer unlock" TOLD);
	assert_int_equal(m->page->rekey_failures, 1);
	m->refuse[CALL_REKEY] = 2;
	machine_set_id(m, C);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), 0);
	assert_trace(m, "lock rekey rekey rekey publish now defer unlock" TOLD);
	assert_page(m, 3, 3, C);
	assert_int_equal(m->page->rekey_failures, 3);
	assert_false(page_flag(m, VMGENC_REKEY_FAILED));
}

/*
 * Fails if a rekey that never worked is claimed, told or silent; if later looks do not try
 * again, log each time, or count the old id as a change; if success is not told exactly once;
 * or if differs() is true for an id that was seen.
 */
static void test_rekey_fails(void **state)
{
	struct machine *m = *state;

	change_unsettled(m, 6);
	assert_string_equal(m->line, "generation 2: the random generator was NOT rekeyed (error 5)"
				     "; trying again");
	assert_int_equal(m->level, VMGENC_LOG_ERROR);
	assert_trace(m, "lock rekey rekey rekey publish now now defer unlock lock unlock log wake");
	assert_page(m, 2, 1, B);
	assert_true(page_flag(m, VMGENC_REKEY_FAILED));
	assert_true(vmgenc_core_pending(&m->core));
	/* The id is the one seen last, so who asks for that alone does not try the rekey again. */
	assert_false(vmgenc_core_differs(&m->core));

	assert_int_equal(machine_look(m, VMGENC_TRIGGER_LOOK), -EIO);
	assert_trace(m, "lock rekey rekey rekey publish now defer unlock lock unlock");
	assert_page(m, 2, 1, B);
	assert_int_equal(m->told_count, 0);

	assert_int_equal(machine_look(m, VMGENC_TRIGGER_LOOK), 0);
	assert_string_equal(m->line, "generation 2: the random generator is rekeyed now");
	assert_int_equal(m->level, VMGENC_LOG_INFO);
	assert_trace(m, "lock rekey publish defer unlock lock unlock log kernel user wake");
	assert_page(m, 2, 2, B);
	assert_int_equal(m->page->changed_ns, 2 * PUBLISHED);
	assert_int_equal(m->page->rekey_failures, 6);
	assert_false(page_flag(m, VMGENC_REKEY_FAILED));
	assert_false(vmgenc_core_pending(&m->core));

	assert_int_equal(machine_look(m, VMGENC_TRIGGER_LOOK), 0);
	assert_trace(m, "lock unlock");
	assert_int_equal(m->told_count, 1);
}

/* Fails if a generator that is not seeded is asked three times in a row, or called an error. */
static void test_rekey_not_seeded(void **state)
{
	struct machine *m = *state;

	assert_int_equal(vmgenc_core_attach(&m->core, MACHINE_PHYS), 0);
	machine_forget(m);
	m->rekey_error = -ENODATA;
	m->refuse[CALL_REKEY] = 2;
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_ATTACH), -ENODATA);
	assert_string_equal(m->line, "generation 1: the random generator is not seeded yet, so it "
				     "cannot be rekeyed; trying again");
	assert_int_equal(m->level, VMGENC_LOG_WARNING);
	assert_trace(m, "lock rekey publish now defer unlock lock unlock log wake");
	assert_page(m, 1, 0, A);
	assert_false(page_flag(m, VMGENC_REKEY_FAILED));
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_LOOK), -ENODATA);
	assert_trace(m, "lock rekey publish now defer unlock lock unlock");
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_LOOK), 0);
	assert_page(m, 1, 1, A);
	assert_false(page_flag(m, VMGENC_REKEY_FAILED));
	assert_int_equal(m->page->unseeded, 2);
	assert_int_equal(m->page->rekey_failures, 0);
	assert_int_equal(m->told_count, 0);
}

/*
 * Fails if a change of an unsettled generation is not a generation of its own, if its failure
 * is not logged, or if a generation that never settled is told after the next one.
 */
static void test_change_while_unsettled(void **state)
{
	struct machine *m = *state;

	change_unsettled(m, 6);
	machine_set_id(m, C);
	machine_forget(m);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), -EIO);
	assert_trace(m, "lock rekey rekey rekey publish now now defer unlock lock unlock log wake");
	assert_page(m, 3, 1, C);
	assert_int_equal(m->page->spurious, 0);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_LOOK), 0);
	assert_page(m, 3, 3, C);
	assert_int_equal(m->told_count, 1);
	assert_int_equal(m->told[0].generation, 3);
}

/* Fails if an id that became zero while unsettled is rekeyed for, or stops the retries. */
static void test_zero_while_unsettled(void **state)
{
	struct machine *m = *state;

	change_unsettled(m, 3);
	machine_set_id(m, 0, 0);
	assert_true(vmgenc_core_pending(&m->core));
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_LOOK), 0);
	assert_page(m, 2, 2, B);
	assert_false(page_flag(m, VMGENC_ID_UNFILLED));
	assert_false(vmgenc_core_pending(&m->core));
}

/* Fails if NOTIFY on an unsettled, unchanged id is not counted as such, or is not also a retry. */
static void test_notify_while_unsettled(void **state)
{
	struct machine *m = *state;

	change_unsettled(m, 3);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), 0);
	assert_page(m, 2, 2, B);
	assert_int_equal(m->page->spurious, 1);
}

/* Fails if another failure of the same generation is silent, or one failure is logged twice. */
static void test_failures_are_logged(void **state)
{
	struct machine *m = *state;

	machine_set_id(m, B);
	m->rekey_error = -ENODATA;
	m->refuse[CALL_REKEY] = 2;
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), -ENODATA);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_LOOK), -ENODATA);
	assert_int_equal(m->count[CALL_LOG], 1);
	m->rekey_error = -EIO;
	m->refuse[CALL_REKEY] = 6;
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_LOOK), -EIO);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_LOOK), -EIO);
	assert_int_equal(m->count[CALL_LOG], 2);
	assert_int_equal(m->level, VMGENC_LOG_ERROR);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_LOOK), 0);
	assert_int_equal(m->count[CALL_LOG], 3);
	assert_page(m, 2, 2, B);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_settled(test_rekey_fails_twice),    on_settled(test_rekey_fails),
		on_new(test_rekey_not_seeded),	       on_settled(test_change_while_unsettled),
		on_settled(test_zero_while_unsettled), on_settled(test_notify_while_unsettled),
		on_settled(test_failures_are_logged),
	};

	return cmocka_run_group_tests_name("core rekey", tests, NULL, NULL);
}
