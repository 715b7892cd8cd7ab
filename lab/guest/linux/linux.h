/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/guest/linux: the interface between the Linux files of the lab's PID 1.
 */
#ifndef GUEST_LINUX_H
#define GUEST_LINUX_H

#include "../guest.h"

/* crash.c: has a crash of this program reported by fail() */
void catch_crashes(void);

/* kmsg.c */
void kmsg_copy_tail(volatile char *to, unsigned int size);
/* Returns how many ns after since (CLOCK_BOOTTIME) the kernel logged its reseeding, or LAB_NEVER */
uint64_t kmsg_reseeded_after(uint64_t since);

/* probe.c: returns the generators whose programs this guest has, with the provider if possible */
uint32_t probe_generators(void);

/*
 * firmware.c: moves a device's memory into the hole for MMIO; reports the driver of the id's device
 * and its events
 */
void firmware_open_hole(void);
void firmware_begin(void);
void firmware_report(void);

/* run.c: runs the program of "run". Does not return. */
void run(void) __attribute__((noreturn));

#endif
