/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the vmgenc drivers and programs share: the generation page, the event
 * and the ioctl of /dev/vmgenc. Includable alone, by kernels and by programs.
 */
#ifndef VMGENC_ABI_H
#define VMGENC_ABI_H

#if defined(__KERNEL__)
#include <linux/ioctl.h>
#include <linux/types.h>
#elif defined(_KERNEL)
#include <sys/types.h>
#include <sys/ioccom.h>
#else
#include <stdint.h>
#include <sys/ioctl.h>
#endif

#define VMGENC_ID_SIZE 16

#define VMGENC_PAGE_MAGIC 0x43474d56u /* "VMGC" as bytes on a little-endian machine */
#define VMGENC_PAGE_VERSION 1

/*
 * vmgenc_page.flags
 *
 * RAW_MAPPABLE   page 1 of the device can be mapped
 * RAW_PRIVILEGED the raw page may hold other firmware data, or a parameter says so: mapping it
 *                needs CAP_SYS_RAWIO (Linux) or PRIV_DRIVER (FreeBSD)
 * ID_UNFILLED    the id has been all zero (the host never filled it) or all ones (nothing
 *                answers at its address) since attach, so it identifies nothing
 * REKEY_FAILED   the last rekey of the kernel's random generator failed, and settled is below
 *                generation until a retry succeeds; not set while the generator is not seeded
 * PREDICTABLE    settled, so no other clone draws the same values, but nothing was mixed in that
 *                the owner of another clone cannot know: the timing of memory accesses failed its
 *                tests, and there are no CPU random instructions. That owner may be able to
 *                compute what this machine draws, until a later rekey clears the flag
 *
 * What the driver lacks on this kernel, or what its parameters switched off (Linux; FreeBSD sets
 * none):
 *
 * LACKS_REKEY    no access to the kernel's generator so far, so it cannot be rekeyed
 * LACKS_DRAWS    draws from the kernel's generator do not look at the id first
 * LACKS_REDRAW   a system call that was drawing at the snapshot does not draw again
 * LACKS_VDSO     draws in the vDSO bypass the driver
 */
#define VMGENC_RAW_MAPPABLE 0x1u
#define VMGENC_RAW_PRIVILEGED 0x2u
#define VMGENC_ID_UNFILLED 0x4u
#define VMGENC_REKEY_FAILED 0x8u
#define VMGENC_LACKS_REKEY 0x10u
#define VMGENC_LACKS_DRAWS 0x20u
#define VMGENC_LACKS_REDRAW 0x40u
#define VMGENC_LACKS_VDSO 0x80u
#define VMGENC_PREDICTABLE 0x100u

/*
 * The generation page: page 0 of /dev/vmgenc, read-only, native-endian.
 *
 * seq is odd while the driver writes. To read several fields consistently, load seq, load the
 * fields with acquire ordering, load seq again, and start over if it was odd or has changed. A
 * single aligned 64-bit field needs no seq. The driver stores generation last, so a reader of the
 * new generation does not see an older id or settled beside it.
 *
 * spurious counts the hypervisor's notifications that found the id unchanged. The driver may find a
 * change before its notification arrives (at a draw, a sync, an interrupt, the slow look). The
 * first notification after that belongs to the change and is not counted.
 */
struct vmgenc_page {
	uint32_t magic;	     /* VMGENC_PAGE_MAGIC */
	uint16_t version;    /* VMGENC_PAGE_VERSION */
	uint16_t size;	     /* of this structure in bytes; grows only at the end */
	uint32_t flags;	     /* VMGENC_RAW_MAPPABLE, ... */
	uint32_t id_offset;  /* of the id within the raw page, a multiple of 8 */
	uint64_t generation; /* 1 when the driver attached, + 1 for each change */
	uint64_t settled;    /* the last generation whose rekey was verified; 0: none yet */
	uint8_t id[VMGENC_ID_SIZE]; /* the id of this generation, in the hypervisor's byte order */
	/* CLOCK_BOOTTIME (FreeBSD: CLOCK_UPTIME) when it was published, cut to 2^20 ns (1.05 ms) */
	uint64_t changed_ns;
	uint32_t seq;	     /* odd while the driver writes */
	uint32_t reserved;   /* 0 */
	/* The second cache line: counters since the driver attached. */
	uint64_t changes;	 /* changes of the id */
	uint64_t spurious;	 /* notifications without a change; see above */
	uint64_t rekeys;	 /* rekeys of the kernel's generator, verified */
	uint64_t rekey_failures; /* attempts that failed */
	/* The first drivers end here. Read a field below only if it lies within size. */
	uint64_t unseeded;	 /* attempts before the kernel's generator was seeded */
	uint64_t redraws;	 /* system calls that drew again because the id changed */
	uint64_t redraws_missed; /* system calls not covered, because too many ran at a time */
};

/* What read(2) on /dev/vmgenc and the sync ioctl return. */
struct vmgenc_event {
	uint64_t generation;
	uint64_t settled;
	uint8_t id[VMGENC_ID_SIZE];
	uint64_t changed_ns;
};

/*
 * sync: looks at the id now and, if it has changed, rekeys and publishes in the caller's context.
 * A thread of the driver tells listeners and user space soon after. Any descriptor of the device
 * will do; no privilege is needed. Returns 0, and the event in force, when settled equals
 * generation; or
 *   ENODATA  the kernel's generator is not seeded yet, so it cannot be rekeyed (FreeBSD has no such
 *            errno and returns ENOATTR)
 *   EAGAIN   the id changed while it was read, or again after each rekey; try again
 *   EIO      the generator could not be rekeyed for another reason, which the kernel's log gives
 *   EFAULT   the argument is not writable memory; the look and the rekey are done nevertheless
 */
#define VMGENC_SYNC _IOR('G', 0xE1, struct vmgenc_event)

#endif /* VMGENC_ABI_H */
