/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/unit/lab: what the lab's comparison says of each clone's draws, and the spans of time that
 * are made of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compare/compare.h"

#define MS 1000000ull
#define DRAWS 100

static void assert_span(const struct span *s, uint64_t from, uint64_t to, uint64_t drawn,
			uint64_t identical)
{
	assert_int_equal(s->from_ns, from);
	assert_int_equal(s->to_ns, to);
	assert_int_equal(s->drawn, drawn);
	assert_int_equal(s->identical, identical);
}

/* Fails if an end of a span moves, a silence is covered up, or a mixture counts as either. */
static void spans_are_exact(void **state)
{
	struct strip *s = strip_new();
	struct span *list;

	(void)state;
	assert_non_null(s);
	for (uint64_t us = 2000; us < 3000; us++)
		strip_add(s, us * 1000 + 7, true);
	strip_add(s, 40 * MS, false);
	strip_add(s, 40 * MS + 1, true);
	for (uint64_t us = 400000; us < 500000; us += 10)
		strip_add(s, us * 1000, false);
	strip_add(s, UINT64_MAX, true);
	assert_int_equal(strip_spans(s, &list), 4);
	assert_span(&list[0], 2 * MS + 7, 3 * MS - 993, 1000, 1000);
	assert_span(&list[1], 40 * MS, 40 * MS + 1, 2, 1);
	assert_span(&list[2], 400 * MS, 500 * MS - 10000, 10000, 0);
	assert_span(&list[3], UINT64_MAX, UINT64_MAX, 1, 1);
	free(list);
	free(s);
}

/* Draws of one CPU: n-th at n ms; the value is the number that next says. */
static struct draws clone_of(uint64_t count, const uint64_t *values)
{
	struct draws r = {.cpus = 1, .counts = {count}, .told_ns = LAB_NEVER};

	r.memory = calloc(DRAWS, sizeof(*r.memory));
	assert_non_null(r.memory);
	r.of[0] = r.memory;
	for (uint64_t i = 0; i < count; i++) {
		memcpy(r.memory[i].value, &values[i], sizeof(values[i]));
		r.memory[i].ns = (i + 1) * MS;
	}
	return r;
}

static void compare_two(const uint64_t *a, uint64_t a_count, const uint64_t *b, uint64_t b_count,
			struct comparison *c, struct drawn *drawn)
{
	struct draws clones[] = {clone_of(a_count, a), clone_of(b_count, b)};

	assert_int_equal(compare_clones(clones, 2, c, drawn), 0);
	draws_free(&clones[0]);
	draws_free(&clones[1]);
}

static void free_strips(struct drawn *drawn)
{
	free(drawn[0].strip);
	free(drawn[1].strip);
}

/* Fails if a clone's own figures are those of the other, or not of the very draws. */
static void each_clone_has_its_own(void **state)
{
	static const uint64_t a[] = {1, 2, 3, 4, 5}, b[] = {11, 3, 12, 4, 13, 14};
	struct drawn drawn[2];
	struct comparison c;

	(void)state;
	compare_two(a, 5, b, 6, &c, drawn);
	assert_int_equal(c.identical, 2);
	assert_int_equal(drawn[0].drawn, 5);
	assert_int_equal(drawn[0].identical, 2);
	assert_int_equal(drawn[0].first_ns, 3 * MS);
	assert_int_equal(drawn[0].last_ns, 4 * MS);
	assert_int_equal(drawn[1].drawn, 6);
	assert_int_equal(drawn[1].identical, 2);
	assert_int_equal(drawn[1].first_ns, 2 * MS);
	assert_int_equal(drawn[1].last_ns, 4 * MS);
	free_strips(drawn);
	compare_two(a, 1, b, 1, &c, drawn);
	assert_true(drawn[0].first_ns == LAB_NEVER);
	assert_int_equal(drawn[0].identical, 0);
	free_strips(drawn);
}

static uint64_t on_strip(const struct drawn *d, uint64_t *identical)
{
	struct span *list;
	size_t n = strip_spans(d->strip, &list);
	uint64_t drawn = 0;

	*identical = 0;
	for (size_t i = 0; i < n; i++) {
		drawn += list[i].drawn;
		*identical += list[i].identical;
	}
	free(list);
	return drawn;
}

/* Fails if draws that the other clone did not get to look like differences, or others are lost. */
static void what_nobody_got_to(void **state)
{
	static const uint64_t same[] = {1, 2, 3, 4, 5, 6}, other[] = {1, 2, 30};
	struct drawn drawn[2];
	struct comparison c;
	uint64_t identical;

	(void)state;
	compare_two(same, 6, same, 4, &c, drawn);
	assert_int_equal(drawn[0].drawn, 6);
	assert_int_equal(on_strip(&drawn[0], &identical), 4);
	assert_int_equal(identical, 4);
	assert_int_equal(on_strip(&drawn[1], &identical), 4);
	free_strips(drawn);
	compare_two(same, 6, other, 3, &c, drawn);
	assert_int_equal(on_strip(&drawn[0], &identical), 6);
	assert_int_equal(identical, 2);
	free_strips(drawn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spans_are_exact),
		cmocka_unit_test(each_clone_has_its_own),
		cmocka_unit_test(what_nobody_got_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
