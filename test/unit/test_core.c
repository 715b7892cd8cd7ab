// SPDX-License-Identifier: BSD-2-Clause
/* test/unit: what driver/core does about a change, on the simulated machine (sim/). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "machine.h"

#define A 0x1111111111111111u, 0xaaaaaaaaaaaaaaaau
#define B 0x2222222222222222u, 0xbbbbbbbbbbbbbbbbu
#define C 0x3333333333333333u, 0xccccccccccccccccu

#define PUBLISHED (1ull << 20) /* ns: times are cut to that */
#define RETRY_NS 10000000      /* as the core has it */
#define SETTLED "lock rekey publish now defer unlock"
#define TOLD " lock unlock kernel user wake"
#define DONE SETTLED TOLD

#define assert_sound(m)                                                                            \
	do {                                                                                       \
		const char *broken_ = machine_broken(m);                                           \
		if (broken_)                                                                       \
			fail_msg("%s", broken_);                                                   \
	} while (0)

static bool page_has(const struct machine *m, uint64_t id0, uint64_t id1)
{
	const uint64_t id[2] = {id0, id1};

	return !memcmp(m->page->id, id, sizeof(id));
}

static void assert_page(struct machine *m, uint64_t generation, uint64_t settled, uint64_t id0,
			uint64_t id1)
{
	assert_sound(m);
	assert_int_equal(m->page->generation, generation);
	assert_int_equal(m->page->settled, settled);
	assert_true(page_has(m, id0, id1));
}

static bool flag(const struct machine *m, uint32_t bit)
{
	return m->page->flags & bit;
}

static void assert_trace(struct machine *m, const char *trace)
{
	assert_string_equal(machine_trace(m), trace);
	machine_forget(m);
}

/* A machine with id A whose driver has attached and looked: generation 1, settled. */
static int settled_machine(void **state)
{
	static struct machine machine;

	machine_start(&machine, A);
	*state = &machine;
	if (vmgenc_core_attach(&machine.core, MACHINE_PHYS) ||
	    machine_look(&machine, VMGENC_TRIGGER_ATTACH))
		return -1;
	machine_forget(&machine);
	return 0;
}

static int new_machine(void **state)
{
	static struct machine machine;

	machine_start(&machine, A);
	*state = &machine;
	return 0;
}

/* Detaches what is attached: whatever the test did, the mapping must go, and only once. */
static int stop(void **state)
{
	struct machine *m = *state;
	bool kept;

	m->hook = NULL;
	if (m->mapping)
		vmgenc_core_detach(&m->core);
	kept = !m->mapping && !m->core.raw && !m->broken;
	if (!kept)
		print_error("%s\n", m->broken ? m->broken : "the id is still mapped");
	machine_stop(m);
	return kept ? 0 : -1;
}

/* Fails if attach rekeys, tells, claims settled, loses the map's flags, or leaves seq odd. */
static void test_attach(void **state)
{
	struct machine *m = *state;

	m->clock = 7 * PUBLISHED + 1234567 % PUBLISHED;
	assert_int_equal(vmgenc_core_attach(&m->core, MACHINE_PHYS), 0);
	assert_page(m, 1, 0, A);
	assert_false(flag(m, VMGENC_REKEY_FAILED));
	assert_false(flag(m, VMGENC_ID_UNFILLED));
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
	assert_true(flag(m, VMGENC_ID_UNFILLED));
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_ATTACH), 0);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_LOOK), 0);
	assert_int_equal(m->count[CALL_LOG], 1);
	assert_page(m, 1, 1, 0, 0);
	assert_true(flag(m, VMGENC_ID_UNFILLED));
	assert_false(vmgenc_core_pending(&m->core));
}

/* Fails if half an id of zeros is taken for an unfilled one. */
static void test_attach_half_zero(void **state)
{
	struct machine *m = *state;

	machine_set_id(m, 0, 7);
	assert_int_equal(vmgenc_core_attach(&m->core, MACHINE_PHYS), 0);
	assert_false(flag(m, VMGENC_ID_UNFILLED));
	machine_set_id(m, 7, 0);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_LOOK), 0);
	assert_page(m, 2, 2, 7, 0);
	assert_false(flag(m, VMGENC_ID_UNFILLED));
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

/* In the middle of each read, the hypervisor stores one word (context: which) once more. */
static unsigned int moves;

static void move_one_word(struct machine *m, enum machine_call call)
{
	const unsigned int *word = m->context;

	if (call != CALL_BARRIER || !moves || m->page->seq % 2)
		return;
	moves--;
	m->id[*word]++;
	machine_set_id(m, m->id[0], m->id[1]);
}

/* Fails if a moving id is accepted, either word is not compared, or the mapping is kept. */
static void test_attach_moving(void **state)
{
	struct machine *m = *state;
	unsigned int word;

	for (word = 0; word < 2; word++) {
		moves = 1000;
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
	assert_false(flag(m, VMGENC_ID_UNFILLED));
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
	assert_false(flag(m, VMGENC_ID_UNFILLED));
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
	assert_false(flag(m, VMGENC_REKEY_FAILED));
}

/*
 * Fails if a rekey that never worked is claimed, told or silent; if later looks do not try
 * again, log each time, or count the old id as a change; if success is not told exactly once;
 * or if differs() is true for an id that was seen.
 */
static void test_rekey_fails(void **state)
{
	struct machine *m = *state;

	m->refuse[CALL_REKEY] = 6;
	m->clock = 2 * PUBLISHED;
	machine_set_id(m, B);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), -EIO);
	m->clock = 3 * PUBLISHED;
	assert_string_equal(m->line, "generation 2: the random generator was NOT rekeyed (error 5)"
				     "; trying again");
	assert_int_equal(m->level, VMGENC_LOG_ERROR);
	assert_trace(m, "lock rekey rekey rekey publish now now defer unlock lock unlock log wake");
	assert_page(m, 2, 1, B);
	assert_true(flag(m, VMGENC_REKEY_FAILED));
	assert_true(vmgenc_core_pending(&m->core));
	/* The id is not the reason: whoever asks only for that is not to try the rekey again. */
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
	assert_false(flag(m, VMGENC_REKEY_FAILED));
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
	assert_false(flag(m, VMGENC_REKEY_FAILED));
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_LOOK), -ENODATA);
	assert_trace(m, "lock rekey publish now defer unlock lock unlock");
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_LOOK), 0);
	assert_page(m, 1, 1, A);
	assert_false(flag(m, VMGENC_REKEY_FAILED));
	assert_int_equal(m->page->unseeded, 2);
	assert_int_equal(m->page->rekey_failures, 0);
	assert_int_equal(m->told_count, 0);
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

/*
 * Fails if a change of an unsettled generation is not a generation of its own, if its failure
 * is not logged, or if a generation that never settled is told after the next one.
 */
static void test_change_while_unsettled(void **state)
{
	struct machine *m = *state;

	m->refuse[CALL_REKEY] = 6;
	m->clock = 2 * PUBLISHED;
	machine_set_id(m, B);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), -EIO);
	m->clock = 3 * PUBLISHED;
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

	m->refuse[CALL_REKEY] = 3;
	machine_set_id(m, B);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), -EIO);
	machine_set_id(m, 0, 0);
	assert_true(vmgenc_core_pending(&m->core));
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_LOOK), 0);
	assert_page(m, 2, 2, B);
	assert_false(flag(m, VMGENC_ID_UNFILLED));
	assert_false(vmgenc_core_pending(&m->core));
}

/* Fails if NOTIFY on an unsettled, unchanged id is not counted as such, or is not also a retry. */
static void test_notify_while_unsettled(void **state)
{
	struct machine *m = *state;

	m->refuse[CALL_REKEY] = 3;
	machine_set_id(m, B);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), -EIO);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), 0);
	assert_page(m, 2, 2, B);
	assert_int_equal(m->page->spurious, 1);
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

/* Fails if fewer reads are made than an id that moves 63 times needs. */
static void test_id_holds_at_last(void **state)
{
	struct machine *m = *state;
	unsigned int word = 1;

	moves = 63;
	m->context = &word;
	m->hook = move_one_word;
	machine_set_id(m, B);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), 0);
	assert_page(m, 2, 2, m->id[0], m->id[1]);
	assert_int_equal(moves, 0);
}

/* Fails if an id that never holds still keeps the lock, is used, or counts as spurious. */
static void test_id_never_holds(void **state)
{
	struct machine *m = *state;
	struct vmgenc_page before = *m->page;
	struct vmgenc_event event;
	unsigned int word;

	for (word = 0; word < 2; word++) {
		moves = 1000;
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

static void change_at_rekey(struct machine *m, enum machine_call call)
{
	if (call == CALL_REKEY && page_has(m, A))
		machine_set_id(m, C);
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

static void assert_event(const struct vmgenc_event *event, const struct machine *m)
{
	assert_int_equal(event->generation, m->page->generation);
	assert_int_equal(event->settled, m->page->settled);
	assert_int_equal(event->changed_ns, m->page->changed_ns);
	assert_memory_equal(event->id, m->page->id, sizeof(event->id));
}

/* Fails if sync looks where nothing is to do, or leaves a field of the event out. */
static void test_sync_fast(void **state)
{
	struct vmgenc_event event;
	struct machine *m = *state;

	memset(&event, 0xee, sizeof(event));
	assert_int_equal(machine_sync(m, &event), 0);
	assert_trace(m, "lock unlock");
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
	assert_trace(m, SETTLED " lock unlock" TOLD);
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

/* Fails if each of many callers has the rekey tried, or the worker woken, while it fails. */
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
		assert_trace(m, "lock now unlock");
	}
	/* A clone is not put off. */
	machine_set_id(m, A);
	assert_int_equal(machine_sync(m, &event), 0);
	assert_page(m, 3, 3, A);
}

/* A change whose rekey failed, by another processor, between sync's glance and its event. */
static void unsettle_under_sync(struct machine *m, enum machine_call call)
{
	if (call != CALL_LOCK)
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

#define on_settled(test) cmocka_unit_test_setup_teardown(test, settled_machine, stop)
#define on_new(test) cmocka_unit_test_setup_teardown(test, new_machine, stop)

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
		on_settled(test_change),
		on_settled(test_change_of_one_word),
		on_settled(test_same_id),
		on_settled(test_two_triggers),
		on_settled(test_id_comes_back),
		on_settled(test_zero_after_id),
		on_new(test_zero_is_filled),
		on_settled(test_rekey_fails_twice),
		on_settled(test_rekey_fails),
		on_new(test_rekey_not_seeded),
		on_settled(test_lacks),
		on_settled(test_change_while_unsettled),
		on_settled(test_zero_while_unsettled),
		on_settled(test_notify_while_unsettled),
		on_settled(test_torn_id),
		on_settled(test_id_holds_at_last),
		on_settled(test_id_never_holds),
		on_settled(test_change_during_rekey),
		on_settled(test_sync_fast),
		on_settled(test_sync_pending),
		on_settled(test_sync_fails),
		on_settled(test_sync_storm_while_rekey_fails),
		on_settled(test_sync_sees_unsettled),
		on_settled(test_sync_at_each_step),
		on_settled(test_sync_change_during_rekey),
		on_settled(test_sync_never_settles),
		on_settled(test_told_as_one),
		on_settled(test_change_while_told),
		on_settled(test_failures_are_logged),
		cmocka_unit_test(test_each_call_fails),
	};

	return cmocka_run_group_tests_name("core", tests, NULL, NULL);
}
