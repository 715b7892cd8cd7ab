/* SPDX-License-Identifier: BSD-2-Clause */
/* driver/linux: what driver/core asks of the system; FreeBSD and the unit tests have their own. */
#ifndef VMGENC_OS_H
#define VMGENC_OS_H

#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/timex.h>
#include <linux/types.h>

#include "vmgenc_core.h"

/* Stores and loads around it keep their order, for other processors and for mappings. */
static inline void vmgenc_os_barrier(void)
{
	smp_mb();
}

/* When something happened, in nanoseconds of CLOCK_BOOTTIME; "fast" is for any context. */
static inline uint64_t vmgenc_os_now(void)
{
	return ktime_get_boot_fast_ns();
}

/* What the kernel itself times events with: the finest counter that there is, or 0. */
static inline uint64_t vmgenc_os_cycles(void)
{
	return random_get_entropy();
}

/* Sets core->raw, and the page's RAW flags and id_offset. Refuses what is not the firmware's. */
int vmgenc_os_map(struct vmgenc_core *core, uint64_t phys);
void vmgenc_os_unmap(struct vmgenc_core *core);

/* Held with interrupts off, so that a draw in an interrupt can take it. */
void vmgenc_os_lock(struct vmgenc_core *core);
void vmgenc_os_unlock(struct vmgenc_core *core);

/*
 * Mixes the id and whatever is fresh into the kernel's generator and makes it take a new key
 * before returning; with the lock held. 0 only if it did, and sets *secret if the owner of a sibling
 * cannot know all that was fresh; -ENODATA while it is not seeded; -EIO otherwise.
 */
int vmgenc_os_rekey(struct vmgenc_core *core, const uint64_t id[2], bool *secret);

/* Has vmgenc_core_tell() called soon, by the worker; with the lock held. */
void vmgenc_os_defer(struct vmgenc_core *core);

/* Whoever waits on the device looks again. */
void vmgenc_os_wake_readers(struct vmgenc_core *core);
/* Step 5: listeners in the kernel; they may sleep and draw. */
void vmgenc_os_notify_kernel(struct vmgenc_core *core, const struct vmgenc_event *event);
/* Step 6: one event for user space. */
void vmgenc_os_notify_user(struct vmgenc_core *core, const struct vmgenc_event *event);

/* One line that names the device's ACPI path. */
__printf(3, 4) void vmgenc_os_log(struct vmgenc_core *core, enum vmgenc_level level,
				  const char *format, ...);

#endif /* VMGENC_OS_H */
