/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/host: a length of time as people write it, in the table, on the page and in messages.
 */
#include "host.h"

/* Three digits that count, and never an exponent. */
static void three(double n, const char *unit, char *to)
{
	snprintf(to, LAB_TIME_SIZE, n >= 99.95 ? "%.0f %s" : "%.3g %s", n, unit);
}

const char *lab_time(double s, char *to)
{
	/* Each limit is where three digits of the smaller unit would round up to the larger. */
	if (s > 0 && s < 999.5e-6)
		three(s * 1e6, "µs", to);
	else if (s > 0 && s < 999.5e-3)
		three(s * 1e3, "ms", to);
	else if (s < 99.95 || s >= 1e15) /* what no integer holds, if somebody wrote it */
		three(s, "s", to);
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
