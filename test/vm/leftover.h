/* SPDX-License-Identifier: BSD-2-Clause */
/* test/vm: what a module may leave behind - lines of the log, memory, threads, mappings. */
#ifndef LEFTOVER_H
#define LEFTOVER_H

#include <stdbool.h>

/* A line that only a kernel in trouble writes. */
bool log_is_trouble(const char *line);
/* False if one came since log was opened or read last; prints it. */
bool log_is_clean(int log);
bool kernel_is_tainted(void);

/* A line of /proc/meminfo, with its colon: kB once nothing is kept that nobody wants; -1. */
long leftover_memory(const char *name);
bool leftover_thread(void);
/* Mappings of the hypervisor's page inside the kernel; its own driver may have one. */
unsigned int leftover_mappings(void);

#endif /* LEFTOVER_H */
