/* SPDX-License-Identifier: BSD-2-Clause */
/* driver/linux: the system's side of driver/core. FreeBSD and the unit tests have their own. */
#ifndef VMGENC_OS_H
#define VMGENC_OS_H

#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/timex.h>
#include <linux/types.h>

#include "vmgenc_core.h"

/* A full barrier, for other processors and for mappings. */
static inline void vmgenc_os_barrier(void)
{
	smp_mb();
}

/* The time in nanoseconds of CLOCK_BOOTTIME, in any context. */
static inline uint64_t vmgenc_os_now(void)
{
	return ktime_get_boot_fast_ns();
}

/* The counter with which the kernel itself times events: the finest there is, or always 0. */
static inline uint64_t vmgenc_os_cycles(void)
{
	return random_get_entropy();
}

/*
 * Maps the id and sets core->raw, and the page's RAW flags and id_offset. Returns 0, -EBUSY for RAM
 * that the kernel uses, or -ENOMEM.
 */
int vmgenc_os_map(struct vmgenc_core *core, uint64_t phys);
void vmgenc_os_unmap(struct vmgenc_core *core);

/* The lock is held with interrupts off, so that a draw in an interrupt can take it. */
void vmgenc_os_lock(struct vmgenc_core *core);
void vmgenc_os_unlock(struct vmgenc_core *core);

/*
 * Mixes the id, the time, the cycle counter, timing jitter and CPU random instructions into the
 * kernel's generator and makes it take a new key. Called with the lock held. Returns 0 only if the
 * generator did, -ENODATA while it is not seeded, and -EIO for other failures. Sets *secret if the
 * jitter counts or the instructions answered; gathers both only if *secret is not set yet.
 */
int vmgenc_os_rekey(struct vmgenc_core *core, const uint64_t id[2], bool *secret);

/* Makes the worker call vmgenc_core_tell() soon. Called with the lock held. */
void vmgenc_os_defer(struct vmgenc_core *core);

/* Wakes the programs that wait in read(2) or poll(2). */
void vmgenc_os_wake_readers(struct vmgenc_core *core);
/* Step 5: calls the listeners in the kernel, which may sleep and draw. */
void vmgenc_os_notify_kernel(struct vmgenc_core *core, const struct vmgenc_event *event);
/* Step 6: sends one event to user space. */
void vmgenc_os_notify_user(struct vmgenc_core *core, const struct vmgenc_event *event);

/* Logs one line that begins with the device's ACPI path. */
__printf(3, 4) void vmgenc_os_log(struct vmgenc_core *core, enum vmgenc_level level,
				  const char *format, ...);

#endif /* VMGENC_OS_H */
