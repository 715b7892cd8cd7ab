/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/lab: which columns of the lab's table its verdict counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/host.h"
#include "prove/prove.h"

static struct guest guests[] = {
	{.label = "none"},
	{.label = "ours", .module = "vmgenc.ko"},
	{.label = "other", .module = "other.ko", .compare = true},
};
static struct clone clones[1];
static struct result list[3];
static struct results all = {.list = list, .count = 3};
static struct prove_options options = {
	.guests = guests, .guest_count = 3, .cpus = 2, .max_identical = -1};

/* What the verdict is where clones in these guests made so many identical draws. */
static int verdict(uint64_t none, uint64_t ours, uint64_t other, char *text, size_t size)
{
	const uint64_t identical[] = {none, ours, other};
	int saved = dup(1);
	FILE *file = tmpfile();

	for (size_t i = 0; i < 3; i++)
		list[i] = (struct result){.guest = i,
					  .generator = LAB_GETRANDOM,
					  .possible = true,
					  .found.identical = identical[i],
					  .clones = clones,
					  .clone_count = 1};
	assert_non_null(file);
	fflush(stdout);
	dup2(fileno(file), 1);
	int code = judge(&options, &all);

	fflush(stdout);
	dup2(saved, 1);
	close(saved);
	rewind(file);
	text[fread(text, 1, size - 1, file)] = '\0';
	fclose(file);
	return code;
}

/* Fails if a column to compare with decides, or one of ours does not. */
static void only_ours(void **state)
{
	char text[1000];

	(void)state;
	assert_int_equal(verdict(900, 2, 500, text, sizeof(text)), LAB_EXIT_OK);
	assert_non_null(strstr(text, "PROTECTED: with vmgenc, "));
	assert_null(strstr(text, "NOT PROTECTED"));
	assert_non_null(strstr(text, "(1 of 1 trials)"));
	assert_non_null(
		strstr(text, "Without vmgenc, clones drew the same values in 2 of 2 trials"));
	assert_int_equal(verdict(900, 3, 0, text, sizeof(text)), LAB_EXIT_IDENTICAL);
	assert_non_null(strstr(text, "NOT PROTECTED: with vmgenc, "));
	assert_non_null(strstr(text, "in 1 of 1 trials"));
	assert_non_null(
		strstr(text, "Without vmgenc, clones drew the same values in 1 of 2 trials"));
}

/*
 * Fails if, with the same id, another driver's clones count as disturbed by ours, or if a rekey for
 * more entropy does, which a guest that takes a second to come up has had.
 */
static void only_ours_with_the_same_id(void **state)
{
	char text[1000];

	(void)state;
	options.same_id = true;
	clones[0] = (struct clone){.device = true, .changes = 1};
	assert_int_equal(verdict(0, 0, 0, text, sizeof(text)), LAB_EXIT_IDENTICAL);
	assert_non_null(strstr(text, "DISTURBED: "));
	assert_non_null(strstr(text, "in 1 of 1 clones"));
	clones[0] = (struct clone){.device = true, .rekey_failures = 1};
	assert_int_equal(verdict(0, 0, 0, text, sizeof(text)), LAB_EXIT_IDENTICAL);
	clones[0] = (struct clone){.device = true, .rekeys = 3, .spurious = 1};
	assert_int_equal(verdict(0, 0, 0, text, sizeof(text)), LAB_EXIT_OK);
	assert_non_null(strstr(text, "UNCHANGED: "));
	options.same_id = false;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_ours),
		cmocka_unit_test(only_ours_with_the_same_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
