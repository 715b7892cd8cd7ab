/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/lab: vmgenc-lab compare on recordings that are made here: what copies share and until
 * when, copies of different age, and files that are none, cut, newer, damaged or of one machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "program.h"
#include "record/record.h"

#define MS 1000000ull

static char scratch[64];
static struct result result;
static struct recording made;
static struct recorded draws[4096];

/* A copy: `past` draws that all have, then `own` of its own, of which the first `same` repeat. */
static void begin(const char *driver)
{
	memset(&made, 0, sizeof(made));
	made.draws = draws;
	made.head = (struct recording_head){.magic = RECORDING_MAGIC,
					    .version = RECORDING_VERSION,
					    .size = sizeof(made.head),
					    .interval_ns = MS,
					    .threads = 1,
					    .generators = 1u << LAB_GETRANDOM,
					    .hypervisor = "Test",
					    .kernel = "6.1"};
	memset(made.head.run, 7, sizeof(made.head.run));
	snprintf(made.head.driver, sizeof(made.head.driver), "%s", driver);
}

static void add(uint64_t ns, uint64_t value)
{
	struct recorded *d = &draws[made.count++];

	memset(d, 0, sizeof(*d));
	d->at = ns << 8 | LAB_GETRANDOM;
	memcpy(d->value, &value, sizeof(value));
	made.head.counts[0]++;
}

static char *name_of(int number)
{
	static char names[8][96];

	snprintf(names[number], sizeof(names[number]), "%s/%d", scratch, number);
	return names[number];
}

static void save(int number)
{
	assert_int_equal(recording_write(name_of(number), &made), 0);
}

/* A copy that parts at `past`, and repeats `same` values at times of its own, which shift tells. */
static void copy(int number, unsigned int past, unsigned int same, uint64_t shift)
{
	begin("vmgenc 0.1.0");
	for (unsigned int i = 0; i < 100; i++) {
		bool is_own = i >= past, repeats = i < past + same;

		add(i * MS + (is_own ? shift : 0), repeats ? i : i + 1000 * shift);
	}
	save(number);
}

static int compare(int count)
{
	const char *arguments[12] = {"build/vmgenc-lab", "compare"};

	for (int i = 0; i < count; i++)
		arguments[2 + i] = name_of(i);
	program_run(&result, arguments);
	return result.code;
}

static void says(const char *wanted)
{
	if (!strstr(result.out, wanted) && !strstr(result.err, wanted))
		fail_msg("no \"%s\" in:\n%s%s", wanted, result.out, result.err);
}

static void refused(int count, int code, const char *why)
{
	assert_int_equal(compare(count), code);
	assert_string_equal(result.out, "");
	says(why);
	assert_int_equal(count_of(result.err, "\n"), 1);
}

static void what_copies_share(void **unused)
{
	(void)unused;
	copy(0, 40, 0, 11);
	copy(1, 40, 0, 13);
	assert_int_equal(compare(2), 0);
	says("none of 60");
	says("PROTECTED: ");
	copy(0, 40, 20, 11);
	copy(1, 40, 20, 13);
	assert_int_equal(compare(2), 1);
	says("20 of 60");
	says("for 20 ms");
	says("NOT PROTECTED");
	copy(2, 40, 0, 17); /* a third that shares nothing */
	assert_int_equal(compare(3), 1);
	says("20 of 60");
	says("Copies: 3");
}

/* The past of the second and the third copy is none of the first's repeats, nor theirs. */
static void copies_of_different_age(void **unused)
{
	(void)unused;
	copy(0, 40, 0, 11);
	copy(1, 70, 0, 13);
	copy(2, 70, 0, 17);
	assert_int_equal(compare(3), 0);
	says("none of");
	copy(0, 40, 10, 11); /* what the others drew before their snapshot */
	assert_int_equal(compare(3), 1);
	says("10 of 60");
}

static void one_machine(void **unused)
{
	(void)unused;
	copy(0, 40, 0, 11);
	copy(1, 40, 0, 11);
	refused(2, 2, "are the same recording");
	copy(1, 40, 0, 11);
	begin("vmgenc 0.1.0");
	for (unsigned int i = 0; i < 50; i++)
		add(i * MS + (i >= 40 ? 11 : 0), i < 40 ? i : i + 11000);
	save(1);
	refused(2, 2, "are of one machine");
	begin("none");
	add(5, 5);
	made.head.run[0]++;
	save(1);
	refused(2, 2, "are not of copies");
}

static void bad_files(void **unused)
{
	char bytes[16384];

	(void)unused;
	copy(0, 40, 0, 11);
	write_file(scratch, "1", "", 0600);
	refused(2, 3, "is no recording of vmgenc-lab");
	write_file(scratch, "1", "{\"version\": 1}", 0600);
	refused(2, 3, "is no recording of vmgenc-lab");
	remove(name_of(1));
	refused(2, 3, "cannot be read: No such file");
	FILE *f = fopen(name_of(0), "r");
	size_t size = fread(bytes, 1, sizeof(bytes), f);

	fclose(f);
	for (size_t cut = 8; cut < size; cut += 293) {
		f = fopen(name_of(1), "w");
		fwrite(bytes, 1, cut, f);
		fclose(f);
		refused(2, 3, "is cut off");
	}
	bytes[size - 5] ^= 1;
	f = fopen(name_of(1), "w");
	fwrite(bytes, 1, size, f);
	fclose(f);
	refused(2, 3, "is damaged: its draws");
	begin("none");
	made.head.version = 2;
	save(1);
	refused(2, 3, "is of a newer vmgenc-lab");
	begin("none");
	add(9, 1);
	made.head.counts[0] = 1ull << 40;
	save(1);
	refused(2, 3, "is damaged: its head");
	begin("none");
	add(9, 1);
	add(8, 1); /* time goes back */
	save(1);
	refused(2, 3, "is damaged: its draws");
}

/* What a hostile file says of itself must not reach a terminal as it is. */
static void hostile_text(void **unused)
{
	(void)unused;
	begin("vmgenc\033[2J");
	snprintf(made.head.kernel, sizeof(made.head.kernel), "\033]0;x\007");
	for (unsigned int i = 0; i < 50; i++)
		add(i * MS + (i >= 40 ? 29 : 0), i < 40 ? i : i + 50000);
	save(0);
	copy(1, 40, 0, 11);
	assert_int_equal(compare(2), 0);
	assert_null(strchr(result.err, '\033'));
	assert_null(strchr(result.out, '\033'));
}

static void really_recorded(void **unused)
{
	char path[96];

	(void)unused;
	snprintf(path, sizeof(path), "%s/r", scratch);
	program_run(&result, (const char *const[]){"build/vmgenc-lab", "record", "-o", path,
						   "--seconds", "1", "--quiet", NULL});
	assert_int_equal(result.code, 0);
	struct recording r;

	assert_int_equal(recording_read(path, &r), 0);
	assert_true(r.count > 20);
	free(r.draws);
	program_run(&result, (const char *const[]){"build/vmgenc-lab", "record", "-o",
						   "/nonexistent/x", "--seconds", "1", NULL});
	assert_int_equal(result.code, 3);
	program_run(&result, (const char *const[]){"build/vmgenc-lab", "record", NULL});
	assert_int_equal(result.code, 2);
	program_run(&result, (const char *const[]){"build/vmgenc-lab", "compare", path, NULL});
	assert_int_equal(result.code, 2);
}

static int setup(void **unused)
{
	(void)unused;
	scratch_create(scratch);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	scratch_remove(scratch);
	return 0;
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	static const struct CMUnitTest tests[] = {
		CASE(what_copies_share), CASE(copies_of_different_age),
		CASE(one_machine),	 CASE(bad_files),
		CASE(hostile_text),	 CASE(really_recorded),
	};

	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
