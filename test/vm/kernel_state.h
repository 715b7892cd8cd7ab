/* SPDX-License-Identifier: BSD-2-Clause */
/* test/vm: the state of the guest's kernel - its log, taint, memory, threads and mappings. */
#ifndef KERNEL_STATE_H
#define KERNEL_STATE_H

#include <stdbool.h>

/* A line that only a kernel in trouble writes. */
bool log_is_trouble(const char *line);
/* False if one came since log was opened or read last; prints it. */
bool log_is_clean(int log);

/* What the kernel holds against itself: sticky flags, and, where it counts, its warnings. */
struct kernel_state {
	unsigned long taint;
	long warnings, oopses;
};

void kernel_state(struct kernel_state *s);
/* Is something there that was not there before? What was, at boot or since, is not ours. */
bool kernel_is_worse(const struct kernel_state *before);

/* A line of /proc/meminfo, with its colon: kB once nothing is kept that nobody wants; -1. */
long kernel_memory(const char *name);
bool kernel_has_our_thread(void);
/* Mappings of the hypervisor's page inside the kernel; its own driver may have one. */
unsigned int kernel_mappings(void);

#endif /* KERNEL_STATE_H */
