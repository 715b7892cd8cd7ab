/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/guest/freebsd: what the FreeBSD parts of the lab's PID 1 share.
 */
#ifndef GUEST_FREEBSD_SYSTEM_H
#define GUEST_FREEBSD_SYSTEM_H

#include "../guest.h"
#include "freebsd.h"

/* system.c: the tail of the kernel's message buffer. */
void log_copy_tail(volatile char *to, size_t size);

/* run.c: the other mode; does not return. */
void run(void) __attribute__((noreturn));

#endif
