/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: messages, each one line on standard error, and words for numbers. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"

static void line(const char *format, va_list args)
{
	char text[1024];

	vsnprintf(text, sizeof(text), format, args);
	fprintf(stderr, "vmgenc: %s\n", text);
}

int say_trouble(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	line(format, args);
	va_end(args);
	return EXIT_TROUBLE;
}

int say_usage(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	line(format, args);
	va_end(args);
	fputs("vmgenc: see vmgenc --help\n", stderr);
	return EXIT_USAGE;
}

void say_log(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	line(format, args);
	va_end(args);
}

int say_done(int code)
{
	if (!fflush(stdout) && !ferror(stdout))
		return code;
	return say_trouble("standard output cannot be written: %s", strerror(errno));
}

void age_text(int64_t s, char text[32])
{
	static const struct {
		const char *one, *many;
		int64_t seconds;
	} units[] = {{"day", "days", 86400}, {"h", "h", 3600}, {"min", "min", 60}, {"s", "s", 1}};
	size_t u = 0;
	int n;

	while (u < 3 && s < units[u].seconds)
		u++;
	n = snprintf(text, 32, "%" PRId64 " %s", s / units[u].seconds,
		     s / units[u].seconds == 1 ? units[u].one : units[u].many);
	s %= units[u].seconds;
	if (u < 3 && s / units[u + 1].seconds)
		snprintf(text + n, 32 - (size_t)n, " %" PRId64 " %s", s / units[u + 1].seconds,
			 units[u + 1].many);
}
