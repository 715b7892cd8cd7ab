/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libvmgenc: detects that this virtual machine was cloned or restored.
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
 * The generation that a caller last saw. A mark of zeros has seen none, so the first check says
 * changed. Use one mark per thread or per guarded generator: it is plain memory without a lock.
 */
struct vmgenc_mark {
	uint64_t seen[2];
};

/*
 * An open source, which vmgenc_open() allocates and vmgenc_close() frees. The members after `hot`
 * are private to the library. hot points at two adjacent 64-bit words that change with every
 * generation: the hypervisor's id if it may be mapped, otherwise generation and settled. For
 * sources that vmgenc_differs() must check, it points at words that no mark has: files that may
 * shrink and sysctls, which must be read, and a VMClock, whose counter may be 0.
 */
struct vmgenc {
	const volatile uint64_t *hot;
};

/* The protection that a source gives, in vmgenc_status.guarantee */
enum vmgenc_guarantee {
	VMGENC_NONE = 0, /* the host never filled in the id, so changes are not detected */
	VMGENC_NOTIFIED =
		1, /* the driver's counter, which changes when the driver notices the clone */
	VMGENC_RACE_FREE =
		2 /* the hypervisor's page, which changes before the clone's first instruction */
};

struct vmgenc_status {
	uint32_t size;	    /* set by the caller to sizeof(struct vmgenc_status) */
	uint32_t guarantee; /* enum vmgenc_guarantee */
	/* As in struct vmgenc_page, like the members below. VMGENC_PREDICTABLE for a VMClock, and
	 * 0 for sysctls without the file flags */
	uint32_t flags;
	uint32_t reserved;
	uint64_t generation;
	uint64_t settled;
	uint8_t id[VMGENC_ID_SIZE];
	uint64_t changed_ns;
	uint64_t changes;
	uint64_t spurious;
	uint64_t rekeys;
	uint64_t rekey_failures;
	char source[64]; /* such as "dev:/dev/vmgenc"; NUL-terminated, cut if longer */
	/* The first version ended here. */
	uint64_t unseeded;
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
 * vmclock:/dev/vmclock0. NULL never selects sysctls, which give less and cost a system call at each
 * check; name them to use them. The caller owns *vg until vmgenc_close(); on failure it is NULL.
 * Thread-safe. Returns 0 or
 *   -ENODEV   there is no such source, so this machine cannot detect that it was cloned
 *   -EACCES   the source exists but may not be opened
 *   -EINVAL   source has no known prefix, or does not name a vmgenc source
 *   -EPROTO   the source speaks a version that this library does not know
 *   -EAGAIN   the VMClock was being written all the time (its writer stopped half-way)
 *   -ENOMEM, -EMFILE, -ENFILE   as usual
 */
int vmgenc_open(struct vmgenc **vg, const char *source);

/* Unmaps and closes vg, which may be NULL. No thread may use vg during or after the call. */
void vmgenc_close(struct vmgenc *vg);

/*
 * Only for vmgenc_changed(), if hot differs. Returns true, except for a VMClock, whose counter it
 * loads, and for sysctls and files that may shrink, which it reads with one pread(2). If that
 * fails, it returns true and vmgenc_sync() gives the reason. The attributes keep compilers from
 * reloading values and arranging loops for the sake of this call. difference is from volatile
 * loads, so no call is replaced by an earlier one's result.
 */
__attribute__((pure, cold))
bool vmgenc_differs(const struct vmgenc *vg, const struct vmgenc_mark *mark, uint64_t difference);

/*
 * Returns true if the generation differs from mark. Then call vmgenc_sync() before using any random
 * value, key or nonce made earlier. Without a change, this is two loads and a compare, without a
 * call (except for a VMClock) or a system call (except for sysctls and files that may shrink). Any
 * thread may call it, also in signal handlers and after fork(2). It never fails.
 */
static inline bool vmgenc_changed(const struct vmgenc *vg, const struct vmgenc_mark *mark)
{
	uint64_t difference = (vg->hot[0] ^ mark->seen[0]) | (vg->hot[1] ^ mark->seen[1]);

	return difference != 0 && vmgenc_differs(vg, mark, difference);
}

/*
 * Waits until the kernel's random generator is rekeyed for the current generation, and sets mark to
 * it. Afterwards draw anew (getrandom(2)), and check again before the result leaves the machine.
 *
 * A sysctl source cannot ask the driver. It draws once from the kernel, which makes the driver look
 * first (parameter draws), and returns 0 when the driver says that the generation is settled. It
 * does not see a change that the driver has not noticed by then.
 *
 * timeout_ms: how many milliseconds to retry while the kernel cannot rekey; 0 tries once, -1
 * retries for ever. Thread-safe if each thread has its own mark; usable after fork(2). Returns 0 or
 *   -ETIMEDOUT  not settled in time: mark is untouched, so vmgenc_changed() stays true
 *   -EIO        the driver failed, or the source is gone; mark is untouched
 *   -EPERM      a VMClock has no driver that rekeys, and this process lacks the privilege to make
 *               the kernel do it (CAP_SYS_ADMIN); mark is untouched
 *   -EINTR      a signal interrupted the wait; mark is untouched
 */
int vmgenc_sync(struct vmgenc *vg, struct vmgenc_mark *mark, int timeout_ms);

/*
 * Returns a descriptor, owned by vg, that polls readable after each change. read(2) on it returns a
 * struct vmgenc_event and makes it wait for the next. The read position is shared with
 * children of fork(2). The descriptor of a VMClock polls readable after each change of its page,
 * whether or not from a clone, and pread(2) of any part of the page makes it wait for the next.
 * Returns -ENOTSUP for sources without one: file:, sysctl:, and vmclock: if the kernel (before
 * Linux 7.0) or the host does not notify. Check these periodically.
 */
int vmgenc_fd(const struct vmgenc *vg);

/*
 * Fills in st with a consistent view of the source. The caller sets st->size before the call; no
 * more than this size is written. Thread-safe. Returns 0 or
 *   -EINVAL  st->size is smaller than the first version's structure, which ends with source
 *   -EAGAIN  the source was being written all the time (its writer died half-way)
 *   -EIO     the source is gone: a file that shrank or is no longer a generation page
 */
int vmgenc_status(struct vmgenc *vg, struct vmgenc_status *st);

#ifdef __cplusplus
}
#endif

#endif /* VMGENC_H */
