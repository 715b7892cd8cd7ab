// SPDX-License-Identifier: BSD-2-Clause
/* test/freebsd/unit: the look at the id before each draw that can be caught. */
#include "fixture.h"

#include <pthread.h>

/* From 13 on, arc4random(9) takes its keys where nothing looks. */
static void first_draws(uint64_t a, uint64_t b, uint64_t out[3])
{
	attached(NULL);
	kernel_set_id(a, b);
	kernel_sci();
	/* The task has not had its turn, nor anything else. */
	if (__FreeBSD_version < 1300000)
		out[0] = kernel_draw_arc4(1);
	out[1] = kernel_draw();
	if (__FreeBSD_version >= 1300000)
		out[0] = kernel_draw_arc4(1);
	kernel_run();
	assert_generation(2, 2);
	detached(NULL);
	attached(NULL);
	kernel_set_id(a, b);
	out[2] = kernel_draw_arandom();
	kernel_run();
	detached(NULL);
}

/* Fails if the first draw after the resume, with or without an interrupt, repeats in clones. */
static void test_first_draw(void **state)
{
	uint64_t one[3], other[3], before;

	assert_int_equal(detached(NULL), 0);
	first_draws(B, one);
	first_draws(B, other);
	assert_memory_equal(one, other, sizeof(one));
	first_draws(C, other);
	assert_int_not_equal(one[0], other[0]);
	assert_int_not_equal(one[1], other[1]);
	assert_int_not_equal(one[2], other[2]);

	assert_int_equal(attached(state), 0);
	before = kernel_random.key;
	kernel_set_id(0, 0);
	kernel_draw();
	kernel_set_id(A);
	kernel_draw();
	kernel_random.key = before;
	kernel_set_id(B);
	one[0] = kernel_draw();
	kernel_random.key = before;
	kernel_set_id(C);
	assert_int_not_equal(one[0], kernel_draw());
	kernel_run();
	assert_generation(2, 2);
}

static volatile bool drawing;

static void *draw_on(void *context)
{
	while (drawing)
		kernel_draw();
	return NULL;
}

/* Fails (in ASan) if a draw is still in a device, or in the hook, that has been detached. */
static void test_detach_while_drawing(void **state)
{
	pthread_t thread;
	int i;

	assert_int_equal(detached(NULL), 0);
	drawing = true;
	pthread_create(&thread, NULL, draw_on, NULL);
	for (i = 0; i < 20; i++) {
		assert_int_equal(kernel_attach(), 0);
		kernel_run();
		assert_int_equal(kernel_detach(), 0);
		assert_false(kernel_hooked());
	}
	drawing = false;
	pthread_join(thread, NULL);
	assert_int_equal(attached(state), 0);
}

/* Fails if a draw takes zeros or ones for another machine's id. */
static void test_draw_without_id(void **state)
{
	static const uint64_t ids[3][2] = {{A}, {0, 0}, {~0ul, ~0ul}};
	uint64_t drawn_with[3];
	int i;

	for (i = 0; i < 3; i++) {
		assert_int_equal(detached(NULL), 0);
		assert_int_equal(attached(state), 0);
		kernel_set_id(ids[i][0], ids[i][1]);
		drawn_with[i] = kernel_draw();
		kernel_run();
		assert_int_equal(page_now().generation, 1);
	}
	assert_int_equal(drawn_with[0], drawn_with[1]);
	assert_int_equal(drawn_with[0], drawn_with[2]);
}

#if __FreeBSD_version < 1300000
/* Fails if an arc4random(9) draw repeats in clones, interrupt or not, though draws is 2. */
static void test_draws_of_arc4random(void **state)
{
	uint64_t drawn_by[3];
	static const uint64_t ids[3][2] = {{B}, {B}, {C}};
	int i;

	assert_int_equal(detached(NULL), 0);
	for (i = 0; i < 3; i++) {
		kernel_reset();
		kernel_tunable_int("draws", 2);
		assert_int_equal(kernel_attach(), 0);
		kernel_run();
		kernel_draw_arc4(0);
		kernel_set_id(ids[i][0], ids[i][1]);
		drawn_by[i] = kernel_draw_arc4(0);
		kernel_run();
		assert_generation(2, 2);
		detached(NULL);
	}
	assert_int_equal(drawn_by[0], drawn_by[1]);
	assert_int_not_equal(drawn_by[0], drawn_by[2]);
	assert_int_equal(attached(state), 0);
}

#endif

/* Fails if draws=0 leaves the hooks in. */
static void test_no_draws(void **state)
{
	assert_true(kernel_hooked());
	assert_int_equal(detached(NULL), 0);
	kernel_tunable_int("draws", 0);
	assert_int_equal(kernel_attach(), 0);
	assert_false(kernel_hooked());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		row_attached(test_first_draw),
		row_attached(test_detach_while_drawing),
		row_attached(test_draw_without_id),
#if __FreeBSD_version < 1300000
		row_attached(test_draws_of_arc4random),
#endif
		row_attached(test_no_draws),
	};

	return cmocka_run_group_tests_name("freebsd draws", tests, NULL, free_page);
}
