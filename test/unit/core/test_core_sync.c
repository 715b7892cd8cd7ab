// SPDX-License-Identifier: BSD-2-Clause
/* test/unit/core: what a program's sync gets from driver/core. */
#include "core_fixture.h"

#define RETRY_NS 10000000 /* as the core has it */

/* Fails if sync looks without a reason, takes the lock, or leaves out a field of the event. */
static void test_sync_fast(void **state)
{
	struct vmgenc_event event;
	struct machine *m = *state;

	memset(&event, 0xee, sizeof(event));
	assert_int_equal(machine_sync(m, &event), 0);
	assert_trace(m, "");
	assert_event(&event, m);
	assert_int_equal(event.generation, 1);
	assert_sound(m);
}

/* Fails if sync does less than a look, or returns the event from before it. */
static void test_sync_pending(void **state)
{
	struct vmgenc_event event;
	struct machine *m = *state;

	machine_set_id(m, B);
	assert_int_equal(machine_sync(m, &event), 0);
	assert_trace(m, SETTLED TOLD);
	assert_page(m, 2, 2, B);
	assert_event(&event, m);
	assert_int_equal(m->page->spurious, 0);
}

/* Fails if sync reports success, or EIO for ENODATA, when the generator was not rekeyed. */
static void test_sync_fails(void **state)
{
	struct vmgenc_event event;
	struct machine *m = *state;

	machine_set_id(m, B);
	m->refuse[CALL_REKEY] = 4;
	assert_int_equal(machine_sync(m, &event), -EIO);
	m->rekey_error = -ENODATA;
	m->clock += RETRY_NS;
	assert_int_equal(machine_sync(m, &event), -ENODATA);
	assert_page(m, 2, 1, B);
	m->clock += RETRY_NS;
	assert_int_equal(machine_sync(m, &event), 0);
	assert_page(m, 2, 2, B);
	assert_int_equal(m->told_count, 1);
}

/* Fails if each of many callers takes the lock, tries the rekey or wakes the worker in vain. */
static void test_sync_storm_while_rekey_fails(void **state)
{
	struct vmgenc_event event;
	struct machine *m = *state;

	machine_set_id(m, B);
	m->refuse[CALL_REKEY] = 3;
	assert_int_equal(machine_sync(m, &event), -EIO);
	for (int i = 0; i < 1000; i++) {
		machine_forget(m);
		assert_int_equal(machine_sync(m, &event), -EIO);
		assert_trace(m, "now");
	}
	/* A clone is not put off. */
	machine_set_id(m, A);
	assert_int_equal(machine_sync(m, &event), 0);
	assert_page(m, 3, 3, A);
}

/* A change whose rekey failed, by another processor, between sync's glance and its event. */
static void unsettle_under_sync(struct machine *m, enum machine_call call)
{
	if (call != CALL_BARRIER)
		return;
	m->hook = NULL;
	m->refuse[CALL_REKEY] = 3;
	machine_set_id(m, B);
	vmgenc_core_look(&m->core, VMGENC_TRIGGER_EARLY);
}

/* Fails if sync returns 0 with an event that says that it is not settled. */
static void test_sync_sees_unsettled(void **state)
{
	struct vmgenc_event event;
	struct machine *m = *state;

	m->hook = unsettle_under_sync;
	assert_int_equal(machine_sync(m, &event), -EIO);
	assert_page(m, 2, 1, B);
	m->clock += RETRY_NS;
	assert_int_equal(machine_sync(m, &event), 0);
	assert_page(m, 2, 2, B);
	assert_event(&event, m);
}

/* Fails if sync returns 0 for an id that was replaced while the generator was rekeyed for it. */
static void test_sync_change_during_rekey(void **state)
{
	struct vmgenc_event event;
	struct machine *m = *state;

	m->hook = change_at_rekey;
	machine_set_id(m, B);
	assert_int_equal(machine_sync(m, &event), 0);
	assert_page(m, 3, 3, C);
	assert_event(&event, m);
	assert_false(vmgenc_core_pending(&m->core));
}

/* A change by another processor, in the middle of the event that is read. */
static void change_under_event(struct machine *m, enum machine_call call)
{
	if (call != CALL_BARRIER || ++*(unsigned int *)m->context != 3)
		return;
	machine_set_id(m, B);
	vmgenc_core_look(&m->core, VMGENC_TRIGGER_EARLY);
}

/* Fails if an event has something of two generations, or of the one before. */
static void test_event_is_whole(void **state)
{
	struct vmgenc_event event;
	struct machine *m = *state;
	unsigned int barriers = 0;

	m->context = &barriers;
	m->hook = change_under_event;
	vmgenc_core_event(&m->core, &event);
	m->hook = NULL;
	machine_worker(m);
	assert_page(m, 2, 2, B);
	assert_event(&event, m);
}

/* The writer ends when it is waited for. */
static void write_ends(struct machine *m, enum machine_call call)
{
	if (call == CALL_LOCK)
		m->page->seq++;
}

/* Fails if a writer that was preempted half-way is neither waited for, nor waited for asleep. */
static void test_event_waits_for_the_writer(void **state)
{
	struct vmgenc_event event;
	struct machine *m = *state;

	m->page->seq++;
	m->hook = write_ends;
	vmgenc_core_event(&m->core, &event);
	assert_event(&event, m);
	assert_int_equal(m->count[CALL_LOCK], m->count[CALL_UNLOCK]);
	assert_true(strstr(machine_trace(m), "lock unlock"));
}

static void change_at_each_rekey(struct machine *m, enum machine_call call)
{
	if (call == CALL_REKEY)
		machine_set_id(m, m->id[0] + 1, m->id[1]);
}

/* Fails if sync goes on for ever, or claims success, while the id never holds still. */
static void test_sync_never_settles(void **state)
{
	struct vmgenc_event event;
	struct machine *m = *state;

	m->hook = change_at_each_rekey;
	machine_set_id(m, B);
	assert_int_equal(machine_sync(m, &event), -EAGAIN);
	m->hook = NULL;
	assert_int_equal(machine_sync(m, &event), 0);
	assert_sound(m);
}

/* At each step of a change: may a program that asks now be sent away with "nothing to do"? */
static void ask_at_each_step(struct machine *m, enum machine_call call)
{
	struct vmgenc_event event;
	bool *wrong = m->context;
	bool done = m->page->generation == 2;

	if (call == CALL_BARRIER)
		return;
	if (vmgenc_core_pending(&m->core) == done)
		*wrong = true;
	if (done && !m->locked && (vmgenc_core_sync(&m->core, &event) || event.generation != 2))
		*wrong = true;
}

/*
 * Fails if pending() is false before settled is published, so that sync would return too soon;
 * or if it is still true when listeners run, so that a listener's sync would look again.
 */
static void test_sync_at_each_step(void **state)
{
	struct machine *m = *state;
	bool wrong = false;

	m->context = &wrong;
	m->hook = ask_at_each_step;
	machine_set_id(m, B);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), 0);
	assert_false(wrong);
	assert_page(m, 2, 2, B);
	assert_int_equal(m->page->rekeys, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_settled(test_sync_fast),	      on_settled(test_sync_pending),
		on_settled(test_sync_fails),	      on_settled(test_sync_storm_while_rekey_fails),
		on_settled(test_sync_sees_unsettled), on_settled(test_sync_change_during_rekey),
		on_settled(test_sync_never_settles),  on_settled(test_sync_at_each_step),
		on_settled(test_event_is_whole),      on_settled(test_event_waits_for_the_writer),
	};

	return cmocka_run_group_tests_name("core sync", tests, NULL, NULL);
}
