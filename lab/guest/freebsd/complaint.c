/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/guest/freebsd: finds the complaints of WITNESS, INVARIANTS and the rest of the kernel in its
 * message buffer.
 */
#include "freebsd.h"

static const char *const signs[] = {"lock order reversal",
				    "WITNESS",
				    "witness_",
				    "acquiring duplicate",
				    "recursed on non-recursive",
				    "non-sleepable",
				    "panic:",
				    "KASSERT",
				    "Fatal trap",
				    "odified after free",
				    "leaked memory",
				    "could sleep",
				    "vm_fault"};

size_t fb_log(char *to, size_t size)
{
	long got = fb_sysctl("kern.msgbuf", to, size - 1);
	size_t used = 0;

	/* The part that was not written since the buffer was cleared comes first, as zeroes. */
	for (long i = 0; i < got; i++) {
		if (to[i])
			to[used++] = to[i];
	}
	to[used] = '\0';
	return used;
}

void fb_log_clear(void)
{
	int words[24], one = 1;
	int count = fb_sysctl_number("kern.msgbuf_clear", words);

	if (count > 0)
		fb_syscall(SYS_sysctl, words, (long)count, NULL, NULL, &one, sizeof(one));
}

bool fb_complaint(const char *log, char *to, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
		const char *found = strstr(log, signs[i]);

		while (found && found > log && found[-1] != '\n')
			found--;
		while (found && found[n] && found[n] != '\n' && n + 1 < size) {
			to[n] = found[n];
			n++;
		}
		if (found)
			break;
	}
	to[n] = '\0';
	return n > 0;
}
