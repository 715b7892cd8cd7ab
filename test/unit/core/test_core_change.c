// SPDX-License-Identifier: BSD-2-Clause
/* test/unit/core: what driver/core does about a change, and what it takes for one. */
#include "core_fixture.h"

/*
 * Fails if the six steps come in another order, if one is left out or done twice, for any
 * trigger, or if a change that was notified counts as spurious.
 */
static void test_change(void **state)
{
	struct machine *m = *state;
	enum vmgenc_trigger trigger;
	uint64_t n = 1;

	for (trigger = VMGENC_TRIGGER_ATTACH; trigger <= VMGENC_TRIGGER_DRAW; trigger++) {
		n++;
		machine_set_id(m, n, ~n);
		m->clock = n * PUBLISHED;
		assert_true(vmgenc_core_differs(&m->core) && vmgenc_core_pending(&m->core));
		assert_int_equal(machine_look(m, trigger), 0);
		assert_trace(m, DONE);
		assert_page(m, n, n, n, ~n);
		assert_int_equal(m->page->changed_ns, n * PUBLISHED);
		assert_int_equal(m->told_count, n - 1);
		assert_false(vmgenc_core_differs(&m->core) || vmgenc_core_pending(&m->core));
	}
	assert_int_equal(m->page->spurious, 0);
	assert_int_equal(m->page->rekeys, n);
}

/* Fails if one word of the id is not part of it. */
static void test_change_of_one_word(void **state)
{
	const uint64_t a[2] = {A}, b[2] = {B};
	struct machine *m = *state;

	machine_set_id(m, b[0], a[1]);
	assert_true(vmgenc_core_pending(&m->core));
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), 0);
	assert_page(m, 2, 2, b[0], a[1]);
	machine_set_id(m, b[0], b[1]);
	assert_true(vmgenc_core_pending(&m->core));
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), 0);
	assert_page(m, 3, 3, B);
}

/* Fails if the same id does more than be counted, or is counted for another than NOTIFY. */
static void test_same_id(void **state)
{
	struct machine *m = *state;
	struct vmgenc_page before = *m->page;
	enum vmgenc_trigger trigger;

	for (trigger = VMGENC_TRIGGER_ATTACH; trigger <= VMGENC_TRIGGER_DRAW; trigger++) {
		assert_int_equal(machine_look(m, trigger), 0);
		assert_trace(m, "lock unlock");
		if (trigger == VMGENC_TRIGGER_NOTIFY)
			before.spurious++;
		assert_memory_equal(m->page, &before, sizeof(before));
	}
	assert_int_equal(m->page->spurious, 1);
	assert_sound(m);
}

/* Fails if the second of two triggers for one change rekeys, publishes or tells again. */
static void test_two_triggers(void **state)
{
	struct machine *m = *state;

	machine_set_id(m, B);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_EARLY), 0);
	assert_trace(m, DONE);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_RESUME), 0);
	assert_trace(m, "lock unlock");
	assert_page(m, 2, 2, B);
	assert_int_equal(m->told_count, 1);
}

/* Fails if an id that was there before is remembered: the machine went on in between. */
static void test_id_comes_back(void **state)
{
	struct machine *m = *state;

	machine_set_id(m, B);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), 0);
	machine_set_id(m, A);
	assert_true(vmgenc_core_pending(&m->core));
	machine_forget(m);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), 0);
	assert_trace(m, DONE);
	assert_page(m, 3, 3, A);
	assert_int_equal(m->told_count, 2);
}

/* Fails if an id that became zero is a change, is forgotten, or sets the unfilled flag. */
static void test_zero_after_id(void **state)
{
	struct machine *m = *state;

	machine_set_id(m, 0, 0);
	assert_false(vmgenc_core_pending(&m->core));
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), 0);
	assert_trace(m, "lock unlock");
	assert_page(m, 1, 1, A);
	assert_false(page_flag(m, VMGENC_ID_UNFILLED));
	machine_set_id(m, A);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_LOOK), 0);
	assert_trace(m, "lock unlock");
	assert_page(m, 1, 1, A);
}

/* Fails if the first real id of a host that filled it late is no change, or stays flagged. */
static void test_zero_is_filled(void **state)
{
	struct machine *m = *state;

	machine_set_id(m, 0, 0);
	assert_int_equal(vmgenc_core_attach(&m->core, MACHINE_PHYS), 0);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_ATTACH), 0);
	machine_set_id(m, B);
	assert_true(vmgenc_core_pending(&m->core));
	machine_forget(m);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), 0);
	assert_trace(m, DONE);
	assert_page(m, 2, 2, B);
	assert_false(page_flag(m, VMGENC_ID_UNFILLED));
}

/* Fails if what the driver lacks is not what the page says, or does not outlast a change. */
static void test_lacks(void **state)
{
	struct machine *m = *state;
	uint32_t before = m->page->flags;

	vmgenc_core_lacks(&m->core, VMGENC_LACKS_REKEY | VMGENC_LACKS_VDSO, true);
	machine_set_id(m, B);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), 0);
	assert_int_equal(m->page->flags, before | VMGENC_LACKS_REKEY | VMGENC_LACKS_VDSO);
	vmgenc_core_lacks(&m->core, VMGENC_LACKS_REKEY, false);
	assert_int_equal(m->page->flags, before | VMGENC_LACKS_VDSO);
	vmgenc_core_lacks(&m->core, VMGENC_LACKS_VDSO, false);
	assert_int_equal(m->page->flags, before);
}

/* Fails if a torn id is used: the second word comes between the two reads of the id. */
static void finish_the_id(struct machine *m, enum machine_call call)
{
	if (call == CALL_BARRIER)
		machine_set_id(m, B);
}

static void test_torn_id(void **state)
{
	const uint64_t a[2] = {A}, b[2] = {B};
	struct machine *m = *state;

	machine_set_id(m, b[0], a[1]);
	m->hook = finish_the_id;
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), 0);
	assert_trace(m, DONE);
	assert_page(m, 2, 2, B);
	assert_true(m->asked_id[0] == b[0] && m->asked_id[1] == b[1]);
}

/* Fails if fewer reads are made than an id that moves_left 63 times needs. */
static void test_id_holds_at_last(void **state)
{
	struct machine *m = *state;
	unsigned int word = 1;

	moves_left = 63;
	m->context = &word;
	m->hook = move_one_word;
	machine_set_id(m, B);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), 0);
	assert_page(m, 2, 2, m->id[0], m->id[1]);
	assert_int_equal(moves_left, 0);
}

/* Fails if an id that never holds still keeps the lock, is used, or counts as spurious. */
static void test_id_never_holds(void **state)
{
	struct machine *m = *state;
	struct vmgenc_page before = *m->page;
	struct vmgenc_event event;
	unsigned int word;

	for (word = 0; word < 2; word++) {
		moves_left = 1000;
		m->context = &word;
		m->hook = move_one_word;
		assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), -EAGAIN);
		assert_trace(m, "lock unlock");
		assert_int_equal(machine_sync(m, &event), -EAGAIN);
		assert_trace(m, "lock unlock");
		assert_memory_equal(m->page, &before, sizeof(before));
		assert_true(vmgenc_core_pending(&m->core));
	}
	assert_sound(m);
}

/* Fails if an id that changes during the rekey of the one before is taken for settled. */
static void test_change_during_rekey(void **state)
{
	struct machine *m = *state;

	m->hook = change_at_rekey;
	machine_set_id(m, B);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), 0);
	assert_page(m, 2, 2, B);
	assert_true(vmgenc_core_pending(&m->core));
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_EARLY), 0);
	assert_page(m, 3, 3, C);
	assert_int_equal(m->told_count, 2);
}

/* Fails if changes that came faster than the worker are told one by one, or the last is not. */
static void test_told_as_one(void **state)
{
	struct machine *m = *state;

	machine_set_id(m, B);
	assert_int_equal(vmgenc_core_look(&m->core, VMGENC_TRIGGER_DRAW), 0);
	machine_set_id(m, C);
	assert_int_equal(vmgenc_core_look(&m->core, VMGENC_TRIGGER_DRAW), 0);
	machine_worker(m);
	assert_page(m, 3, 3, C);
	assert_int_equal(m->told_count, 1);
	assert_int_equal(m->told[0].generation, 3);
	vmgenc_core_tell(&m->core);
	assert_int_equal(m->told_count, 1);
	assert_sound(m);
}

/* A change while listeners are told of the one before: they may draw, and so look. */
static void change_when_told(struct machine *m, enum machine_call call)
{
	if (call != CALL_KERNEL || page_has(m, C))
		return;
	machine_set_id(m, C);
	vmgenc_core_look(&m->core, VMGENC_TRIGGER_DRAW);
}

/* Fails if a change that is settled while the one before is told gets lost, or is told as it. */
static void test_change_while_told(void **state)
{
	struct machine *m = *state;

	m->hook = change_when_told;
	machine_set_id(m, B);
	assert_int_equal(vmgenc_core_look(&m->core, VMGENC_TRIGGER_NOTIFY), 0);
	m->threaded = true; /* the page is ahead of what is told: the machine would mind */
	machine_worker(m);
	m->threaded = false;
	assert_int_equal(m->told_count, 1);
	machine_worker(m);
	assert_int_equal(m->told_count, 2);
	assert_page(m, 3, 3, C);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_settled(test_change),	 on_settled(test_change_of_one_word),
		on_settled(test_same_id),	 on_settled(test_two_triggers),
		on_settled(test_id_comes_back),	 on_settled(test_zero_after_id),
		on_new(test_zero_is_filled),	 on_settled(test_lacks),
		on_settled(test_torn_id),	 on_settled(test_id_holds_at_last),
		on_settled(test_id_never_holds), on_settled(test_change_during_rekey),
		on_settled(test_told_as_one),	 on_settled(test_change_while_told),
	};

	return cmocka_run_group_tests_name("core change", tests, NULL, NULL);
}
