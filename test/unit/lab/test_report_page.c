/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/lab: the page that vmgenc-lab report writes: what it says, and what it draws. */
#include <string.h>

#include "report_fixture.h"

#define SCRIPT "<script>alert(1)</script>\"'&]]>\xe2\x80\xae\x01"

/* Fails if a kind is left out, or the page needs anything from elsewhere. */
static void whole_page(void **state)
{
	(void)state;
	assert_int_equal(RUN(out, RESULTS "prove.json", RESULTS "firmware.json",
			     RESULTS "hostile.json", RESULTS "soak.json"),
			 0);
	assert_int_equal(number("count(//script|//link|//img|//iframe|//@src|//@href|//@onload)"),
			 0);
	assert_int_equal(number("count(//h2)"), 5);
	assert_true(number("count(//figure)") > 2);
	assert_int_equal(number("count(//head/title[contains(., '2026-11-24')])"), 1);
	assert_true(says("Protected"));
	assert_true(says("shared at most 2 draws of the kernel’s generator, under way at the "
			 "snapshot, and guarded programs none (2 trials)."));
	assert_true(says("masked, because they hide what clones share"));
	assert_true(says(
		"All 5 trials of hostile or broken firmware ended with the documented answer"));
	assert_true(says("guarded programs, none of 1,100,000 were shared"));
	assert_int_equal(number("count(//td[@class='many' and contains(., '✗ device not found')])"),
			 1);
}

static void poison(json_t *value, const char *key)
{
	const char *name;
	json_t *child;
	size_t i;

	json_object_foreach(value, name, child) poison(child, name);
	json_array_foreach(value, i, child) poison(child, key);
	if (json_is_string(value) && strcmp(key, "kind") != 0)
		json_string_set_nocheck(value, SCRIPT);
}

/* Fails if any text of any kind gets into the page unescaped, or turns the text around it. */
static void every_text_is_escaped(void **state)
{
	static char text[1 << 20];

	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		json_t *root = fixture(kinds[i]);

		poison(root, "");
		assert_int_equal(run_on(root), 0);
		assert_int_equal(number("count(//script)"), 0);
		assert_true(says("<script>alert(1)</script>"));
		read_text(out, text, sizeof(text));
		assert_null(strstr(text, "\xe2\x80\xae"));
		assert_null(strchr(text, '\x01'));
		json_decref(root);
	}
}

/* Two clones of one guest; identical from 10 to 30 ms and in a draw at 60, else drawn to 90 ms. */
static json_t *made_up(void)
{
	json_t *root = fixture("prove"), *results = json_object_get(root, "results");
	json_t *result = json_array_get(results, 0);

	json_incref(result);
	json_array_clear(results);
	json_array_append_new(results, result);
	json_t *clone = first_clone(root);

	json_object_update_new(
		clone,
		json_pack("{s:i,s:n,s:i,s:n,s:i,s:i,s:i,s:i,s:[[i,i,i,i],[i,i,i,i]]}", "rekeyed_ns",
			  50000000, "woken_ns", "kernel_logged_ns", 80000000, "announced_ns",
			  "drawn", 300, "identical", 101, "first_identical_ns", 10000000,
			  "last_identical_ns", 60000000, "strip", 10000000, 30000000, 100, 100,
			  55000000, 90000000, 200, 1));
	json_t *clones = json_object_get(result, "clones");

	json_incref(clone);
	json_array_clear(clones);
	json_array_append_new(clones, clone);
	return root;
}

/* Fails if the strip lies: the axis is 100 ms, so that percents are milliseconds. */
static void strip_is_true(void **state)
{
	json_t *root = made_up();

	(void)state;
	assert_int_equal(run_on(root), 0);
	json_decref(root);
#define STRIP "//figure//*[@role='img']"
#define NUMBER(path) number("number(substring-before(" path ", '%'))")
	assert_int_equal(NUMBER(STRIP "/*[@class='s'][1]/@x"), 10);
	assert_int_equal(NUMBER(STRIP "/*[@class='s'][1]/@width"), 20);
	assert_int_equal(NUMBER(STRIP "/*[@class='d']/@x"), 55);
	assert_int_equal(NUMBER(STRIP "/*[@class='d']/@width"), 35);
	assert_int_equal(NUMBER(STRIP "/*[@class='s'][2]/@x"), 60);
	assert_int_equal(number("count(" STRIP "/*[@class='s' or @class='m'])"), 2);
	assert_int_equal(NUMBER(STRIP "/*[@class='rekey']/@x"), 50);
	assert_int_equal(NUMBER(STRIP "/*[@class='log']/@x"), 80);
	assert_int_equal(number("count(" STRIP "/*[@class='told'])"), 0);
	assert_true(says("101 of 300 identical, rekeyed at 50 ms"));
}

static void copy_clones(json_t *root, int count)
{
	json_t *result = json_array_get(json_object_get(root, "results"), 0);

	for (int i = 1; i < count; i++) {
		json_t *copy = json_deep_copy(first_clone(root));

		json_object_set_new(copy, "identical", json_integer(i));
		json_array_append_new(json_object_get(result, "clones"), copy);
	}
}

/* Fails if a thousand clones are a thousand strips, or the worst is not among those shown. */
static void many_clones(void **state)
{
	json_t *root = made_up();

	(void)state;
	copy_clones(root, 40);
	assert_int_equal(run_on(root), 0);
	json_decref(root);
	assert_int_equal(number("count(" STRIP ")"), 4);
	assert_int_equal(number("count(" STRIP "[starts-with(@aria-label, 'clone 1:')])"), 1);
	assert_int_equal(number("count(" STRIP "[starts-with(@aria-label, 'clone 40:')])"), 1);
	assert_true(
		says("The 4 worst of 40 clones are shown; no other has more than 36 identical"));
}

/* Fails if the kernel's own driver passes for protection because it fails as expected. */
static void own_driver_is_not_judged(void **state)
{
	json_t *root = fixture("firmware"), *rows = json_object_get(root, "rows");

	(void)state;
	for (size_t i = 0; i < json_array_size(rows); i++)
		json_object_set_new(json_array_get(rows, i), "ok", json_true());
	assert_int_equal(run_on(root), 0);
	json_decref(root);
	assert_int_equal(number("count(//td[@class='many'])"), 1);
	assert_true(says("noticed its change and rekeyed the kernel (5 trials)"));
}

/* Fails if the kernels' results, each in a file of its own, are not side by side. */
static void files_of_a_kind_are_one(void **state)
{
	json_t *root = fixture("hostile"), *row;
	size_t i;

	(void)state;
	json_array_foreach(json_object_get(root, "rows"), i, row)
		json_object_set_new(row, "release", json_string("7.0"));
	assert_int_equal(json_dump_file(root, in, 0), 0);
	json_decref(root);
	assert_int_equal(RUN(out, RESULTS "hostile.json", RESULTS "firmware.json", in), 0);
	assert_true(says("All 10 trials of hostile or broken firmware"));
	assert_int_equal(number("count(//th[@scope='row' and . = 'ADDR missing'])"), 1);
	assert_true(says(
		"6.1.0-56-cloud-amd64, 6.12.117+deb12-cloud-amd64, 7.0, 7.0 ✓ survived, ENOENT"));
	assert_int_equal(number("count(//dt[. = 'File'])"), 3);
}

/* Fails if results that are not as promised look as if they were. */
static void not_as_promised(void **state)
{
	json_t *root = made_up(), *result = json_array_get(json_object_get(root, "results"), 0);

	(void)state;
	json_object_update_new(result,
			       json_pack("{s:b,s:i,s:b}", "judged", 1, "allowed", 2, "module", 1));
	assert_int_equal(run_on(root), 0);
	assert_true(says("NOT as promised"));
	json_object_update_new(result,
			       json_pack("{s:i,s:i}", "allowed", 20000, "last_identical_index", 7));
	assert_int_equal(run_on(root), 0);
	assert_true(says("draws of the kernel’s generator (1 trial)."));
	json_object_set_new(result, "allowed", json_integer(2));
	assert_int_equal(run_on(root), 0);
	assert_true(says("drew the same random values in 1 of 1 trials"));
	assert_int_equal(number("count(//td[@class='many' and contains(., '✗')])"), 1);
	json_object_set_new(root, "same_id", json_true());
	json_object_set_new(first_clone(root), "changes", json_integer(1));
	assert_int_equal(run_on(root), 0);
	assert_true(says("vmgenc disturbed 1 of 1 clones"));
	json_object_set_new(first_clone(root), "changes", json_null());
	assert_int_equal(run_on(root), 0);
	assert_true(says("Nothing judged"));
	json_decref(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_page),
		cmocka_unit_test(every_text_is_escaped),
		cmocka_unit_test(strip_is_true),
		cmocka_unit_test(many_clones),
		cmocka_unit_test(own_driver_is_not_judged),
		cmocka_unit_test(files_of_a_kind_are_one),
		cmocka_unit_test(not_as_promised),
	};

	return cmocka_run_group_tests_name("report, page", tests, report_setup, report_teardown);
}
