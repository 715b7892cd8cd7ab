/* SPDX-License-Identifier: BSD-2-Clause */
/* driver/freebsd: every difference between FreeBSD versions, so that the rest reads as in-tree. */
#ifndef VMGENC_COMPAT_H
#define	VMGENC_COMPAT_H

#include <sys/param.h>

#if __FreeBSD_version < 1201000
#error "vmgenc needs FreeBSD 12.1 or later"
#endif

/*
 * In 12 a kernel option decides whether <sys/random.h> declares anything; a module that is
 * built alone does not have it.  Without random(4) in the kernel the module does not link.
 */
#if __FreeBSD_version < 1300000 && !defined(DEV_RANDOM)
#define	DEV_RANDOM 1
#endif

#include <sys/systm.h>
#include <sys/bus.h>
#include <sys/kernel.h>
#include <sys/malloc.h>
#include <sys/module.h>
#include <sys/queue.h>
#include <sys/random.h>
#include <sys/sysctl.h>

#include <dev/random/randomdev.h>
#if __FreeBSD_version >= 1500000
#include <dev/random/random_harvestq.h>
#endif

/* Newer trees have it for all machines. */
#if __has_include(<sys/stdarg.h>)
#include <sys/stdarg.h>
#else
#include <machine/stdarg.h>
#endif

#if defined(__amd64__)
#include <machine/cpufunc.h>
#include <machine/md_var.h>
#elif defined(__aarch64__)
#include <machine/armreg.h>
#endif

/* 13 has an entropy source for the id, whose events Fortuna puts into pool 0. */
#if __FreeBSD_version >= 1300000
#define	VMGENC_HAVE_SOURCE 1
#else
#define	VMGENC_HAVE_SOURCE 0
#endif

/* 13 made the algorithm's functions constant: there is nothing to hook. */
#if __FreeBSD_version < 1300000
#define	VMGENC_HAVE_READ_HOOK 1
#else
#define	VMGENC_HAVE_READ_HOOK 0
#endif

/* The block to which a request to random(4) is rounded up; 13 can use ChaCha20 instead of AES. */
#if __FreeBSD_version < 1300000
#define	VMGENC_RANDOM_BLOCK 16
#else
#define	VMGENC_RANDOM_BLOCK 64
#endif

/* 13 made this a function of its own. */
static inline bool
vmgenc_random_seeded(void)
{
#if __FreeBSD_version >= 1300000
	return (is_random_seeded());
#else
	return (p_random_alg_context->ra_seeded());
#endif
}

/* In 12, read_random(9) may return less; from 13 on it blocks until random(4) is seeded. */
static inline bool
vmgenc_read_random(void *buf, u_int len)
{
#if __FreeBSD_version >= 1300000
	read_random(buf, len);
	return (true);
#else
	return (read_random(buf, len) == len);
#endif
}

/*
 * Whether random(4) uses what VMGENID gives it, and does not discard it because of a health test
 * (15).  The sample counts as one of the test, so it must not be given twice.
 */
static inline bool
vmgenc_random_hears(uint64_t sample)
{
#if __FreeBSD_version >= 1500000
	struct harvest_event event = {
		.he_size = sizeof(sample),
		.he_source = RANDOM_PURE_VMGENID,
	};

	memcpy(event.he_entropy, &sample, sizeof(sample));
	return (random_harvest_healthtest(&event));
#else
	return (true);
#endif
}

/* Newbus' own lock is Giant before 14, and still is in 14. */
#if __FreeBSD_version >= 1400000
#define	vmgenc_bus_lock()	bus_topo_lock()
#define	vmgenc_bus_unlock()	bus_topo_unlock()
#else
#define	vmgenc_bus_lock()	mtx_lock(&Giant)
#define	vmgenc_bus_unlock()	mtx_unlock(&Giant)
#endif

/* 14 gave the number a name. */
#ifndef DEVICE_UNIT_ANY
#define	DEVICE_UNIT_ANY	(-1)
#endif

/* In 14, a driver's devclass is found by its name. */
#if __FreeBSD_version >= 1400058
#define	VMGENC_DRIVER_MODULE(name, bus, driver, devclass)			\
	DRIVER_MODULE(name, bus, driver, NULL, NULL)
#else
#define	VMGENC_DRIVER_MODULE(name, bus, driver, devclass)			\
	static devclass_t devclass;						\
	DRIVER_MODULE(name, bus, driver, devclass, NULL, NULL)
#endif

/* How many bits a physical address has: a mapping beyond them faults. */
static inline u_int
vmgenc_phys_bits(void)
{
#if defined(__amd64__)
	u_int regs[4];

	if (cpu_exthigh < 0x80000008)
		return (36);
	do_cpuid(0x80000008, regs);
	return (regs[0] & 0xff);
#elif defined(__aarch64__)
	static const u_int bits[] = { 32, 36, 40, 42, 44, 48, 52 };
	u_int range = READ_SPECIALREG(id_aa64mmfr0_el1) & 0xf;

	return (range < nitems(bits) ? bits[range] : 52);
#else
	return (8 * sizeof(vm_paddr_t));
#endif
}

#endif /* VMGENC_COMPAT_H */
