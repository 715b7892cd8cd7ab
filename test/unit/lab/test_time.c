/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/lab: lengths of time as the lab writes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/host.h"

/* Fails if a time has an exponent, a unit that does not fit it, or more digits than count. */
static void times_as_people_write_them(void **state)
{
	static const struct {
		double seconds;
		const char *text;
	} rows[] = {
		{0, "0 s"},
		{42e-9, "0.042 µs"},
		{43.7e-6, "43.7 µs"},
		{999.4e-6, "999 µs"},
		{999.6e-6, "1 ms"},
		{0.0770, "77 ms"},
		{0.0996, "99.6 ms"},
		{0.09996, "100 ms"},
		{0.9994, "999 ms"},
		{0.9996, "1 s"},
		{1.48, "1.48 s"},
		{1.5, "1.5 s"},
		{60, "60 s"},
		{99.9, "99.9 s"},
		{99.96, "1 min 40 s"},
		{119.6, "2 min 0 s"},
		{320, "5 min 20 s"},
		{1e6, "16666 min 40 s"},
	};
	char text[LAB_TIME_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_string_equal(lab_time(rows[i].seconds, text), rows[i].text);
	assert_int_equal(lab_time_columns("43.7 µs"), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(times_as_people_write_them)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
