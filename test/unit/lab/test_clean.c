/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/unit/lab: what a guest or QEMU wrote reaches a terminal without what it would obey, and a
 * file or pipe as it is.
 */
#include <fcntl.h>
#include <pthread.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/host.h"

static void becomes(const char *text, const char *clean)
{
	char *copy = strdup(text);

	assert_non_null(copy);
	assert_string_equal(clean_text(copy), clean);
	free(copy);
}

/* Fails if a control character stays, or another character does not. */
static void control_characters(void **state)
{
	char one[2] = "";

	(void)state;
	for (int c = 1; c < 256; c++) {
		bool stays = c == '\n' || c == '\t' || (c >= ' ' && c < 0x7f);

		one[0] = (char)c;
		becomes(one, stays ? one : "?");
	}
	becomes("\xc2\x80\xc2\x9f", "????");
	becomes("\xc2\xa0\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
		"\xc2\xa0\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
}

/* Fails if a byte that is no UTF-8 stays, or eats what follows. */
static void no_utf8(void **state)
{
	(void)state;
	becomes("\xc3(", "?(");
	becomes("\xe2\x82", "??");
	becomes("\xe2\033[1m", "??[1m");
	becomes("\xc1\x9b\xc0\xaf", "????");
	becomes("\xe0\x82\x9b", "???");
	becomes("\xf0\x80\x82\x9b", "????");
	becomes("\xed\xa0\x80", "???");
	becomes("\xf4\x90\x80\x80", "????");
	becomes("\xf8\x88\x80\x80\x80", "?????");
}

/* Fails if a line can be turned around. */
static void direction(void **state)
{
	(void)state;
	becomes("a\xe2\x80\xae"
		"b\xe2\x81\xa6"
		"c\xe2\x80\x8f",
		"a???b???c???");
}

/* Fails if a message that has words of a guest in it drives the terminal. */
static void messages(void **state)
{
	char said[100], text[200];
	int ends[2], saved = dup(STDERR_FILENO);

	(void)state;
	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	lab_fail(1, "guest %s", "\033[2J\x9b");
	lab_note("guest %s", "\033[2J\x9b");
	lab_progress("guest %s", "\033[2J\x9b");
	dup2(saved, STDERR_FILENO);
	close(saved);
	text[read(ends[0], text, sizeof(text) - 1)] = '\0';
	assert_string_equal(text, "vmgenc-lab: guest ?[2J?\nvmgenc-lab: guest ?[2J?\n"
				  "guest ?[2J?\n");
	lab_capture(said, sizeof(said));
	lab_fail(1, "guest %s", "\033[2J\x9b");
	lab_capture(NULL, 0);
	assert_string_equal(said, "guest ?[2J?");
	close(ends[0]);
	close(ends[1]);
}

static void write_pieces(int fd, const char *text, size_t piece)
{
	struct output o;

	output_begin(&o, fd);
	for (size_t i = 0; i < strlen(text); i += piece)
		assert_int_equal(output_write(&o, text + i, strnlen(text + i, piece)), 0);
	assert_int_equal(output_end(&o), 0);
}

static const char program[] = "\033[31mred \xc3\xa9\xe2\x82\xac \xc2\x9b\a\xff\n\xe2\x82";

/* Fails if a pipe does not get a program's output as it is. */
static void exact_to_a_pipe(void **state)
{
	char text[200];
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	for (size_t piece = 1; piece < 8; piece++) {
		write_pieces(ends[1], program, piece);
		assert_int_equal(read(ends[0], text, sizeof(text)), strlen(program));
		assert_memory_equal(text, program, strlen(program));
	}
	close(ends[0]);
	close(ends[1]);
}

/* Fails if a terminal gets what it would obey, or loses a character that comes in two pieces. */
static void clean_to_a_terminal(void **state)
{
	static const char clean[] = "?[31mred \xc3\xa9\xe2\x82\xac ????\n??";
	struct termios raw;
	char text[200];
	int outer, inner;

	(void)state;
	assert_int_equal(openpty(&outer, &inner, NULL, NULL, NULL), 0);
	tcgetattr(inner, &raw);
	cfmakeraw(&raw);
	tcsetattr(inner, TCSANOW, &raw);
	for (size_t piece = 1; piece < 8; piece++) {
		size_t got = 0;

		write_pieces(inner, program, piece);
		while (got < strlen(clean))
			got += (size_t)read(outer, text + got, sizeof(text) - got);
		text[got] = '\0';
		assert_string_equal(text, clean);
	}
	close(outer);
	close(inner);
}

static int full_pipe[2];

/* Waits until the writer has filled the pipe. */
static void *interrupt_writer(void *writer)
{
	while (fcntl(full_pipe[1], F_GETFL) >= 0) {
		int size = fcntl(full_pipe[1], F_GETPIPE_SZ), used = 0;

		if (!ioctl(full_pipe[0], FIONREAD, &used) && used == size)
			break;
		usleep(1000);
	}
	pthread_kill(*(pthread_t *)writer, SIGINT);
	return NULL;
}

/* Fails if a signal does not end a write that nobody reads. */
static void signal_ends_a_write(void **state)
{
	static char bytes[1 << 20];
	pthread_t self = pthread_self(), thread;
	struct output o;

	(void)state;
	lab_catch_signals();
	assert_int_equal(pipe(full_pipe), 0);
	assert_int_equal(pthread_create(&thread, NULL, interrupt_writer, &self), 0);
	output_begin(&o, full_pipe[1]);
	assert_int_equal(output_write(&o, bytes, sizeof(bytes)), 128 + SIGINT);
	assert_int_equal(output_write(&o, bytes, 1), 128 + SIGINT);
	lab_signal = 0;
	pthread_join(thread, NULL);
	close(full_pipe[0]);
	close(full_pipe[1]);
}

/* Fails if output that is lost is a success. */
static void lost_output(void **state)
{
	char said[200] = "";
	struct output o;
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	lab_capture(said, sizeof(said));
	output_begin(&o, full);
	assert_int_equal(output_write(&o, "x", 1), LAB_EXIT_ENVIRONMENT);
	lab_capture(NULL, 0);
	assert_string_equal(said, "cannot write to standard output: No space left on device");
	close(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(control_characters),  cmocka_unit_test(no_utf8),
		cmocka_unit_test(direction),	       cmocka_unit_test(messages),
		cmocka_unit_test(exact_to_a_pipe),     cmocka_unit_test(clean_to_a_terminal),
		cmocka_unit_test(signal_ends_a_write), cmocka_unit_test(lost_output),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
