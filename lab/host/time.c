/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/host: lengths of time as text, for the table, the page and messages.
 */
#include "host.h"

/* Three significant digits, and never an exponent. */
static void three_digits(double n, const char *unit, char *to)
{
	snprintf(to, LAB_TIME_SIZE, n >= 99.95 ? "%.0f %s" : "%.3g %s", n, unit);
}

const char *lab_time(double s, char *to)
{
	/* At each limit, three digits of the smaller unit would round up to the larger one. */
	if (s > 0 && s < 999.5e-6)
		three_digits(s * 1e6, "µs", to);
	else if (s > 0 && s < 999.5e-3)
		three_digits(s * 1e3, "ms", to);
	else if (s < 99.95 || s >= 1e15) /* an absurd number may not fit an integer */
		three_digits(s, "s", to);
	else
		snprintf(to, LAB_TIME_SIZE, "%.0f min %.0f s", (double)((uint64_t)(s + 0.5) / 60),
			 (double)((uint64_t)(s + 0.5) % 60));
	return to;
}

/* The µ of µs is two bytes and one column. */
int lab_time_columns(const char *text)
{
	int columns = 0;

	for (; *text; text++)
		columns += ((unsigned char)*text & 0xc0) != 0x80;
	return columns;
}
