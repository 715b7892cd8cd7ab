// SPDX-License-Identifier: BSD-2-Clause
/* test/unit/core: what readers of the generation page may see while driver/core writes it. */
#include "core_fixture.h"

/*
 * The memory as it is at each barrier. Between two barriers, the compiler and the processor may
 * let each store be seen in any order, so a reader there may see any mixture of the pictures
 * before and after: the tests judge every mixture, not just those that happened here. Where the
 * core lacks a barrier, two stores that must not mix are in one interval, and the test fails.
 */
#define PICTURES 32

struct picture {
	struct vmgenc_page page;
	uint64_t seen[2];
};

static struct picture pictures[PICTURES];
static unsigned int taken;

static void take_picture(const struct machine *m)
{
	assert_true(taken < PICTURES);
	pictures[taken].page = *m->page;
	pictures[taken].seen[0] = m->core.seen[0];
	pictures[taken].seen[1] = m->core.seen[1];
	taken++;
}

/* A wake-up and an unlock order memory, too: code behind them sees what was stored before. */
static void at_barriers(struct machine *m, enum machine_call call)
{
	if (call == CALL_BARRIER || call == CALL_DEFER)
		take_picture(m);
}

static void look_with_pictures(struct machine *m, int expected)
{
	taken = 0;
	take_picture(m);
	m->hook = at_barriers;
	assert_int_equal(vmgenc_core_look(&m->core, VMGENC_TRIGGER_NOTIFY), expected);
	m->hook = NULL;
	take_picture(m);
	machine_worker(m);
}

/* What a reader takes under seq. */
static bool same_fields(const struct vmgenc_page *a, const struct vmgenc_page *b)
{
	return a->generation == b->generation && a->settled == b->settled &&
	       a->changed_ns == b->changed_ns && a->flags == b->flags &&
	       !memcmp(a->id, b->id, sizeof(a->id));
}

/* A seq may be seen in the intervals before and after each picture that has it. */
static bool may_show(unsigned int interval, uint32_t seq)
{
	return pictures[interval].page.seq == seq || pictures[interval + 1].page.seq == seq;
}

/*
 * A reader who finds one even seq twice may have read each field at any moment in between, in
 * either picture of those intervals: all of them must hold the same fields.
 */
static void assert_seq_protects(void)
{
	unsigned int first, i;

	for (first = 0; first + 1 < taken; first++) {
		const struct vmgenc_page *before = &pictures[first].page;

		if (before->seq % 2)
			continue;
		for (i = first; i + 1 < taken; i++)
			if (may_show(i, before->seq)) {
				assert_true(same_fields(before, &pictures[i].page));
				assert_true(same_fields(before, &pictures[i + 1].page));
			}
	}
}

/*
 * Without seq: a reader of the new generation must not see anything older beside it, neither in
 * the same interval nor later.
 */
static void assert_generation_is_last(void)
{
	const struct vmgenc_page *end = &pictures[taken - 1].page;
	unsigned int i;

	if (pictures[0].page.generation == end->generation)
		return;
	for (i = 0; i + 1 < taken; i++)
		if (pictures[i + 1].page.generation == end->generation) {
			struct vmgenc_page before = pictures[i].page;

			before.generation = end->generation;
			assert_true(same_fields(&before, end));
		}
}

/* pending() compares seen without seq: once it says "nothing to do", the page must be there. */
static void assert_seen_is_after(void)
{
	unsigned int i;

	for (i = 0; i + 1 < taken; i++) {
		const struct picture *a = &pictures[i], *b = &pictures[i + 1];

		if (a->seen[0] == b->seen[0] && a->seen[1] == b->seen[1])
			continue;
		assert_true(same_fields(&a->page, &b->page));
		assert_memory_equal(a->page.id, b->seen, sizeof(b->seen));
	}
}

static void assert_all_views(void)
{
	assert_true(pictures[0].page.seq != pictures[taken - 1].page.seq);
	assert_seq_protects();
	assert_generation_is_last();
	assert_seen_is_after();
}

/* Fails if a barrier of publish is missing or a store is on the wrong side of one. */
static void test_views_of_a_change(void **state)
{
	struct machine *m = *state;

	machine_set_id(m, 3, 4);
	look_with_pictures(m, 0);
	assert_int_equal(m->page->generation, 2);
	assert_all_views();
}

/* Fails like the one before; and if the failed generation shows settled at any moment. */
static void test_views_of_a_failure(void **state)
{
	struct machine *m = *state;
	unsigned int i;

	m->refuse[CALL_REKEY] = 3;
	machine_set_id(m, 3, 4);
	look_with_pictures(m, -EIO);
	assert_all_views();
	for (i = 0; i < taken; i++)
		assert_int_equal(pictures[i].page.settled, 1);

	look_with_pictures(m, 0);
	assert_int_equal(m->page->settled, 2);
	assert_all_views();
}

/*
 * Fails if settled goes back or skips ahead of what was rekeyed, at any barrier: a reader of
 * that one field, without seq, takes it for a promise.
 */
static void test_settled_only_grows(void **state)
{
	struct machine *m = *state;
	unsigned int i, n;

	for (n = 1; n < 6; n++) {
		m->refuse[CALL_REKEY] = n % 2 ? 3 : 0;
		machine_set_id(m, 10 + n, 20 + n);
		look_with_pictures(m, n % 2 ? -EIO : 0);
		for (i = 0; i + 1 < taken; i++) {
			const struct vmgenc_page *a = &pictures[i].page;
			const struct vmgenc_page *b = &pictures[i + 1].page;

			assert_true(a->settled <= b->settled && a->generation <= b->generation);
			assert_true(b->settled <= pictures[0].page.generation + 1);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_settled(test_views_of_a_change),
		on_settled(test_views_of_a_failure),
		on_settled(test_settled_only_grows),
	};

	return cmocka_run_group_tests_name("core page", tests, NULL, NULL);
}
