/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/host: what the host gives to all of it. Functions that return int return 0, or the exit code
 * after having said on standard error what went wrong.
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
	LAB_EXIT_RUN = 125 /* run: instead of the codes above, which are the program's there */
};

/* say.c: messages and signals */
extern volatile sig_atomic_t lab_signal; /* the signal that asks us to end, or 0 */
int lab_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
void lab_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));
void lab_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void lab_quiet(void);
void lab_catch_signals(void);
int lab_interrupted(void); /* 0, or 128 + signal */
double lab_now(void);	   /* seconds on a steady clock */
/* Until it is called with NULL, what lab_fail() says goes to that buffer: one try of several. */
void lab_capture(char *to, size_t size);

/* time.c: 40 µs, 77 ms, 1.5 s, 5 min 20 s; written to that buffer, which is returned */
#define LAB_TIME_SIZE 48

const char *lab_time(double seconds, char *to);
int lab_time_columns(const char *text); /* that a text takes on a terminal */

/* rundir.c: the directory of this run's files, in memory where possible */
struct rundir {
	char path[256];
	int fd;
};

int rundir_open(struct rundir *dir, uint64_t bytes_needed);
void rundir_close(struct rundir *dir, bool keep);
void rundir_remove(const char *path); /* a directory with all that is in it */
/* A file of this size whose space is taken now: a full disk must not end a VM half-way. */
int rundir_create(const char *path, uint64_t size, bool allocate);
int rundir_copy(const char *from, const char *to);
/* The last lines of a file, each indented, for error messages; "" without any. */
void rundir_tail(const char *path, char *to, size_t size);

/* words.c: numbers as people read them. A result is good for some ten more calls. */
const char *words_count(uint64_t n);			     /* 1,234 */
const char *words_time(uint64_t ns);			     /* 43.7 ms */
const char *words_seconds(double s);			     /* 43.7 ms, 12 s, 5 min 20 s */
const char *words_draws(uint64_t identical, uint64_t drawn); /* none of 40,000 */
const char *words_day(const char *date);		     /* 2026-11-24, of a date and time */
const char *words_plural(uint64_t n, const char *one, const char *many);

#endif
