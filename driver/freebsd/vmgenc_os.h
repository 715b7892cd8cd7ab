/* SPDX-License-Identifier: BSD-2-Clause */
/* driver/freebsd: what driver/core asks of the system; Linux and the unit tests have their own. */
#ifndef VMGENC_OS_H
#define	VMGENC_OS_H

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/errno.h>
#include <sys/time.h>

#include <machine/atomic.h>
#include <machine/cpu.h>

#include "vmgenc_core.h"

/* FreeBSD has no ENODATA; programs there are told ENOATTR for "not seeded yet". */
#ifndef ENODATA
#define	ENODATA	ENOATTR
#endif

/* Stores and loads around it keep their order, for other processors and for mappings. */
static inline void
vmgenc_os_barrier(void)
{

	atomic_thread_fence_seq_cst();
}

/*
 * When something happened, in nanoseconds of CLOCK_UPTIME.  Not by sbttons(9), which overflows
 * after 4 seconds up in FreeBSD before 13.
 */
static inline uint64_t
vmgenc_os_now(void)
{
	uint64_t now = sbinuptime();

	return ((now >> 32) * 1000000000 + ((now & 0xffffffff) * 1000000000 >> 32));
}

/* What random(4) itself times events with. */
static inline uint64_t
vmgenc_os_cycles(void)
{

	return (get_cyclecount());
}

/* Sets core->raw, and the page's RAW flags and id_offset.  Refuses RAM that the kernel uses. */
int	vmgenc_os_map(struct vmgenc_core *core, uint64_t phys);
void	vmgenc_os_unmap(struct vmgenc_core *core);

/* A lock that may be held while sleeping: see vmgenc_os_rekey(). */
void	vmgenc_os_lock(struct vmgenc_core *core);
void	vmgenc_os_unlock(struct vmgenc_core *core);

/*
 * Mixes the id and whatever is fresh into the kernel's generators and returns when they have
 * been reseeded, which takes more than 100 ms; with the lock held.  0 only if they were, and sets
 * *secret if the owner of a sibling cannot know all that was fresh; -ENODATA while they are not
 * seeded; -EIO otherwise.
 */
int	vmgenc_os_rekey(struct vmgenc_core *core, const uint64_t id[2], bool *secret);

/* Has vmgenc_core_tell() called soon, by the task; with the lock held. */
void	vmgenc_os_defer(struct vmgenc_core *core);

/* Whoever waits on the device looks again. */
void	vmgenc_os_wake_readers(struct vmgenc_core *core);
/* Step 5: the eventhandler acpi_vmgenc_event; listeners may sleep and draw. */
void	vmgenc_os_notify_kernel(struct vmgenc_core *core, const struct vmgenc_event *event);
/* Step 6: one devctl(4) event. */
void	vmgenc_os_notify_user(struct vmgenc_core *core, const struct vmgenc_event *event);

/* One line that names the device and its ACPI path. */
void	vmgenc_os_log(struct vmgenc_core *core, enum vmgenc_level level, const char *format, ...)
	    __printflike(3, 4);

#endif /* VMGENC_OS_H */
