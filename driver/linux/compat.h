/* SPDX-License-Identifier: BSD-2-Clause */
/* driver/linux: every difference between kernel versions, so that the rest reads as if in-tree. */
#ifndef VMGENC_COMPAT_H
#define VMGENC_COMPAT_H

#include <linux/kconfig.h>
#include <linux/mm.h>
#include <linux/poll.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/sysctl.h>
#include <linux/uio.h>
#include <linux/version.h>

#ifdef CONFIG_X86
#include <asm/archrandom.h>
#include <asm/cpufeature.h>
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 10, 0)
#error "vmgenc needs Linux 5.10 or later: RNDRESEEDCRNG on older kernels does not reach every CPU"
#endif

/* 6.3 made vm_flags const: they change through an accessor that checks the lock. */
static inline void vmgenc_vma_never_writable(struct vm_area_struct *vma)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	vm_flags_clear(vma, VM_MAYWRITE);
#else
	vma->vm_flags &= ~VM_MAYWRITE;
#endif
}

/* 6.6 takes the number of entries; 6.11 refuses the empty last entry that older kernels need. */
static inline struct ctl_table_header *
vmgenc_register_sysctl(const char *path, struct ctl_table *table, size_t entries)
{
#ifdef register_sysctl
	return register_sysctl_sz(path, table, entries);
#else
	return register_sysctl(path, table);
#endif
}

/* 6.11 made the handler's table const. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
typedef const struct ctl_table vmgenc_ctl_table;
#else
typedef struct ctl_table vmgenc_ctl_table;
#endif

/* 5.18 has the vmfork notifier, if the kernel's own driver is configured (built in or module). */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 18, 0) && IS_ENABLED(CONFIG_VMGENID)
#define VMGENC_HAVE_VMFORK_NOTIFIER 1
#else
#define VMGENC_HAVE_VMFORK_NOTIFIER 0
#endif

/* add_vmfork_randomness() is exported only for a vmgenid that is a module. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 18, 0) && IS_MODULE(CONFIG_VMGENID)
#define VMGENC_HAVE_ADD_VMFORK 1
#else
#define VMGENC_HAVE_ADD_VMFORK 0
#endif

#ifdef CONFIG_DYNAMIC_FTRACE
#define VMGENC_HAVE_FTRACE 1
#include <linux/ftrace.h>
#else
#define VMGENC_HAVE_FTRACE 0
#endif

/* 6.11 has getrandom in the vDSO. */
#ifdef CONFIG_VDSO_GETRANDOM
#define VMGENC_HAVE_VDSO_GETRANDOM 1
#else
#define VMGENC_HAVE_VDSO_GETRANDOM 0
#endif

#if VMGENC_HAVE_FTRACE
/* Before 5.11, ftrace disabled preemption around a function unless this flag was set. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 11, 0)
#define VMGENC_FTRACE_DIRECT FTRACE_OPS_FL_RECURSION_SAFE
#else
#define VMGENC_FTRACE_DIRECT 0
#endif

/* Before 6.2, ftrace_free_filter() is not exported; resetting the filter frees as much. */
static inline void vmgenc_ftrace_free_filter(struct ftrace_ops *ops)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
	ftrace_free_filter(ops);
#else
	ftrace_set_filter(ops, NULL, 0, 1);
#endif
}
#endif

/* Since 5.12, io_uring's workers are threads of the process; before, they are kernel threads. */
#ifdef PF_IO_WORKER
#define VMGENC_PF_IO_WORKER PF_IO_WORKER
#else
#define VMGENC_PF_IO_WORKER 0
#endif

/* 7.3 removed poll_does_not_wait(). Whoever only asks need not be put on a queue. */
static inline bool vmgenc_poll_waits(const poll_table *wait)
{
	return wait && wait->_qproc;
}

/* 6.5 removed reads straight into a pipe. */
static inline bool vmgenc_iter_is_pipe(const struct iov_iter *iter)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
	return iov_iter_is_pipe(iter);
#else
	return false;
#endif
}

/* 5.11 wrapped the registers that an ftrace function gets. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 11, 0)
#define ftrace_regs pt_regs
#endif

/*
 * A word from RDSEED or RDRAND. The calls for all architectures changed in 6.2 and some stable
 * kernels, and arm64's need symbols that are not exported: there the kernel's extraction uses the
 * instructions, but the driver does not know whether they answer.
 */
static inline bool vmgenc_arch_random(unsigned long *word)
{
#ifdef CONFIG_X86
	return (boot_cpu_has(X86_FEATURE_RDSEED) && rdseed_long(word)) ||
	       (boot_cpu_has(X86_FEATURE_RDRAND) && rdrand_long(word));
#else
	return false;
#endif
}

#endif /* VMGENC_COMPAT_H */
