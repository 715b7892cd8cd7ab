/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/guest/linux: reports a crash of PID 1 to the host. Without this the kernel would panic, and
 * the end of its console would not say what happened.
 */
#include <signal.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "linux.h"

/* No lock of the C library is held where a signal of these is raised, so fail() can print. */
static void report_crash(int number, siginfo_t *info, void *context)
{
#ifdef __aarch64__
	const mcontext_t *registers = &((const ucontext_t *)context)->uc_mcontext;

	fail("PID 1 (thread %d) crashed: %s, code %d, at instruction %#llx, address %p, sp %#llx",
	     (int)gettid(), strsignal(number), info->si_code, registers->pc, info->si_addr,
	     registers->sp);
#else
	const greg_t *registers = ((const ucontext_t *)context)->uc_mcontext.gregs;

	fail("PID 1 (thread %d) crashed: %s, code %d, at instruction %#llx, address %p, sp %#llx, "
	     "trap %lld, error %#llx",
	     (int)gettid(), strsignal(number), info->si_code,
	     (unsigned long long)registers[REG_RIP], info->si_addr,
	     (unsigned long long)registers[REG_RSP], registers[REG_TRAPNO],
	     (unsigned long long)registers[REG_ERR]);
#endif
}

void catch_crashes(void)
{
	static const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
	struct sigaction action = {.sa_sigaction = report_crash, .sa_flags = SA_SIGINFO};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		if (sigaction(numbers[i], &action, NULL))
			fail("cannot watch for crashes");
	}
}
