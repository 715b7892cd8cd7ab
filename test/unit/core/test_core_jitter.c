// SPDX-License-Identifier: BSD-2-Clause
/* test/unit/core: timing jitter: which samples count, the flag, and rekeying again. */
#include <stdlib.h>

#include "core_fixture.h"
#include "vmgenc_jitter.h"

static bool predictable(const struct machine *m)
{
	return page_flag(m, VMGENC_PREDICTABLE);
}

/* Fails if a rekey without entropy is hidden, holds up the generation, or is flagged for ever. */
static void test_predictable_is_said(void **state)
{
	struct machine *m = *state;

	assert_false(predictable(m));
	m->predictable = true;
	machine_set_id(m, B);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), 0);
	assert_int_equal(m->page->settled, 2);
	assert_int_equal(m->told_count, 1);
	assert_true(predictable(m));
	assert_int_equal(m->level, VMGENC_LOG_WARNING);
	assert_non_null(strstr(m->line, "parted, but predictable by a sibling's owner"));
	assert_sound(m);

	m->predictable = false;
	machine_set_id(m, A);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), 0);
	assert_false(predictable(m));
	assert_sound(m);
}

/* Fails if the flag is left from the generation before, which says nothing of this one. */
static void test_unsettled_is_not_judged(void **state)
{
	struct machine *m = *state;

	m->predictable = true;
	machine_set_id(m, B);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), 0);
	m->refuse[CALL_REKEY] = 3;
	machine_set_id(m, A);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), -EIO);
	assert_false(predictable(m));
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_LOOK), 0);
	assert_true(predictable(m));
	assert_sound(m);
}

/* Fails if entropy that comes late is told as a change, or does not clear the flag. */
static void test_again_is_no_change(void **state)
{
	struct machine *m = *state;
	struct vmgenc_event before, after;

	m->predictable = true;
	machine_set_id(m, B);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), 0);
	vmgenc_core_event(&m->core, &before);
	machine_forget(m);
	assert_int_equal(vmgenc_core_again(&m->core, m->page->generation, false), 0);
	assert_true(predictable(m));
	assert_int_equal(vmgenc_core_again(&m->core, m->page->generation, true), 0);
	assert_false(predictable(m));
	assert_int_equal(vmgenc_core_again(&m->core, m->page->generation, false), 0);
	assert_false(predictable(m)); /* the pool has not lost it */
	machine_worker(m);
	assert_int_equal(m->count[CALL_REKEY], 3);
	assert_int_equal(m->count[CALL_DEFER] + m->count[CALL_KERNEL] + m->count[CALL_WAKE], 0);
	vmgenc_core_event(&m->core, &after);
	assert_memory_equal(&after, &before, sizeof(after));
	assert_sound(m);
}

/* Fails if good jitter at a later rekey does not clear the flag. */
static void test_again_with_jitter(void **state)
{
	struct machine *m = *state;

	m->predictable = true;
	machine_set_id(m, B);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), 0);
	m->predictable = false;
	assert_int_equal(vmgenc_core_again(&m->core, m->page->generation, false), 0);
	assert_false(predictable(m));
}

/* Fails if bytes that came before a further snapshot count for the clone of it. */
static void test_again_leaves_changes_to_looks(void **state)
{
	struct machine *m = *state;

	m->predictable = true;
	machine_set_id(m, B);
	machine_forget(m);
	assert_int_equal(vmgenc_core_again(&m->core, m->page->generation, true), -EAGAIN);
	assert_int_equal(m->count[CALL_REKEY], 0);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), 0);
	assert_true(predictable(m));
	assert_sound(m);
}

/* Fails if bytes that came before a further snapshot count, where a draw has settled its clone. */
static void test_again_is_for_one_generation(void **state)
{
	struct machine *m = *state;

	m->predictable = true;
	machine_set_id(m, B);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), 0);
	machine_set_id(m, A);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_DRAW), 0);
	machine_forget(m);
	assert_int_equal(vmgenc_core_again(&m->core, 2, true), -EAGAIN);
	assert_int_equal(m->count[CALL_REKEY], 0);
	assert_true(predictable(m));
	assert_int_equal(vmgenc_core_again(&m->core, 3, true), 0);
	assert_false(predictable(m));
	assert_sound(m);
}

static void only_once(struct machine *m, enum machine_call call)
{
	if (call == CALL_REKEY)
		m->predictable = true;
}

/* Fails if jitter that a failed rekey left in the pool is forgotten at its retry. */
static void test_retry_keeps_jitter(void **state)
{
	struct machine *m = *state;

	m->refuse[CALL_REKEY] = 1;
	m->hook = only_once;
	machine_set_id(m, B);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), 0);
	assert_int_equal(m->page->rekey_failures, 1);
	assert_false(predictable(m));
	assert_sound(m);
}

/* Fails if a rekey too many that fails takes back what is settled, or counts as entropy. */
static void test_again_fails(void **state)
{
	struct machine *m = *state;

	m->predictable = true;
	machine_set_id(m, B);
	assert_int_equal(machine_look(m, VMGENC_TRIGGER_NOTIFY), 0);
	m->refuse[CALL_REKEY] = 3;
	assert_int_equal(vmgenc_core_again(&m->core, m->page->generation, true), -EIO);
	assert_int_equal(m->page->settled, 2);
	assert_true(predictable(m));
	assert_false(m->page->flags & VMGENC_REKEY_FAILED);
	assert_sound(m);
}

static uint64_t noise(struct machine *m)
{
	static uint64_t x = 1;

	(void)m;
	x = x * 6364136223846793005u + 1442695040888963407u;
	return 100 + (x >> 60);
}

static uint64_t steady(struct machine *m)
{
	(void)m;
	return 21;
}

/* Fifteen samples of sixteen take as long: a tenth of a bit each. */
static uint64_t mostly(struct machine *m)
{
	return noise(m) % 16 < 15 ? 42 : 63;
}

/* As a counter of milliseconds: long runs of nothing. */
static uint64_t coarse(struct machine *m)
{
	static unsigned int calls;

	return ++calls % 40 ? 0 : noise(m);
}

static uint64_t slow(struct machine *m)
{
	m->clock += 3000;
	return noise(m);
}

static uint64_t very_slow(struct machine *m)
{
	m->clock += 100000;
	return noise(m);
}

/* The first try meets a pause after its first samples. */
static uint64_t paused(struct machine *m)
{
	static unsigned int calls;

	m->clock += ++calls == 10 ? 30 * 1000 * 1000 : 400;
	return noise(m);
}

static bool gather(struct machine *m, struct vmgenc_jitter *jitter,
		   uint64_t (*took)(struct machine *))
{
	m->took = took;
	memset(jitter, 0, sizeof(*jitter));
	return vmgenc_jitter_gather(jitter);
}

/* Fails if a counter counts that says nothing, or one does not that does. */
static void test_what_counts(void **state)
{
	struct vmgenc_jitter *jitter = malloc(sizeof(*jitter));

	assert_non_null(jitter);
	assert_true(gather(*state, jitter, noise));
	assert_int_equal(jitter->count, VMGENC_JITTER_SAMPLES);
	assert_false(gather(*state, jitter, NULL));
	assert_false(gather(*state, jitter, steady));
	assert_false(gather(*state, jitter, mostly));
	assert_false(gather(*state, jitter, coarse));
	free(jitter);
}

/* Fails if a slow counter holds up others for longer than is said, or too few samples count. */
static void test_time_is_bounded(void **state)
{
	struct vmgenc_jitter *jitter = malloc(sizeof(*jitter));
	struct machine *m = *state;
	uint64_t begun = m->clock;

	assert_non_null(jitter);
	assert_true(gather(m, jitter, slow));
	assert_int_equal(jitter->count, VMGENC_JITTER_ENOUGH);
	begun = m->clock;
	assert_false(gather(m, jitter, very_slow));
	assert_in_range(jitter->count, 16, VMGENC_JITTER_ENOUGH - 1);
	assert_in_range(m->clock - begun, 1, 2 * (4 + 2) * 1000 * 1000);
	free(jitter);
}

/* Fails if one pause of the host makes a machine predictable. */
static void test_pause_is_survived(void **state)
{
	struct vmgenc_jitter *jitter = malloc(sizeof(*jitter));

	assert_non_null(jitter);
	assert_true(gather(*state, jitter, paused));
	free(jitter);
}

/* Fails if the next snapshot has the samples. */
static void test_wiped(void **state)
{
	struct vmgenc_jitter *jitter = malloc(sizeof(*jitter));
	struct vmgenc_jitter *zeros = calloc(1, sizeof(*zeros));

	assert_non_null(jitter);
	assert_non_null(zeros);
	assert_true(gather(*state, jitter, noise));
	assert_memory_not_equal(jitter, zeros, sizeof(*zeros));
	vmgenc_jitter_wipe(jitter);
	assert_memory_equal(jitter, zeros, sizeof(*zeros));
	free(zeros);
	free(jitter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_settled(test_predictable_is_said),
		on_settled(test_unsettled_is_not_judged),
		on_settled(test_again_is_no_change),
		on_settled(test_again_with_jitter),
		on_settled(test_again_leaves_changes_to_looks),
		on_settled(test_again_is_for_one_generation),
		on_settled(test_retry_keeps_jitter),
		on_settled(test_again_fails),
		on_settled(test_what_counts),
		on_settled(test_time_is_bounded),
		on_settled(test_pause_is_survived),
		on_settled(test_wiped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
