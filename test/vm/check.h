/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/vm: the checks of the guest's tests. Debian ships no static cmocka, and nothing else
 * than the program itself is in the guest.
 */
#ifndef CHECK_H
#define CHECK_H

#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static jmp_buf check_end;
static pid_t check_pid;
static const char *check_name;
static int check_passed, check_failed;

/* Ends the test; in a child of the test it ends the child. Not for threads. */
static inline void check_fail(const char *file, int line, const char *what)
{
	printf("FAIL %s %s:%d %s (errno now: %s)\n", check_name, file, line, what,
	       strerror(errno));
	fflush(stdout);
	if (getpid() != check_pid)
		_exit(1);
	longjmp(check_end, 1);
}

#define CHECK(what) ((what) ? (void)0 : check_fail(__FILE__, __LINE__, #what))

/* call fails with this errno */
#define CHECK_ERRNO(call, number) CHECK((errno = 0, (call) == -1) && errno == (number))

static inline void check_run(const char *name, void (*test)(void))
{
	check_name = name;
	check_pid = getpid();
	if (setjmp(check_end)) {
		check_failed++;
		return;
	}
	test();
	check_passed++;
	printf("ok %s\n", name);
	fflush(stdout);
}

#define RUN(test) check_run(#test, test)

static inline int check_result(void)
{
	printf("%d passed, %d failed\n", check_passed, check_failed);
	return check_failed ? 1 : 0;
}

#endif /* CHECK_H */
