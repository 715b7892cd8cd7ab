/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/host: messages on standard error, and the signals that end the lab.
 */
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host.h"

volatile sig_atomic_t lab_signal;
static bool quiet, line_open;
static char *captured;
static size_t captured_size;

static void clear_line(void)
{
	if (line_open)
		fputs("\r\033[K", stderr);
	line_open = false;
}

/* A message may have words of a guest or of QEMU in it. */
static void print(const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0)
		return;
	fputs(clean_text(text), stderr);
	free(text);
}

static void say(const char *prefix, const char *format, va_list args)
{
	clear_line();
	fputs(prefix, stderr);
	print(format, args);
	fputc('\n', stderr);
}

void lab_capture(char *to, size_t size)
{
	captured = to;
	captured_size = size;
}

static void capture(const char *format, va_list args)
{
	vsnprintf(captured, captured_size, format, args);
	clean_text(captured);
}

int lab_fail(int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (captured)
		capture(format, args);
	else
		say("vmgenc-lab: ", format, args);
	va_end(args);
	return code;
}

void lab_note(const char *format, ...)
{
	va_list args;

	if (quiet)
		return;
	va_start(args, format);
	say("vmgenc-lab: ", format, args);
	va_end(args);
}

/* Rewrite one line on a terminal; elsewhere, print one line each time. */
void lab_progress(const char *format, ...)
{
	va_list args;

	clear_line();
	if (quiet || !*format)
		return;
	va_start(args, format);
	print(format, args);
	va_end(args);
	line_open = isatty(STDERR_FILENO);
	if (!line_open)
		fputc('\n', stderr);
}

void lab_quiet(void)
{
	quiet = true;
}

static void on_signal(int number)
{
	lab_signal = number;
}

/* No SA_RESTART: every wait ends, and the lab cleans up as it does after any error. */
void lab_catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};
	const int ends[] = {SIGINT, SIGTERM, SIGHUP};

	struct sigaction before;

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		/* Keep ignoring SIGHUP under nohup(1). */
		if (ends[i] == SIGHUP && !sigaction(SIGHUP, NULL, &before) &&
		    before.sa_handler == SIG_IGN)
			continue;
		sigaction(ends[i], &action, NULL);
	}
	signal(SIGPIPE, SIG_IGN);
}

int lab_interrupted(void)
{
	return lab_signal ? 128 + lab_signal : 0;
}

double lab_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}
