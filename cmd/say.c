/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: messages, each one line on standard error. */
#include <errno.h>
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
