/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/provider: OpenSSL with the provider, and the libc functions that its tests watch. They
 * take libc's place because a program's own symbols come before those of the libraries. */
#include <errno.h>
#include <linux/random.h>
#include <openssl/err.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "openssl.h"

#define MODULE "build/test/ossl-modules/vmgenc.so"
#define DRAW_SIZE 32

unsigned int kernel_draws, warnings;
char last_warning[200];
void (*on_time)(void);
bool pid_is_fixed, may_not_rekey, kernel_repeats;

int getentropy(void *to, size_t size)
{
	__atomic_add_fetch(&kernel_draws, 1, __ATOMIC_RELAXED);
	if (kernel_repeats) {
		memset(to, (int)kernel_draws, size);
		return 0;
	}
	return syscall(SYS_getrandom, to, size, 0) == (long)size ? 0 : -1;
}

pid_t getpid(void)
{
	return pid_is_fixed ? 4711 : (pid_t)syscall(SYS_getpid);
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (request == RNDRESEEDCRNG) {
		errno = EPERM;
		return may_not_rekey ? -1 : 0;
	}
	return (int)syscall(SYS_ioctl, fd, request, arg);
}

time_t time(time_t *to)
{
	struct timespec now;

	if (on_time)
		on_time();
	clock_gettime(CLOCK_REALTIME, &now);
	if (to)
		*to = now.tv_sec;
	return now.tv_sec;
}

static void take_warning(const char *format, va_list args)
{
	warnings++;
	vsnprintf(last_warning, sizeof(last_warning), format, args);
}

void syslog(int priority, const char *format, ...)
{
	va_list args;

	(void)priority;
	va_start(args, format);
	take_warning(format, args);
	va_end(args);
}

/* What syslog() is where the compiler hardens its callers. */
void __syslog_chk(int priority, int flag, const char *format, ...);
void __syslog_chk(int priority, int flag, const char *format, ...)
{
	va_list args;

	(void)priority;
	(void)flag;
	va_start(args, format);
	take_warning(format, args);
	va_end(args);
}

static void substitute(char *line, size_t size, const char *from, const char *to)
{
	char *at = strstr(line, from), tail[400];

	if (!at)
		return;
	snprintf(tail, sizeof(tail), "%s", at + strlen(from));
	snprintf(at, size - (size_t)(at - line), "%s%s", to, tail);
}

void cnf_create(char path[CNF_SIZE], const char *module, const char *on_missing, const char *more)
{
	char line[600], setting[64], *where = realpath(module, NULL);
	FILE *from = fopen("dist/openssl/vmgenc.cnf", "r"), *to;

	assert_non_null(where);
	assert_non_null(from);
	snprintf(path, CNF_SIZE, "/tmp/vmgenc-cnf.XXXXXX");
	to = fdopen(mkstemp(path), "w");
	assert_non_null(to);
	snprintf(setting, sizeof(setting), "on_missing = %s", on_missing);
	/* What OpenSSL's own openssl.cnf begins with. */
	fprintf(to, "openssl_conf = openssl_init\n");
	while (fgets(line, sizeof(line), from)) {
		substitute(line, sizeof(line), "@MODULES@/vmgenc.so", where);
		substitute(line, sizeof(line), "on_missing = warn", setting);
		fputs(line, to);
	}
	fputs(more, to);
	fclose(from);
	assert_int_equal(fclose(to), 0);
	free(where);
}

OSSL_LIB_CTX *context(const char *on_missing, const char *more)
{
	OSSL_LIB_CTX *ctx = OSSL_LIB_CTX_new();
	char path[CNF_SIZE];

	assert_non_null(ctx);
	cnf_create(path, MODULE, on_missing, more);
	/* Applications do not look at this either. */
	OSSL_LIB_CTX_load_config(ctx, path);
	unlink(path);
	return ctx;
}

bool failed_with(const char *text)
{
	const char *data;
	char reason[300];
	unsigned long error;
	bool found = false;
	int flags;

	while ((error = ERR_get_error_all(NULL, NULL, NULL, &data, &flags)) != 0) {
		ERR_error_string_n(error, reason, sizeof(reason));
		found |= strstr(reason, text) || (flags & ERR_TXT_STRING && strstr(data, text));
	}
	return found;
}

static void clone_draw(OSSL_LIB_CTX *ctx, draw_function *draw, void (*resumed)(void),
		       unsigned char *out)
{
	int status, pipes[2];
	pid_t child;

	assert_int_equal(pipe(pipes), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (resumed)
			resumed();
		draw(ctx, out, DRAW_SIZE);
		_exit(write(pipes[1], out, DRAW_SIZE) == DRAW_SIZE ? 0 : 1);
	}
	close(pipes[1]);
	assert_int_equal(read(pipes[0], out, DRAW_SIZE), DRAW_SIZE);
	close(pipes[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

bool clones_draw_the_same(OSSL_LIB_CTX *ctx, draw_function *draw, void (*resumed)(void))
{
	unsigned char first[DRAW_SIZE], second[DRAW_SIZE], last[DRAW_SIZE];

	pid_is_fixed = true;
	draw(ctx, last, sizeof(last)); /* the last before the snapshot, under that process id */
	clone_draw(ctx, draw, NULL, first);
	clone_draw(ctx, draw, resumed, second);
	pid_is_fixed = false;
	assert_memory_not_equal(first, last, sizeof(last));
	return !memcmp(first, second, sizeof(first));
}
