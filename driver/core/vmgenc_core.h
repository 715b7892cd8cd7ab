/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * driver/core: handles a change of the id, independently of the operating system. Each system
 * provides vmgenc_os.h, which the core calls.
 */

/*
 * A change of the id is handled in six steps, in this order:
 *
 *  1. Read the 16 bytes. They cannot be read in one access, so read until two reads agree.
 *  2. Compare them with the id that was seen last. If it is the same, nothing has changed: a
 *     notification is counted as spurious. All zeros or all ones identify nothing, and are no
 *     change either.
 *  3. Mix the id, the time, the cycle counter and timing jitter into the kernel's random generator,
 *     make it rekey, and verify that it did. Retry a failure, now and at each look.
 *  4. Publish the id and the next generation; if step 3 was verified, settled as well.
 *  5. Call the listeners in the kernel. They may draw, because the generator is rekeyed.
 *  6. Send one event to user space, and wake readers of the device.
 *
 * vmgenc_core_look() takes steps 1 to 4 in its caller's context. vmgenc_core_tell() takes steps 5
 * and 6, in a thread. If the rekey fails, step 4 publishes the generation with settled below it.
 * Listeners are then not called and no event is sent until a later look has settled it; only
 * readers of the device are woken.
 */
#ifndef VMGENC_CORE_H
#define VMGENC_CORE_H

#include "vmgenc_abi.h"

/* Why the id is looked at. */
enum vmgenc_trigger {
	VMGENC_TRIGGER_ATTACH,
	VMGENC_TRIGGER_EARLY,  /* an ACPI interrupt, before its notification arrives */
	VMGENC_TRIGGER_NOTIFY, /* a notification that the id changed, which may be wrong */
	VMGENC_TRIGGER_RESUME, /* the machine slept, or another driver saw a clone */
	VMGENC_TRIGGER_LOOK,   /* the slow periodic look */
	VMGENC_TRIGGER_SYNC,   /* a program calls VMGENC_SYNC */
	VMGENC_TRIGGER_DRAW,   /* a draw from the kernel's generator begins */
};

enum vmgenc_level { VMGENC_LOG_ERROR, VMGENC_LOG_WARNING, VMGENC_LOG_INFO };

/*
 * One device.
 *
 * Locking: vmgenc_os_lock() guards page, seen, error, secret, unnotified and failed_ns, and is
 * held through steps 1 to 4. The core itself does not sleep under it. vmgenc_os_rekey() may sleep
 * if the system's lock allows it (FreeBSD, where a reseed takes 100 ms); then only threads look. If
 * it does not sleep (Linux), the first context that looks settles a change, and other draws wait
 * only for this. Steps 5 and 6 may sleep. Only vmgenc_core_tell() takes them, which one thread
 * calls; told, woken and the logged fields belong to that thread. Mappings read page without the
 * lock, using page->seq. vmgenc_core_differs() and vmgenc_core_pending() also read without the lock
 * and may be wrong for the duration of one store; callers use them only to decide whether to look.
 * raw is set before the first look and cleared after the last.
 */
struct vmgenc_core {
	const volatile uint64_t *raw; /* the id in the hypervisor's memory */
	struct vmgenc_page *page;     /* a whole zeroed page, given by the system */
	uint64_t seen[2];	      /* the id of page->generation */
	int error;		      /* of the last rekey */
	bool secret;		      /* mixed in what other clones' owners do not know */
	bool unnotified;	      /* a look found a change since the last notification */
	uint64_t failed_ns;	      /* the time of the last rekey, if it failed */

	uint64_t told;	   /* the generation last announced to listeners */
	uint64_t woken[2]; /* generation and settled when readers were woken last */
	uint64_t logged_generation;
	int logged_error; /* the rekey's result as last logged: 0 or an error */
};

/* The parts of ADDR's value that the core checks. */
struct vmgenc_addr {
	bool package;
	uint32_t count;	   /* elements of the package */
	bool integer[2];   /* the element is an integer */
	uint64_t value[2]; /* low and high 32 bits of the physical address */
};

/*
 * Checks ADDR by the rules of Microsoft's paper "Virtual Machine Generation ID" (August 1, 2012).
 * Comments name them R1a to R1e, as QEMU's docs/specs/vmgenid does. Returns NULL and sets *phys, or
 * returns a text about the error that follows "ADDR ", and sets *error to a negative errno.
 */
const char *vmgenc_core_address(const struct vmgenc_addr *addr, unsigned int phys_bits,
				uint64_t *phys, int *error);

/*
 * Maps the id at phys and publishes generation 1, unsettled until the first look has rekeyed.
 * Returns 0 or the error of vmgenc_os_map(), or -EAGAIN when the id does not hold still.
 */
int vmgenc_core_attach(struct vmgenc_core *core, uint64_t phys);

/* Unmaps the id. No trigger may come during or after it. */
void vmgenc_core_detach(struct vmgenc_core *core);

/*
 * Steps 1 to 4, in any context that can take the system's lock; sleeps only if vmgenc_os_rekey()
 * does. Returns 0 if the kernel's generator is rekeyed for the id in force, else an error as
 * documented at VMGENC_SYNC, negative.
 */
int vmgenc_core_look(struct vmgenc_core *core, enum vmgenc_trigger trigger);

/*
 * VMGENC_SYNC: looks, if there is a reason to, until the id holds still. A failed rekey is tried
 * again at most every 10 ms, however many programs call; calls in between return its error. Fills
 * in *event on success.
 */
int vmgenc_core_sync(struct vmgenc_core *core, struct vmgenc_event *event);

/*
 * Repeats step 3 for this generation, because the system has gathered more entropy since. more:
 * some of it is unknown to the owners of other clones. Publishes only flags and counters, and
 * announces nothing. Callable as vmgenc_core_look(). Returns 0, -EAGAIN if the generation is not
 * settled or not in force any more, or the rekey's error; the generation stays settled.
 */
int vmgenc_core_again(struct vmgenc_core *core, uint64_t generation, bool more);

/*
 * Steps 5 and 6 for the generation in force, if it is settled and not announced yet, and the log
 * messages. Sleeps while listeners do. One thread calls it, when vmgenc_os_defer() asks for it.
 */
void vmgenc_core_tell(struct vmgenc_core *core);

/* Whether the id is all zeros or all ones, and so identifies nothing. */
bool vmgenc_core_unfilled(const uint64_t id[2]);

/* Whether the id differs from the one seen last. Callable from interrupts. */
bool vmgenc_core_differs(const struct vmgenc_core *core);

/* Whether a look is needed: the id differs, or it is not settled. Callable from interrupts. */
bool vmgenc_core_pending(const struct vmgenc_core *core);

/* Sets or clears VMGENC_LACKS_ flags of the page, in any context that can take the lock. */
void vmgenc_core_lacks(struct vmgenc_core *core, uint32_t what, bool lacks);

/*
 * A consistent copy of the generation page's event fields. Takes the lock only while the page is
 * being written.
 */
void vmgenc_core_event(struct vmgenc_core *core, struct vmgenc_event *event);

#endif /* VMGENC_CORE_H */
