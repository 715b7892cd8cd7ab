/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/host: the host's side of every room: messages, signals, files, numbers as text. A function
 * that returns int returns 0 or, after a message on standard error, an exit code.
 */
#ifndef LAB_HOST_H
#define LAB_HOST_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define LAB_VERSION VMGENC_VERSION /* the Makefile's */

enum lab_exit {
	LAB_EXIT_OK = 0,
	LAB_EXIT_IDENTICAL = 1,
	LAB_EXIT_USAGE = 2,
	LAB_EXIT_ENVIRONMENT = 3,
	LAB_EXIT_GUEST = 4,
	LAB_EXIT_RUN = 125 /* run: replaces the codes above, which there belong to the program */
};

/* say.c: messages and signals */
extern volatile sig_atomic_t lab_signal; /* the signal that asks the lab to end, or 0 */
/* Prints an error on standard error, also with --quiet. Returns code. */
int lab_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Prints progress on standard error; a terminal shows it on one line. "" clears the line. */
void lab_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Prints a line on standard error that is not an error. */
void lab_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Turns off lab_progress() and lab_note(). */
void lab_quiet(void);
/* Makes SIGINT, SIGTERM and SIGHUP set lab_signal, and ignores SIGPIPE. */
void lab_catch_signals(void);
/* Returns 0, or 128 + lab_signal. */
int lab_interrupted(void);
/* Returns the seconds on CLOCK_MONOTONIC. */
double lab_now(void);
/*
 * Sends the messages of lab_fail() to a buffer of size bytes instead of standard error, for a try
 * that may fail. NULL ends this.
 */
void lab_capture(char *to, size_t size);

/* clean.c: text that a guest or QEMU wrote, for a terminal or the results */
/*
 * Replaces each byte that a terminal would obey, or that is no UTF-8, by a question mark. Newlines
 * and tabs stay. Returns the number of bytes that are done; the rest begins a character that is cut
 * off, and has at most 3 bytes.
 */
size_t clean_part(char *text, size_t size);
/* The same for a whole text; returns it. clean_line() also replaces newlines and tabs by spaces. */
char *clean_text(char *text);
char *clean_line(char *text);

/* output.c: what a guest's program says, on standard output */
struct output {
	int fd;
	bool clean;  /* it is a terminal */
	size_t held; /* bytes of a character that is cut off */
	char rest[4];
};

void output_begin(struct output *o, int fd);
/* Writes all of it; a terminal gets it clean. Returns an exit code if that fails or a signal came.
 */
int output_write(struct output *o, const char *from, size_t size);
int output_end(struct output *o);

/* time.c: lengths of time as text */
#define LAB_TIME_SIZE 48

/* Writes seconds as "40 µs", "77 ms", "1.5 s" or "5 min 20 s" to LAB_TIME_SIZE bytes; returns to */
const char *lab_time(double seconds, char *to);
/* Returns the number of columns that a text takes on a terminal. */
int lab_time_columns(const char *text);

/* rundir.c: the directory of this run's files, in memory if possible */
struct rundir {
	char path[256];
	int fd; /* holds the lock that shows that the directory is in use */
};

/*
 * Creates and locks the directory in TMPDIR, /dev/shm or /tmp, and removes those of killed runs.
 * Fails if fewer than bytes_needed bytes are free there.
 */
int rundir_open(struct rundir *dir, uint64_t bytes_needed);
/* Removes the directory or, with keep, renames it and prints its name. */
void rundir_close(struct rundir *dir, bool keep);
/* Removes a directory and everything in it. */
void rundir_remove(const char *path);
/*
 * Creates a file of size bytes. With allocate, takes the disk space now, so that a full disk does
 * not end a VM later.
 */
int rundir_create(const char *path, uint64_t size, bool allocate);
/* Copies a file to a new one; holes stay holes. */
int rundir_copy(const char *from, const char *to);
/*
 * Writes the last lines of a file, each indented, for an error message; "" if there are none. If
 * a kernel died in them, they begin with its first words on that.
 */
void rundir_tail(const char *path, char *to, size_t size);

/* meminfo.c: returns the MiB that new programs may have (MemAvailable), or 0 if it is not known */
unsigned long lab_available_mb(void);

/* words.c: numbers as text, in static buffers that about ten more calls leave intact */
const char *words_count(uint64_t n);			     /* 1,234 */
const char *words_time(uint64_t ns);			     /* 43.7 ms */
const char *words_seconds(double s);			     /* 43.7 ms, 12 s, 5 min 20 s */
const char *words_draws(uint64_t identical, uint64_t drawn); /* none of 40,000 */
const char *words_day(const char *date);		     /* the 2026-11-24 of a date and time */
const char *words_plural(uint64_t n, const char *one, const char *many); /* 1 draw, 2 draws */

#endif
