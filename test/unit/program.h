/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit: runs build/vmgenc as a person or a service manager would. */
#ifndef VMGENC_TEST_PROGRAM_H
#define VMGENC_TEST_PROGRAM_H

#include <stdbool.h>
#include <sys/types.h>

#define PROGRAM "build/vmgenc"

/* What a finished run left: its exit code (128 + signal) and its output, cut where longer. */
struct result {
	int code;
	char out[16384], err[16384];
};

/* Arguments end with NULL. Waits; ends it after a minute. */
void program_run(struct result *r, const char *const arguments[]);
/* Starts it with standard error appended to the file. */
pid_t program_start(const char *log, const char *const arguments[]);
/* Its exit code (128 + signal), after at most a minute. */
int program_end(pid_t pid);

/* A directory of its own in memory, and what is put into it. */
void scratch_create(char path[64]);
void scratch_remove(const char *path);
void write_file(const char *directory, const char *name, const char *text, mode_t mode);
/* The text of a file, "" where there is none; the caller's buffer of 64 KiB. */
const char *read_file(const char *directory, const char *name, char text[65536]);
unsigned int count_of(const char *text, const char *what);

#define RUN(result, ...) program_run(result, (const char *const[]){PROGRAM, __VA_ARGS__, NULL})
#define START(log, ...) program_start(log, (const char *const[]){PROGRAM, __VA_ARGS__, NULL})

#endif
