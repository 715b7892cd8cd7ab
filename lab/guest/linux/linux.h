/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/guest/linux: what the Linux parts of the lab's PID 1 share.
 */
#ifndef GUEST_LINUX_H
#define GUEST_LINUX_H

#include "../guest.h"

/* kmsg.c */
void kmsg_copy_tail(volatile char *to, unsigned int size);
/* How long after since, of CLOCK_BOOTTIME, the kernel logged that it reseeded; or LAB_NEVER. */
uint64_t kmsg_reseeded_after(uint64_t since);

/* probe.c: which real programs are in this guest, without and, where it can be, with the provider
 */
uint32_t probe_generators(void);

/*
 * firmware.c: a device's memory in the hole for MMIO, a serial port as bell; which driver has the
 * id's device, and how often that was notified
 */
void firmware_open_hole(void);
void firmware_open_bell(void);
void firmware_begin(void);
void firmware_report(void);

/* run.c: the other mode; does not return. */
void run(void) __attribute__((noreturn));

#endif
