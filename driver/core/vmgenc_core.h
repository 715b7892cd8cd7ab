/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * driver/core: what a change of generation means, with no operating system in it.
 * Each system provides vmgenc_os.h; the core calls it and never asks which one it is.
 */

/*
 * A change of the id is handled in six steps, in this order:
 *
 *  1. Read the 16 bytes. They cannot be read in one access, so read until two reads agree.
 *  2. Compare them with the id that was seen last. If it is the same, nothing has changed: a
 *     notification is counted as spurious. All zeros or all ones identify nothing, and are no
 *     change either.
 *  3. Mix the id and what is fresh (time, cycles, the jitter of memory accesses) into the kernel's
 *     random generator, make it rekey, and verify that it did. A failure is tried again, now and
 *     at each look.
 *  4. Publish the id and the next generation; if step 3 was verified, settled as well.
 *  5. Call the listeners in the kernel. They may draw: the generator is rekeyed.
 *  6. Tell user space by one event, and wake what waits on the device.
 *
 * vmgenc_core_look() takes steps 1 to 4 in whatever context asks for them. vmgenc_core_tell()
 * takes steps 5 and 6, in a thread. If the rekey fails, step 4 publishes the generation with
 * settled behind it, and nobody is told until a later look has settled it; only what waits on the
 * device is woken.
 */
#ifndef VMGENC_CORE_H
#define VMGENC_CORE_H

#include "vmgenc_abi.h"

/* Why the id is looked at. */
enum vmgenc_trigger {
	VMGENC_TRIGGER_ATTACH,
	VMGENC_TRIGGER_EARLY,  /* an interrupt, before the notification has made its way */
	VMGENC_TRIGGER_NOTIFY, /* the hypervisor says that the id changed; it may be wrong */
	VMGENC_TRIGGER_RESUME, /* the machine slept, or another driver saw a clone */
	VMGENC_TRIGGER_LOOK,   /* the slow periodic look */
	VMGENC_TRIGGER_SYNC,   /* a program asks */
	VMGENC_TRIGGER_DRAW,   /* somebody is about to draw from the kernel's generator */
};

enum vmgenc_level { VMGENC_LOG_ERROR, VMGENC_LOG_WARNING, VMGENC_LOG_INFO };

/*
 * One device.
 *
 * Locking: vmgenc_os_lock() guards page, seen, error, secret, unnotified and failed_ns, and is held
 * through steps 1 to 4. The core itself does not sleep under it; vmgenc_os_rekey() may where the
 * system's lock can be held asleep (FreeBSD: a reseed takes 100 ms), and then looks come from
 * threads alone. Where it does not (Linux), a change is settled in whatever context comes first,
 * and whoever else would draw waits for no more than that. Steps 5 and 6 may sleep, and come from
 * vmgenc_core_tell() alone, which one thread calls; told, woken and the logged fields are its own.
 * Mappings read page without the lock, under page->seq; vmgenc_core_differs() and
 * vmgenc_core_pending() read it too, and may be wrong for the length of one store: callers
 * only use them to decide whether to look. raw is set before the first look and cleared after
 * the last.
 */
struct vmgenc_core {
	const volatile uint64_t *raw; /* the id in the hypervisor's memory */
	struct vmgenc_page *page;     /* a whole zeroed page, given by the system */
	uint64_t seen[2];	      /* the id of page->generation */
	int error;		      /* of the last rekey */
	bool secret;		      /* what was mixed in for this id, siblings' owners do not know */
	bool unnotified;	      /* a look found a change since the last notification */
	uint64_t failed_ns;	      /* when that was, if it failed */

	uint64_t told;	   /* the generation that listeners were told last */
	uint64_t woken[2]; /* generation and settled when readers were woken last */
	uint64_t logged_generation;
	int logged_error; /* what the log says of the rekey: 0, or why not */
};

/* What ADDR evaluated to, as far as the core judges it. */
struct vmgenc_addr {
	bool package;
	uint32_t count;	   /* elements of the package */
	bool integer[2];   /* the element is an integer */
	uint64_t value[2]; /* low and high 32 bits of the physical address */
};

/*
 * Judges ADDR by the rules of Microsoft's paper "Virtual Machine Generation ID" (August 1, 2012).
 * Comments name them R1a to R1e, as QEMU's docs/specs/vmgenid does. Returns NULL and sets *phys,
 * or returns what is wrong, in words that follow "ADDR ", and sets *error to a negative errno.
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
 * Steps 1 to 4, in any context in which the system's lock can be taken; sleeps only if
 * vmgenc_os_rekey() does. Returns 0 when the kernel's generator has been rekeyed for the id now
 * in force, else the errno that is documented at VMGENC_SYNC.
 */
int vmgenc_core_look(struct vmgenc_core *core, enum vmgenc_trigger trigger);

/*
 * The same for a program: looks until the id holds still, and without anything to do does not
 * look. A rekey that failed is tried again once in 10 ms, however many ask; the others get its
 * error. Fills *event on success.
 */
int vmgenc_core_sync(struct vmgenc_core *core, struct vmgenc_event *event);

/*
 * Step 3 once more for the generation in force, as the system has gathered more since; more: from
 * a source whose bytes the owner of a sibling cannot know. Nothing is published but flags and
 * counters, and nobody is told. Callable as vmgenc_core_look(). Returns 0, -EAGAIN if a look has
 * work to do and this had to leave it to that, or the rekey's error; the generation stays settled.
 */
int vmgenc_core_again(struct vmgenc_core *core, bool more);

/*
 * Steps 5 and 6 for the generation in force, if it is settled and was not told; and the log.
 * Sleeps as long as listeners do. One thread calls it, after vmgenc_os_defer() asked for it.
 */
void vmgenc_core_tell(struct vmgenc_core *core);

/* Whether these 16 bytes are what is there without an id, so that they identify nothing. */
bool vmgenc_core_unfilled(const uint64_t id[2]);

/* Whether the id is another than the one that was seen last. Callable from interrupts. */
bool vmgenc_core_differs(const struct vmgenc_core *core);

/* Whether a look has work to do: it differs, or a rekey has failed. Callable from interrupts. */
bool vmgenc_core_pending(const struct vmgenc_core *core);

/* Sets or clears VMGENC_LACKS_ flags of the page, in any context in which the lock can be taken. */
void vmgenc_core_lacks(struct vmgenc_core *core, uint32_t what, bool lacks);

/* The generation page's contents, of one moment. */
void vmgenc_core_event(struct vmgenc_core *core, struct vmgenc_event *event);

#endif /* VMGENC_CORE_H */
