/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/cmd: what vmgenc says to people: numbers, time limits, what to do, vmgenc help. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cmd.h"
#include "cmd_fixture.h"

static void says(const char *words)
{
	if (!strstr(result.out, words) && !strstr(result.err, words))
		fail_msg("neither \"%s\" nor \"%s\" says \"%s\"", result.out, result.err, words);
}

static void ages(void **unused)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} wanted[] = {
		{0, "0 s"},
		{59, "59 s"},
		{60, "1 min"},
		{185, "3 min 5 s"},
		{3600, "1 h"},
		{7859, "2 h 10 min"},
		{86399, "23 h 59 min"},
		{86400, "1 day"},
		{273600, "3 days 4 h"},
		{86459, "1 day"},
	};
	char age[32];

	(void)unused;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		age_text(wanted[i].seconds, age);
		assert_string_equal(age, wanted[i].text);
	}
}

static void status_at(uint64_t changed_ns)
{
	sim.page->changed_ns = changed_ns;
	RUN(&result, "status", "--source", sim.source, "--state", "/nonexistent");
}

/* Fails if the age follows a clock that somebody can set, or is made up. */
static void age_of_a_generation(void **unused)
{
	struct timespec t;
	json_t *root;

	(void)unused;
	clock_gettime(CLOCK_BOOTTIME, &t);
	status_at((uint64_t)(t.tv_sec - 30) * 1000000000);
	says("generation  1, settled, for 3");
	RUN(&result, "status", "--json", "--source", sim.source, "--state", "/nonexistent");
	root = json_loads(result.out, 0, NULL);
	assert_in_range(json_integer_value(json_object_get(root, "age")), 29, 3600);
	json_decref(root);
	status_at((uint64_t)(t.tv_sec + 100000) *
		  1000000000); /* not yet: another machine's clock */
	says("generation  1, settled\n");
	status_at(0);
	says("generation  1, settled\n");
	RUN(&result, "status", "--json", "--source", sim.source, "--state", "/nonexistent");
	says("\"age\": null");
}

static void one_and_many(void **unused)
{
	(void)unused;
	sim.page->spurious = 1;
	status_at(0);
	says(", and 1 spurious notification\n");
	sim.page->spurious = 2;
	status_at(0);
	says(", and 2 spurious notifications\n");
}

/* Fails if what is not as it should be has no line that says what to do. */
static void what_to_do(void **unused)
{
	(void)unused;
	sim.page->flags |= VMGENC_ID_UNFILLED;
	status_at(0);
	says("to do: \"vmgenc doctor\" says what the host has to offer\n");
	sim.page->flags = VMGENC_RAW_MAPPABLE | VMGENC_LACKS_VDSO;
	status_at(0);
	says("to do: load the module with vdso=0");
	sim.page->flags = VMGENC_RAW_MAPPABLE;
	simfile_bump_raw(&sim);
	simfile_publish_unsettled(&sim);
	status_at(0);
	says("to do: \"vmgenc sync\" tries again");
	RUN(&result, "status", "--source", sim.source, "--state", "/dev/null");
	says("to do: \"vmgenc doctor\" says how it is mended\n");
	assert_int_equal(result.code, 1);
	simfile_settle(&sim);
	RUN(&result, "status", "--source", sim.source, "--state", "/dev/null");
	assert_int_equal(result.code, 3); /* a hook may be owed */
	RUN(&result, "status", "--json", "--source", sim.source, "--state", "/dev/null");
	assert_int_equal(result.code, 3);
	status_at(0);
	assert_null(strstr(result.out, "to do"));
}

static void time_limits(void **unused)
{
	(void)unused;
	RUN(&result, "wait", "--timeout", "0.05", "--source", sim.source);
	assert_int_equal(result.code, 1);
	assert_string_equal(result.err, "vmgenc: no change within 0.05 s\n");
	RUN(&result, "watch", "--timeout", "0.05", "--source", sim.source);
	assert_int_equal(result.code, 1);
	assert_string_equal(result.err, "vmgenc: no further change within 0.05 s\n");
}

static void help_as_people_ask_for_it(void **unused)
{
	(void)unused;
	RUN(&result, "help");
	assert_int_equal(result.code, 0);
	says("usage: vmgenc COMMAND");
	RUN(&result, "help", "wait");
	assert_int_equal(result.code, 0);
	says("usage: vmgenc wait ");
	RUN(&result, "help", "nothing");
	assert_int_equal(result.code, 2);
	says("there is no command nothing");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, cmd_setup, cmd_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ages), TEST(age_of_a_generation), TEST(one_and_many),
		TEST(what_to_do),	TEST(time_limits),	   TEST(help_as_people_ask_for_it),
	};

	return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
