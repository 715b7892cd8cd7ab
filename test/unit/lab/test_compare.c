/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/unit/lab: the lab's comparison of a thousand clones finds each value that two of them drew,
 * and says where; the draws are made here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compare/compare.h"
#include "host/host.h"

enum { CLONES = 1000, CPUS = 2, DRAWS = 200 };

struct trial {
	struct draws clones[CLONES];
	struct drawn *drawn;
	struct comparison found;
};

volatile sig_atomic_t lab_signal;

int lab_interrupted(void)
{
	return 0;
}

int lab_fail(int code, const char *format, ...)
{
	(void)format;
	return code;
}

static struct lab_draw *draw_of(const struct trial *c, size_t clone, size_t cpu, size_t i)
{
	return c->clones[clone].memory + cpu * DRAWS + i;
}

/* Values that differ in their last word alone: one that is told by a part of it would be shared. */
static void give_value(struct lab_draw *draw, uint64_t number)
{
	memset(draw->value, 0x5a, sizeof(draw->value));
	memcpy(draw->value + 8, &number, sizeof(number));
	draw->ns = number;
}

static struct draws new_draws(void)
{
	struct draws d = {.cpus = CPUS, .told_ns = LAB_NEVER};

	d.memory = calloc(CPUS * DRAWS, sizeof(*d.memory));
	assert_non_null(d.memory);
	for (size_t cpu = 0; cpu < CPUS; cpu++) {
		d.of[cpu] = d.memory + cpu * DRAWS;
		d.counts[cpu] = DRAWS;
	}
	return d;
}

static int make_trial(void **state)
{
	struct trial *c = calloc(1, sizeof(*c));
	uint64_t number = 1;

	assert_non_null(c);
	c->drawn = calloc(CLONES, sizeof(*c->drawn));
	for (size_t clone = 0; clone < CLONES; clone++) {
		c->clones[clone] = new_draws();
		for (size_t cpu = 0; cpu < CPUS; cpu++)
			for (size_t i = 0; i < DRAWS; i++)
				give_value(draw_of(c, clone, cpu, i), number++ << 32);
	}
	*state = c;
	return 0;
}

static int free_trial(void **state)
{
	struct trial *c = *state;

	for (size_t clone = 0; clone < CLONES; clone++) {
		draws_free(&c->clones[clone]);
		free(c->drawn[clone].strip);
	}
	free(c->drawn);
	free(c);
	return 0;
}

static const struct duplicates *compare(struct trial *c)
{
	assert_int_equal(compare_clones(c->clones, CLONES, &c->found, c->drawn), 0);
	return &c->found.duplicates;
}

/* Fails if values that differ count as shared. */
static void different_values_are_not_shared(void **state)
{
	const struct duplicates *s = compare(*state);

	assert_int_equal(s->values, CLONES * CPUS * DRAWS);
	assert_int_equal(s->duplicated, 0);
	assert_int_equal(s->kept, 0);
}

/* Fails if one value of 400,000 that two clones have in common is missed, or its places. */
static void one_shared_value_is_found_with_its_places(void **state)
{
	struct trial *c = *state;

	*draw_of(c, 997, 0, 199) = *draw_of(c, 3, 1, 57);
	const struct duplicates *s = compare(c);

	assert_int_equal(s->values, CLONES * CPUS * DRAWS - 1);
	assert_int_equal(s->duplicated, 1);
	assert_int_equal(s->kept, 1);
	assert_int_equal(s->list[0].clones, 2);
	assert_int_equal(s->list[0].draws, 2);
	assert_memory_equal(&s->list[0].first, (&(struct place){3, 1, 57}), sizeof(struct place));
	assert_memory_equal(&s->list[0].last, (&(struct place){997, 0, 199}), sizeof(struct place));
	assert_int_equal(c->found.identical, 1);
}

/* Fails if what one clone drew twice counts as shared: it is compared with others. */
static void a_clones_own_repetition_is_not_shared(void **state)
{
	struct trial *c = *state;

	*draw_of(c, 5, 1, 8) = *draw_of(c, 5, 0, 7);
	assert_int_equal(compare(c)->duplicated, 0);
}

/* Fails if more shared values than are kept with their places are not all counted. */
static void all_shared_values_are_counted(void **state)
{
	struct trial *c = *state;

	for (size_t clone = 1; clone < CLONES; clone++)
		for (size_t i = 0; i < DRAWS; i++)
			*draw_of(c, clone, 0, i) = *draw_of(c, 0, 0, i);
	const struct duplicates *s = compare(c);

	assert_int_equal(s->duplicated, DRAWS);
	assert_int_equal(s->values, DRAWS + CLONES * DRAWS);
	assert_int_equal(s->kept, DUPLICATES_KEPT);
	for (size_t i = 0; i < s->kept; i++) {
		assert_int_equal(s->list[i].clones, CLONES);
		assert_int_equal(s->list[i].last.draw, i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(different_values_are_not_shared, make_trial,
						free_trial),
		cmocka_unit_test_setup_teardown(one_shared_value_is_found_with_its_places,
						make_trial, free_trial),
		cmocka_unit_test_setup_teardown(a_clones_own_repetition_is_not_shared, make_trial,
						free_trial),
		cmocka_unit_test_setup_teardown(all_shared_values_are_counted, make_trial,
						free_trial),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
