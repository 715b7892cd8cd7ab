/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/guest/freebsd: the interface between the FreeBSD files of the lab's PID 1.
 */
#ifndef GUEST_FREEBSD_SYSTEM_H
#define GUEST_FREEBSD_SYSTEM_H

#include "../guest.h"
#include "freebsd.h"

/* system.c: copies the end of the kernel's message buffer. */
void log_copy_tail(volatile char *to, size_t size);

/* run.c: runs the program of "run". Does not return. */
void run(void) __attribute__((noreturn));

#endif
