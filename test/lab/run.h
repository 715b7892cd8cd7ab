/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/lab: starts vmgenc-lab and looks at what it says and leaves behind.
 */
#ifndef TEST_LAB_RUN_H
#define TEST_LAB_RUN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

#define LAB "build/vmgenc-lab"
#define PATIENCE_S 60 /* only to end what hangs */

/* TMPDIR of all runs, in which nothing of theirs may be left. */
extern char directory[];

struct run {
	pid_t pid;
	int output;
	char text[65536];
	size_t used;
};

/* Where its standard output goes, if not to us; and which user it is, if not ours. */
extern int run_output;
extern uid_t run_user;

#define START(run, ...) run_start(run, (const char *[]){LAB, __VA_ARGS__, NULL})

void run_start(struct run *run, const char *const *arguments);
/* False at the end of the output. */
bool run_read(struct run *run);
void run_wait_for(struct run *run, const char *text);
/* Waits for its end; the exit code, a text that it said, and nothing left behind. */
void run_end(struct run *run, int code, const char *text);
/* The same where others still run: no look at what is left. */
void run_end_one(struct run *run, int code, const char *text);
int files_left(void);

#define EXPECT(code, text, ...)                                                                    \
	do {                                                                                       \
		static struct run run_;                                                            \
		START(&run_, __VA_ARGS__);                                                         \
		run_end(&run_, code, text);                                                        \
	} while (0)

/* A file for one test, below directory; path has room for it. */
void write_file(const void *bytes, size_t size, char *path);
/* The same with the header of a kernel, without most of what follows: it does not boot. */
void write_cut_kernel(const char *kernel, char *path);

/* Before and after all tests: 0, or 2 after saying why not. What is mounted is seen by us alone. */
int tests_begin(void);
void tests_end(void);

#endif
