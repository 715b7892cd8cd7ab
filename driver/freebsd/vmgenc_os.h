/* SPDX-License-Identifier: BSD-2-Clause */
/* driver/freebsd: the system's side of driver/core.  Linux and the unit tests have their own. */
#ifndef VMGENC_OS_H
#define	VMGENC_OS_H

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/errno.h>
#include <sys/time.h>

#include <machine/atomic.h>
#include <machine/cpu.h>

#include "vmgenc_core.h"

/* FreeBSD has no ENODATA; programs get ENOATTR for "not seeded yet". */
#ifndef ENODATA
#define	ENODATA	ENOATTR
#endif

/* A full barrier, for other processors and for mappings. */
static inline void
vmgenc_os_barrier(void)
{

	atomic_thread_fence_seq_cst();
}

/*
 * The time in nanoseconds of CLOCK_UPTIME.  Does not use sbttons(9), which overflows after 4
 * seconds of uptime before FreeBSD 13.
 */
static inline uint64_t
vmgenc_os_now(void)
{
	uint64_t now = sbinuptime();

	return ((now >> 32) * 1000000000 + ((now & 0xffffffff) * 1000000000 >> 32));
}

/* The counter with which random(4) itself times events. */
static inline uint64_t
vmgenc_os_cycles(void)
{

	return (get_cyclecount());
}

/*
 * Maps the id and sets core->raw, and the page's RAW flags and id_offset.  Returns 0, -EBUSY for
 * RAM that the kernel uses, or -ENOMEM.
 */
int	vmgenc_os_map(struct vmgenc_core *core, uint64_t phys);
void	vmgenc_os_unmap(struct vmgenc_core *core);

/* A lock that may be held while sleeping: see vmgenc_os_rekey(). */
void	vmgenc_os_lock(struct vmgenc_core *core);
void	vmgenc_os_unlock(struct vmgenc_core *core);

/*
 * Mixes the id, the time, the cycle counter and timing jitter into the kernel's generators and
 * waits until they have been reseeded, which takes more than 100 ms.  Called with the lock held.
 * Returns 0 only if they were reseeded, -ENODATA while they are not seeded, and -EIO for other
 * failures.  Sets *secret if the jitter counts; gathers it only if *secret is not set yet.
 */
int	vmgenc_os_rekey(struct vmgenc_core *core, const uint64_t id[2], bool *secret);

/* Makes the task call vmgenc_core_tell() soon.  Called with the lock held. */
void	vmgenc_os_defer(struct vmgenc_core *core);

/* Wakes the programs that wait in read(2), poll(2) or kevent(2). */
void	vmgenc_os_wake_readers(struct vmgenc_core *core);
/* Step 5: invokes the eventhandler acpi_vmgenc_event; listeners may sleep and draw. */
void	vmgenc_os_notify_kernel(struct vmgenc_core *core, const struct vmgenc_event *event);
/* Step 6: sends one devctl(4) event. */
void	vmgenc_os_notify_user(struct vmgenc_core *core, const struct vmgenc_event *event);

/* Logs one line that begins with the device's name and ACPI path. */
void	vmgenc_os_log(struct vmgenc_core *core, enum vmgenc_level level, const char *format, ...)
	    __printflike(3, 4);

#endif /* VMGENC_OS_H */
