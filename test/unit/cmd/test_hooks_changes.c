/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/cmd: which changes vmgenc hooks takes for one, and that it runs each hook once for it.
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "hooks_fixture.h"

/* Fails if the first start runs hooks, a change while it is down is missed or run twice, or the
 * order is not that of the names. */
static void once_for_each_change(void **unused)
{
	(void)unused;
	hook("20-second", "");
	hook("10-first", "");
	assert_int_equal(once(), 0);
	assert_string_equal(done(), "");
	simfile_bump(&sim);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(once(), 0);
		assert_string_equal(done(), "begin 10-first 2\nend 10-first 2\n"
					    "begin 20-second 2\nend 20-second 2\n");
	}
	assert_int_equal(state().runs, 2);
	assert_int_equal(state().changes, 1);
}

/* Fails if a boot, after which the counter starts again, is taken for a change, or hides one. */
static void boots_are_no_changes(void **unused)
{
	struct state s;

	(void)unused;
	hook("a", "");
	simfile_bump(&sim);
	simfile_bump(&sim);
	assert_int_equal(once(), 0);
	s = state();
	assert_int_equal(s.generation, 3);
	sim.page->generation = sim.page->settled = 1; /* the module was loaded anew */
	assert_int_equal(once(), 0);
	assert_string_equal(done(), "");
	strcpy(s.boot, "another boot");
	s.generation = 1;
	assert_int_equal(state_save(state_file, &s, text, sizeof(text)), 0);
	assert_int_equal(once(), 0);
	assert_string_equal(done(), "");
	strcpy(s.boot, "another boot");
	strcpy(s.id, "another id");
	assert_int_equal(state_save(state_file, &s, text, sizeof(text)), 0);
	assert_int_equal(once(), 0);
	assert_string_equal(done(), "begin a 1\nend a 1\n");
}

/* Fails if an id that comes back is not a change, or missed generations go unreported. */
static void generations_that_are_passed_over(void **unused)
{
	const uint64_t before[2] = {sim.raw[0], sim.raw[1]};

	(void)unused;
	hook("a", "");
	assert_int_equal(once(), 0);
	simfile_bump(&sim);
	sim.raw[0] = before[0];
	sim.raw[1] = before[1];
	simfile_publish(&sim);
	assert_int_equal(once(), 0);
	assert_string_equal(done(), "begin a 3\nend a 3\n");
	assert_int_equal(state().passed_over, 1);
	assert_non_null(strstr(result.err, "generations 2 to 2 were over"));
}

/* Fails if hooks run for a change before the kernel is rekeyed, or not afterwards. */
static void waits_until_it_has_settled(void **unused)
{
	pid_t pid;

	(void)unused;
	hook("a", "");
	assert_int_equal(once(), 0);
	pid = service();
	simfile_bump_raw(&sim);
	simfile_publish_unsettled(&sim);
	sleep_us(200000);
	assert_string_equal(done(), "");
	simfile_settle(&sim);
	assert_true(wait_done(2));
	assert_string_equal(done(), "begin a 2\nend a 2\n");
	kill(pid, SIGTERM);
	assert_int_equal(program_end(pid), 0);
}

/* Fails if a source that shrinks under the service is SIGBUS, or waited for in silence. */
static void source_that_shrinks(void **unused)
{
	pid_t pid = service();

	(void)unused;
	assert_true(wait_done(1));
	assert_int_equal(truncate(sim.path, 100), 0);
	assert_int_equal(program_end(pid), 3);
	assert_non_null(strstr(read_file(scratch, "log", text), "the file shrank"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(once_for_each_change),
		TEST(boots_are_no_changes),
		TEST(generations_that_are_passed_over),
		TEST(waits_until_it_has_settled),
		TEST(source_that_shrinks),
	};

	return cmocka_run_group_tests_name("vmgenc hooks, changes", tests, NULL, NULL);
}
