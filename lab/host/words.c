/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/host: numbers as text, with thousands separated and units.
 */
#include <string.h>

#include "host.h"

static char *next_text(void)
{
	static char texts[32][96];
	static unsigned int last;

	return texts[last++ % 32];
}

const char *words_count(uint64_t n)
{
	char digits[24], *text = next_text(), *to = text;
	int length = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
	return text;
}

const char *words_time(uint64_t ns)
{
	return words_seconds((double)ns / 1e9);
}

const char *words_seconds(double s)
{
	return lab_time(s, next_text());
}

const char *words_draws(uint64_t identical, uint64_t drawn)
{
	char *text = next_text();

	if (!identical)
		snprintf(text, 96, "none of %s", words_count(drawn));
	else if (identical == drawn)
		snprintf(text, 96, "all %s", words_count(drawn));
	else
		snprintf(text, 96, "%s of %s", words_count(identical), words_count(drawn));
	return text;
}

const char *words_plural(uint64_t n, const char *one, const char *many)
{
	char *text = next_text();

	snprintf(text, 96, "%s %s", words_count(n), n == 1 ? one : many);
	return text;
}

const char *words_day(const char *date)
{
	char *text = next_text();

	snprintf(text, 96, "%.*s", (int)strspn(date, "0123456789-"), date);
	return text;
}
