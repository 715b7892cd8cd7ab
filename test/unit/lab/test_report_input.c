/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/lab: the results that vmgenc-lab report refuses. */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "report_fixture.h"

/* Read if they are there, or not read at all. */
static bool is_optional(const char *key)
{
	static const char *const keys[] = {"date",
					   "accel",
					   "seconds",
					   "address",
					   "note",
					   "errno",
					   "log",
					   "where",
					   "module_args",
					   "append",
					   "id",
					   "guid",
					   "event",
					   "complaint",
					   "start_seconds",
					   "snapshot_seconds",
					   "snapshot_bytes",
					   "identical_announced",
					   "rekeys"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		if (!strcmp(keys[i], key))
			return true;
	}
	return false;
}

static void refused(json_t *root, const char *key, const char *how)
{
	if (run_on(root) != LAB_EXIT_ENVIRONMENT)
		fail_msg("%s %s is taken", key, how);
	if (!strstr(said, key) || !strstr(said, in))
		fail_msg("%s %s: it says %s", key, how, said);
}

/* Takes each key away in turn, and puts something of another type in its place. */
static void spoil(json_t *root, json_t *value)
{
	json_t *child, *as_it_was = json_copy(value), *no_type = json_object();
	const char *key;
	size_t i;

	json_array_foreach(as_it_was, i, child) spoil(root, child);
	json_object_foreach(as_it_was, key, child)
	{
		spoil(root, child);
		if (is_optional(key))
			continue;
		json_object_del(value, key);
		refused(root, key, "missing");
		json_object_set(value, key, no_type);
		refused(root, key, "of another type");
		json_object_set(value, key, child);
	}
	json_decref(as_it_was);
	json_decref(no_type);
}

/* Fails if a key that the page needs may be missing or wrong, or goes unnamed. */
static void every_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		json_t *root = fixture(kinds[i]);

		spoil(root, root);
		assert_int_equal(run_on(root), 0);
		json_decref(root);
	}
}

static void wrong_input(void **state)
{
	(void)state;
	wrong("", "is not JSON");
	wrong("results", "is not JSON: line 1");
	wrong("[]", "holds no object of results");
	wrong("{\"version\": 1, \"version\": 1}", "duplicate object key");
	wrong("{\"version\": 2, \"kind\": \"soak\"}", "version is not 1");
	wrong("{\"version\": -1}", "version is not a count");
	wrong("{\"version\": 1}", "kind is missing");
	wrong("{\"version\": 1, \"kind\": \"party\"}", "kind is none of");
	wrong("{\"version\": 1, \"kind\": \"hostile\", \"rows\": [3]}", "rows[0] is not an object");
	wrong("{\"version\": 1, \"kind\": \"soak\", \"release\": \"\xff\", \"parts\": []}",
	      "is not JSON");
	wrong("{\"version\": 1, \"kind\": \"soak\", \"release\": \"x\", \"parts\": [], "
	      "\"seconds\": -1}",
	      "seconds is not a number from 0 up");
	wrong("{\"version\": 123456789012345678901}", "is not JSON");
}

/* Fails if numbers that contradict each other are drawn. */
static void absurd_numbers(void **state)
{
	static const char *const spans[] = {"[1, 2, 3]",     "[2, 1, 3, 3]",   "[1, 2, 3, 4]",
					    "[1, 2, -3, 0]", "[1, 2, 3.5, 0]", "{}"};
	json_t *root = fixture("prove");

	(void)state;
	for (size_t i = 0; i < sizeof(spans) / sizeof(*spans); i++) {
		json_t *strip = json_array();

		json_array_append_new(strip, json_loads(spans[i], 0, NULL));
		json_object_set_new(first_clone(root), "strip", strip);
		refused(root, "strip", spans[i]);
		assert_non_null(strstr(said, "results[0].clones[0].strip"));
	}
	json_object_set_new(first_clone(root), "strip", json_array());
	json_object_set_new(first_clone(root), "identical", json_integer(1000000000));
	refused(root, "identical", "above drawn");
	json_decref(root);
}

/* Fails if half a file is a page. */
static void truncated(void **state)
{
	char text[8192];

	(void)state;
	read_text(RESULTS "firmware.json", text, sizeof(text));
	for (size_t size = strlen(text) - 2; size; size -= size > 40 ? 37 : 1) {
		write_file(in, text, size);
		assert_int_equal(RUN(out, in), LAB_EXIT_ENVIRONMENT);
		assert_non_null(strstr(said, "is not JSON"));
	}
}

static void unreadable(void **state)
{
	(void)state;
	assert_int_equal(RUN(out, "/nowhere/x.json"), LAB_EXIT_ENVIRONMENT);
	assert_non_null(strstr(said, "cannot read /nowhere/x.json: No such file"));
	assert_int_equal(RUN(out, directory), LAB_EXIT_ENVIRONMENT);
	assert_non_null(strstr(said, "Is a directory"));
	write_file(in, "", 0);
	assert_int_equal(truncate(in, (64 << 20) + 1), 0);
	assert_int_equal(RUN(out, in), LAB_EXIT_ENVIRONMENT);
	assert_non_null(strstr(said, "is larger than 64 MiB"));
}

/* Fails if empty arrays cost hundreds of times their size before they are refused. */
static void many_values(void **state)
{
	static const size_t size = 60 << 20;
	char *text = malloc(size + 1);
	struct rusage before, after;

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i + 3 <= size; i += 3)
		memcpy(text + i, "[],", 3);
	text[0] = '[';
	text[1] = '0';
	write_file(in, text, size);
	free(text);
	assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
	assert_int_equal(RUN(out, in), LAB_EXIT_ENVIRONMENT);
	assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
	assert_non_null(strstr(said, "values: no results of vmgenc-lab"));
	assert_true(after.ru_maxrss - before.ru_maxrss < 300 << 10); /* KiB */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key),	  cmocka_unit_test(wrong_input),
		cmocka_unit_test(absurd_numbers), cmocka_unit_test(truncated),
		cmocka_unit_test(unreadable),	  cmocka_unit_test(many_values),
	};

	return cmocka_run_group_tests_name("report, input", tests, report_setup, report_teardown);
}
