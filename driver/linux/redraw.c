// SPDX-License-Identifier: BSD-2-Clause
/* driver/linux: makes a system call that was drawing at the snapshot draw again. */
#include "device.h"

static void lacks_redraw(bool lacks)
{
	struct vmgenc_device *dev;

	list_for_each_entry(dev, &vmgenc_devices, link)
		vmgenc_core_lacks(&dev->core, VMGENC_LACKS_REDRAW, lacks);
}

#ifdef CONFIG_KRETPROBES
#include <linux/fs.h>
#include <linux/hash.h>
#include <linux/kprobes.h>
#include <linux/sched/rt.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <linux/unistd.h>

/*
 * A call that was inside the kernel at the snapshot had looked before, and ends on the old state.
 * So the id is compared at its entry and at its return. If it has changed, the call is restarted
 * as after a signal, and the value that it drew never leaves the kernel. Not covered are values on
 * the way from the return probe to user space, and values that user space already had.
 *
 * The kernel's own draws (get_random_bytes() and the like) are not covered either, because the code
 * that uses the value cannot be restarted.
 */

/*
 * The number of calls covered at a time; further ones are counted as missed. Calls are short, but
 * each thread that is preempted inside counts.
 */
#define MAX_CALLS 4096
#define MAX_READS 1024

/* A limit, in case the id changes all the time. */
#define MAX_RESTARTS 16

struct call {
	u64 ids[2];
	struct kiocb *kiocb;
	struct iov_iter *iter;
};

/* The restarts of a call, in a slot for the task. Tasks that share a slot reset its count. */
static struct restarts {
	struct task_struct *task;
	unsigned int count;
} restarts[64];

/* The task that verifies that the probes see its reads, and the result. */
static struct task_struct *tester;
static bool seen;

static struct restarts *restarts_of_current(void)
{
	return &restarts[hash_ptr(current, 6)];
}

/* Combines all devices' ids into two words, which change if any id does. */
static void read_ids(u64 ids[2])
{
	struct vmgenc_device *dev;

	ids[0] = ids[1] = 0;
	list_for_each_entry(dev, &vmgenc_devices, link) {
		ids[0] = rol64(ids[0], 1) ^ dev->core.raw[0];
		ids[1] = rol64(ids[1], 1) ^ dev->core.raw[1];
	}
}

/*
 * A call that began after the resume may still have drawn before the rekey: kicks the worker and
 * returns true, unless current is a real-time task, which could keep the worker from running.
 */
static bool not_rekeyed(void)
{
	struct vmgenc_device *dev;
	bool any = false;

	list_for_each_entry(dev, &vmgenc_devices, link) {
		if (likely(!vmgenc_core_differs(&dev->core)))
			continue;
		vmgenc_kick(dev, VMGENC_TRIGGER_LOOK);
		any = true;
	}
	return any && !rt_task(current);
}

static bool is_fresh(const struct call *call)
{
	struct restarts *r = restarts_of_current();
	u64 now[2];

	read_ids(now);
	if (likely(now[0] == call->ids[0] && now[1] == call->ids[1] && !not_rekeyed())) {
		if (unlikely(READ_ONCE(r->task) == current))
			WRITE_ONCE(r->task, NULL);
		return true;
	}
	if (r->task != current) {
		r->task = current;
		r->count = 0;
	}
	return ++r->count > MAX_RESTARTS;
}

static void count_redraw(void)
{
	struct vmgenc_device *dev;

	list_for_each_entry(dev, &vmgenc_devices, link)
		atomic64_inc((atomic64_t *)&dev->core.page->redraws);
}

static void restart(struct pt_regs *regs)
{
	regs_set_return_value(regs, -ERESTARTNOINTR);
	set_thread_flag(TIF_SIGPENDING);
	count_redraw();
}

/*
 * For reads that are not system calls which can be restarted (io_uring, AIO, readers in the
 * kernel), replaces the value in the buffer. Preemption is off here, so it replaces at most a page,
 * and the read may be short. If the buffer is paged out, returns -EAGAIN, and the caller retries.
 */
static long replace(struct iov_iter *iter, long length)
{
	long done = 0, wanted = min_t(long, length, PAGE_SIZE);
	size_t part, copied;
	u8 block[64];

	iov_iter_revert(iter, length);
	pagefault_disable();
	while (done < wanted) {
		part = min_t(size_t, wanted - done, sizeof(block));
		get_random_bytes(block, part);
		copied = copy_to_iter(block, part, iter);
		done += copied;
		if (copied < part)
			break;
	}
	pagefault_enable();
	memzero_explicit(block, sizeof(block));
	return done ? done : -EAGAIN;
}

/*
 * Whether it is a read(2), splice(2) or sendfile(2), which return this error to the system call,
 * and not a read by an io_uring worker.
 */
static bool can_restart(const struct call *call)
{
	return is_sync_kiocb(call->kiocb) && !iov_iter_is_kvec(call->iter) &&
	       !(current->flags & (PF_KTHREAD | VMGENC_PF_IO_WORKER));
}

/* With PREEMPT_RT, drawing takes locks that sleep; before 6.5, filling a pipe allocates. */
static bool can_replace(const struct call *call)
{
	return !IS_ENABLED(CONFIG_PREEMPT_RT) && !vmgenc_iter_is_pipe(call->iter);
}

static int on_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	read_ids(((struct call *)ri->data)->ids);
	return 0;
}
NOKPROBE_SYMBOL(on_entry);

static int on_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	if ((long)regs_return_value(regs) > 0 && !is_fresh((struct call *)ri->data))
		restart(regs);
	return 0;
}
NOKPROBE_SYMBOL(on_return);

static int on_read(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct call *call = (struct call *)ri->data;

	read_ids(call->ids);
	call->kiocb = (struct kiocb *)regs_get_kernel_argument(regs, 0);
	call->iter = (struct iov_iter *)regs_get_kernel_argument(regs, 1);
	return 0;
}
NOKPROBE_SYMBOL(on_read);

static int on_read_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct call *call = (struct call *)ri->data;
	long result = regs_return_value(regs);

	if (unlikely(READ_ONCE(tester) == current))
		seen = true;
	if (result <= 0 || is_fresh(call))
		return 0;
	if (can_restart(call)) {
		restart(regs);
		return 0;
	}
	if (can_replace(call)) {
		regs_set_return_value(regs, replace(call->iter, result));
	} else if (iov_iter_is_kvec(call->iter)) {
		return 0;
	} else {
		/* io_uring retries after this error. */
		iov_iter_revert(call->iter, result);
		regs_set_return_value(regs, -EAGAIN);
	}
	count_redraw();
	return 0;
}
NOKPROBE_SYMBOL(on_read_return);

#define DRAWING_CALL(name) \
	{ \
		.kp.symbol_name = name, .entry_handler = on_entry, .handler = on_return, \
		.data_size = sizeof(struct call), .maxactive = MAX_CALLS, \
	}
#define DRAWING_READ(name) \
	{ \
		.kp.symbol_name = name, .entry_handler = on_read, .handler = on_read_return, \
		.data_size = sizeof(struct call), .maxactive = MAX_READS, \
	}

static struct kretprobe probes[] = {
	DRAWING_READ("urandom_read_iter"),
	DRAWING_READ("random_read_iter"),
#if defined(CONFIG_X86_64)
	DRAWING_CALL("__x64_sys_getrandom"),
#ifdef CONFIG_IA32_EMULATION
	DRAWING_CALL("__ia32_sys_getrandom"),
#endif
#elif defined(CONFIG_ARM64)
	DRAWING_CALL("__arm64_sys_getrandom"),
#else
	DRAWING_CALL("sys_getrandom"),
#endif
};
static unsigned int probed;

static void remove_probes(void)
{
	while (probed)
		unregister_kretprobe(&probes[--probed]);
}

static int install_probes(void)
{
	int error;

	for (probed = 0; probed < ARRAY_SIZE(probes); probed++) {
		error = register_kretprobe(&probes[probed]);
		if (!error)
			continue;
		pr_warn("draws under way at a snapshot are not redrawn: no probe of %s (error %d)\n",
			probes[probed].kp.symbol_name, -error);
		remove_probes();
		return error;
	}
	return 0;
}

/* Whether the probes see a read; true if there is no file to read from. */
static bool read_is_seen(void)
{
	struct vmgenc_device *dev;
	struct file *file = NULL;
	loff_t at = 0;
	u8 byte;

	list_for_each_entry(dev, &vmgenc_devices, link)
		file = file ? file : smp_load_acquire(&dev->urandom);
	if (!file || !file->f_op->read_iter || file->f_op->read)
		return true;
	seen = false;
	WRITE_ONCE(tester, current);
	if (kernel_read(file, &byte, sizeof(byte), &at) < 0)
		seen = false;
	WRITE_ONCE(tester, NULL);
	return seen;
}

/*
 * Whether getrandom(2) is where the probe is, by the kernel's table of system calls; true if that is
 * not found. A probe may be behind the instructions with which a function begins.
 */
static bool getrandom_is_probed(void)
{
	const unsigned long *table = vmgenc_symbol("sys_call_table");
	unsigned long at;
	unsigned int i;

	if (!table)
		return true;
	at = READ_ONCE(table[__NR_getrandom]);
	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if ((unsigned long)probes[i].kp.addr - at < 16)
			return true;
	return false;
}

void vmgenc_redraw_start(void)
{
	const char *missed = NULL;

	lacks_redraw(true);
	if (!vmgenc_param_redraw || install_probes())
		return;
	if (!read_is_seen())
		missed = "reads";
	else if (!getrandom_is_probed())
		missed = "getrandom(2)";
	if (missed) {
		pr_warn("draws under way at a snapshot are not redrawn: the probes see no %s\n",
			missed);
		remove_probes();
		return;
	}
	lacks_redraw(false);
}

/* Calls that are under way return without a second look at the id. */
void vmgenc_redraw_stop(void)
{
	remove_probes();
}

void vmgenc_redraw_count_missed(struct vmgenc_device *dev)
{
	u64 missed = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		missed += READ_ONCE(probes[i].nmissed);
	WRITE_ONCE(dev->core.page->redraws_missed, missed);
}
#else
void vmgenc_redraw_start(void)
{
	lacks_redraw(true);
	if (vmgenc_param_redraw)
		pr_info("this kernel has no kretprobes: draws under way at a snapshot are not redrawn\n");
}

void vmgenc_redraw_stop(void)
{
}

void vmgenc_redraw_count_missed(struct vmgenc_device *dev)
{
}
#endif
