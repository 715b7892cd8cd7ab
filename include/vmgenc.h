/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libvmgenc: has this virtual machine been cloned since I last looked?
 * The contract of each call is in libvmgenc(3); the layouts here are versioned.
 */
#ifndef VMGENC_H
#define VMGENC_H

#include <stdbool.h>
#include <stdint.h>

#include "vmgenc_abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What a caller last saw. All zero has seen nothing, so the first check says changed.
 * One mark per thread or per guarded generator: a mark is plain memory without a lock.
 */
struct vmgenc_mark {
	uint64_t seen[2];
};

/*
 * An open source. Owned by vmgenc_open() and vmgenc_close(); everything behind `hot` is the
 * library's own. hot points at two adjacent 64-bit words that change with every generation:
 * the hypervisor's id where that may be mapped, else generation and settled. Where
 * vmgenc_differs() has to look, it points at words that no mark has: for files that may shrink
 * and sysctls, which must be read, and for a VMClock, whose counter may be 0.
 */
struct vmgenc {
	const volatile uint64_t *hot;
};

/* Which protection a source gives: vmgenc_status.guarantee */
enum vmgenc_guarantee {
	VMGENC_NONE = 0, /* the host never filled the id: nothing will ever change */
	VMGENC_NOTIFIED =
		1, /* the driver's counter: lags behind the clone until the driver noticed */
	VMGENC_RACE_FREE =
		2 /* the hypervisor's own page: changed before the clone's first instruction */
};

struct vmgenc_status {
	uint32_t size;	    /* set by the caller to sizeof(struct vmgenc_status) */
	uint32_t guarantee; /* enum vmgenc_guarantee */
	uint32_t flags;	    /* of the generation page */
	uint32_t reserved;
	uint64_t generation;
	uint64_t settled;
	uint8_t id[VMGENC_ID_SIZE];
	uint64_t changed_ns;
	uint64_t changes;
	uint64_t spurious;
	uint64_t rekeys;
	uint64_t rekey_failures;
	char source[64]; /* "dev:/dev/vmgenc", NUL-terminated, cut where longer */
	/* The first version ended here. */
	uint64_t unseeded;	 /* these three as in struct vmgenc_page */
	uint64_t redraws;
	uint64_t redraws_missed;
};

/*
 * Opens a source and maps its pages.
 *
 * source: "dev:PATH" (a vmgenc device node), "vmclock:PATH" (a VMClock), "sysctl:DIRECTORY" (the
 * driver's sysctls, for programs that cannot see its device: sysctl:/proc/sys/dev/vmgenc/0),
 * "file:PATH" (a simulated device, for tests), or NULL for the best available: the environment's
 * VMGENC_SOURCE (ignored in set-user-id programs), then dev:/dev/vmgenc, then
 * vmclock:/dev/vmclock0. NULL never stands for sysctls, which give less and cost a system call at
 * each check: who wants them asks for them. *vg is the caller's until vmgenc_close(); on failure it
 * is NULL.
 * Thread-safe. Returns 0 or
 *   -ENODEV   there is no such source: this machine cannot tell that it was cloned
 *   -EACCES   the source exists but may not be opened
 *   -EINVAL   source has no known prefix, or what it names is not a vmgenc source
 *   -EPROTO   the source speaks a version that this library does not know
 *   -EAGAIN   the VMClock was being written all the time (a writer that stopped half-way)
 *   -ENOMEM, -EMFILE, -ENFILE   as usual
 */
int vmgenc_open(struct vmgenc **vg, const char *source);

/* Unmaps and closes. vg may be NULL. No thread may use vg during or after it. */
void vmgenc_close(struct vmgenc *vg);

/*
 * For vmgenc_changed() alone, once hot differs: true, but for a VMClock, whose counter it loads,
 * and for sysctls and files that may shrink, which it reads by one pread(2); true as well if that
 * fails, and sync says why. "pure" and "cold" keep
 * compilers from reloading what they know, and from laying out their loops, for its sake;
 * difference comes of volatile loads, so that no call is left out for an earlier one's result.
 */
__attribute__((pure, cold)) bool
vmgenc_differs(const struct vmgenc *vg, const struct vmgenc_mark *mark, uint64_t difference);

/*
 * True if the generation differs from mark: call vmgenc_sync() before using any random
 * value, key or nonce made earlier. Unchanged, it is two loads and a compare: no call (but for a
 * VMClock), no system call (but for sysctls and files that may shrink); from any thread, from
 * signal handlers and after fork(2). It never fails.
 */
static inline bool vmgenc_changed(const struct vmgenc *vg, const struct vmgenc_mark *mark)
{
	uint64_t difference = (vg->hot[0] ^ mark->seen[0]) | (vg->hot[1] ^ mark->seen[1]);

	return difference != 0 && vmgenc_differs(vg, mark, difference);
}

/*
 * Returns once the kernel's random generator is rekeyed for the generation that mark is then
 * set to. Afterwards draw afresh (getrandom(2)), and check again before the result leaves.
 *
 * sysctl: cannot ask the driver. It draws once from the kernel, which has the driver look first
 * (parameter draws), and returns 0 once the driver says that the generation is settled; a change
 * that the driver has not noticed by then is not seen.
 *
 * timeout_ms: how long to retry while the kernel cannot rekey; 0 tries once, -1 for ever.
 * Thread-safe with a mark of the thread's own; usable after fork(2). Returns 0 or
 *   -ETIMEDOUT  not settled in time: mark is untouched, so vmgenc_changed() stays true
 *   -EIO        the driver failed, or the source is gone; mark is untouched
 *   -EPERM      vmclock: has no driver that rekeys, and this process may not make the kernel do
 *               it (CAP_SYS_ADMIN); mark is untouched
 *   -EINTR      a signal came while it waited; mark is untouched
 */
int vmgenc_sync(struct vmgenc *vg, struct vmgenc_mark *mark, int timeout_ms);

/*
 * A descriptor that polls readable after each change, owned by vg. read(2) on it returns a
 * struct vmgenc_event and makes it wait for the next. The read position is shared with
 * children of fork(2). That of a VMClock polls readable after each change of its page, clones or
 * not, and pread(2) of any of it makes it wait for the next.
 * Returns -ENOTSUP for sources without one: file:, sysctl:, and vmclock: where the kernel (before
 * Linux 7.0) or the host does not notify; look at these now and then.
 */
int vmgenc_fd(const struct vmgenc *vg);

/*
 * A consistent picture of the source. st->size is set by the caller beforehand; no more than
 * that is written. Thread-safe. Returns 0, or
 *   -EINVAL  st->size is smaller than the first version's structure, which ends with source
 *   -EAGAIN  the source was being written all the time (a driver that died half-way)
 *   -EIO     the source is gone: a file that shrank or is no generation page any more
 */
int vmgenc_status(struct vmgenc *vg, struct vmgenc_status *st);

#ifdef __cplusplus
}
#endif

#endif /* VMGENC_H */
