/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/lab: where vmgenc-lab report writes its page, and that an old page stays when it
 * cannot. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report_fixture.h"

static void still_old(void)
{
	char text[8];

	read_text(out, text, sizeof(text));
	assert_string_equal(text, "old");
	/* What was written beside it is gone: only these are left. */
	unlink(in);
	unlink(out);
	assert_int_equal(rmdir(directory), 0);
	assert_int_equal(mkdir(directory, 0700), 0);
}

/* Fails if the page that was there is lost with wrong input or without space. */
static void old_page_stays(void **state)
{
	struct rlimit little = {.rlim_cur = 2000, .rlim_max = RLIM_INFINITY}, all;

	(void)state;
	write_file(out, "old", 3);
	wrong("{", "is not JSON");
	still_old();
	write_file(out, "old", 3);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &all), 0);
	little.rlim_max = all.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
	int code = RUN(out, RESULTS "soak.json");

	assert_int_equal(setrlimit(RLIMIT_FSIZE, &all), 0);
	assert_int_equal(code, LAB_EXIT_ENVIRONMENT);
	assert_non_null(strstr(said, "cannot write "));
	assert_non_null(strstr(said, "File too large"));
	still_old();
}

static void unwritable(void **state)
{
	(void)state;
	assert_int_equal(RUN("/nowhere/page.html", RESULTS "soak.json"), LAB_EXIT_ENVIRONMENT);
	assert_non_null(strstr(said, "cannot write /nowhere/page.html: No such file"));
	assert_int_equal(RUN(directory, RESULTS "soak.json"), LAB_EXIT_ENVIRONMENT);
	assert_non_null(strstr(said, "Is a directory"));
	assert_int_equal(RUN("/dev/full", RESULTS "soak.json"), LAB_EXIT_ENVIRONMENT);
	assert_non_null(strstr(said, "cannot write /dev/full: No space left"));
}

/* Fails if a link is replaced, or a page that others may not read becomes readable. */
static void link_and_mode_stay(void **state)
{
	char link[80];
	struct stat st;

	(void)state;
	sprintf(link, "%s/link", directory);
	write_file(out, "old", 3);
	assert_int_equal(chmod(out, 0600), 0);
	assert_int_equal(symlink(out, link), 0);
	assert_int_equal(RUN(link, RESULTS "soak.json"), 0);
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(stat(out, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_true(st.st_size > 1000);
	unlink(link);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(old_page_stays),
		cmocka_unit_test(unwritable),
		cmocka_unit_test(link_and_mode_stay),
	};

	return cmocka_run_group_tests_name("report, output", tests, report_setup, report_teardown);
}
