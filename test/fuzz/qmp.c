/* SPDX-License-Identifier: BSD-2-Clause */
/* test/fuzz: what a QEMU that has gone wrong may send to the lab. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/host.h"
#include "vm/vm.h"

/* In place of lab/host/say.c: nobody reads thousands of complaints a second. */
volatile sig_atomic_t lab_signal;

int lab_fail(int code, const char *format, ...)
{
	(void)format;
	if (!code)
		abort();
	return code;
}

int lab_interrupted(void)
{
	return 0;
}

double lab_now(void)
{
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct qmp q;
	int ends[2];

	if (size > 60000 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return 0;
	if (write(ends[1], data, size) != (ssize_t)size)
		abort();
	shutdown(ends[1], SHUT_WR);
	q.fd = ends[0];
	q.used = 0;
	/* Each until the other side has ended. */
	if (!qmp_greet(&q) && !qmp_call(&q, "query-status", NULL, -1))
		qmp_wait_migrated(&q);
	close(ends[0]);
	close(ends[1]);
	return 0;
}
