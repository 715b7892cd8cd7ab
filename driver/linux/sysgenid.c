// SPDX-License-Identifier: BSD-2-Clause
/* driver/linux: /dev/sysgenid, as AWS proposed it for Linux; AWS-LC uses it. */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "device.h"

#define SYSGENID_SET_WATCHER_TRACKING _IO(0xE4, 1)
#define SYSGENID_WAIT_WATCHERS _IO(0xE4, 2)
#define SYSGENID_TRIGGER_GEN_UPDATE _IO(0xE4, 3)

/*
 * One counter for the system, for all devices. `lock` guards changes, tracked, outdated and each
 * watcher. It is held for a few instructions, however many descriptors are open, and not while
 * waiters are woken. It is taken only in process context: by the worker and by system calls. The
 * counter itself is read without the lock, as mappings do, and is stored before `changes`.
 */
static DEFINE_SPINLOCK(lock);
static u32 *counter; /* the first word of a page of its own, which is mapped */
static unsigned long changes; /* of the counter, which can wrap to an earlier value */
static unsigned long tracked; /* watchers that WAIT_WATCHERS waits for */
static unsigned long outdated; /* those of them that have not acked the last change */
static struct vmgenc_waiters watchers; /* all of them, and callers of WAIT_WATCHERS */
static bool registered;

/* One open descriptor. */
struct watcher {
	struct vmgenc_waiter waiter; /* first: it frees the whole */
	unsigned long acked; /* the value of `changes` that it acked last */
	bool tracked;
};
static_assert(offsetof(struct watcher, waiter) == 0);

static u32 current_generation(void)
{
	return READ_ONCE(*counter);
}

static bool is_outdated(struct watcher *w)
{
	return READ_ONCE(w->acked) != smp_load_acquire(&changes);
}

/* A change makes every tracked watcher outdated, and ends each WAIT_WATCHERS. */
static void advance(u32 minimum)
{
	spin_lock(&lock);
	WRITE_ONCE(*counter, (u32)max_t(u64, minimum, (u64)*counter + 1));
	smp_store_release(&changes, changes + 1);
	WRITE_ONCE(outdated, tracked);
	spin_unlock(&lock);
	vmgenc_waiters_wake_soon(&watchers);
}

/* Step 6, after the rekey: a program that sees the new counter may draw. */
void vmgenc_sysgenid_changed(void)
{
	if (READ_ONCE(counter))
		advance(0);
}

/* WAIT_WATCHERS is woken only when no watcher is outdated any more. */
static void no_longer_outdated(void)
{
	WRITE_ONCE(outdated, outdated - 1);
	if (!outdated)
		vmgenc_waiters_wake_soon(&watchers);
}

static int sysgenid_open(struct inode *inode, struct file *file)
{
	struct watcher *w = kzalloc(sizeof(*w), GFP_KERNEL_ACCOUNT);

	if (!w)
		return -ENOMEM;
	w->acked = READ_ONCE(changes);
	vmgenc_waiters_join(&watchers, &w->waiter);
	file->private_data = w;
	return nonseekable_open(inode, file);
}

static void set_tracking(struct watcher *w, bool to)
{
	spin_lock(&lock);
	if (to != w->tracked) {
		w->tracked = to;
		tracked += to ? 1 : -1;
		if (is_outdated(w)) {
			if (to)
				WRITE_ONCE(outdated, outdated + 1);
			else
				no_longer_outdated();
		}
	}
	spin_unlock(&lock);
}

static int sysgenid_release(struct inode *inode, struct file *file)
{
	struct watcher *w = file->private_data;

	set_tracking(w, false);
	vmgenc_waiters_leave(&w->waiter);
	return 0;
}

static ssize_t sysgenid_read(struct file *file, char __user *buf, size_t len, loff_t *ppos)
{
	struct watcher *w = file->private_data;
	wait_queue_head_t *queue;
	u32 generation;

	if (!len)
		return 0;
	if (len < sizeof(generation))
		return -EINVAL;
	if (!is_outdated(w)) {
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		queue = vmgenc_waiters_queue(&w->waiter);
		if (!queue)
			return -ENOMEM;
		if (wait_event_interruptible(*queue, is_outdated(w)))
			return -ERESTARTSYS;
	}
	generation = current_generation();
	return copy_to_user(buf, &generation, sizeof(generation)) ? -EFAULT : sizeof(generation);
}

/* Compares and acks under the lock: after a change in between, it must stay outdated. */
static int ack(struct watcher *w, u32 generation)
{
	int error = -EINVAL;

	spin_lock(&lock);
	if (generation == *counter) {
		error = 0;
		if (w->tracked && is_outdated(w))
			no_longer_outdated();
		WRITE_ONCE(w->acked, changes);
	}
	spin_unlock(&lock);
	return error;
}

static ssize_t sysgenid_write(struct file *file, const char __user *buf, size_t len, loff_t *ppos)
{
	struct watcher *w = file->private_data;
	u32 generation;

	if (len != sizeof(generation))
		return -ENOBUFS;
	if (copy_from_user(&generation, buf, sizeof(generation)))
		return -EFAULT;
	return ack(w, generation) ? -EINVAL : sizeof(generation);
}

static __poll_t sysgenid_poll(struct file *file, poll_table *wait)
{
	struct watcher *w = file->private_data;

	if (!vmgenc_waiters_poll(file, &w->waiter, wait))
		return EPOLLERR;
	return is_outdated(w) ? EPOLLIN | EPOLLRDNORM : 0;
}

/*
 * The counter moves while programs run, and one that maps it may see it move within a draw, where
 * AWS-LC aborts. Without a mapping, AWS-LC draws a new seed from the kernel for each draw.
 */
static int sysgenid_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (!vmgenc_param_sysgenid_map)
		return -ENODEV;
	if (vma->vm_pgoff || vma->vm_end - vma->vm_start > PAGE_SIZE)
		return -EINVAL;
	if (vma->vm_flags & VM_WRITE)
		return -EPERM;
	vmgenc_vma_never_writable(vma);
	return vm_insert_page(vma, vma->vm_start, virt_to_page(counter));
}

/* EINTR also if the caller itself is outdated, since it has to ack before it waits for others. */
static long wait_watchers(struct watcher *w, unsigned long ms)
{
	long left = ms ? (long)min(msecs_to_jiffies(min(ms, (unsigned long)UINT_MAX)),
				   (unsigned long)MAX_SCHEDULE_TIMEOUT - 1) :
			 MAX_SCHEDULE_TIMEOUT;
	wait_queue_head_t *queue = vmgenc_waiters_queue(&w->waiter);

	if (!queue)
		return -ENOMEM;
	left = wait_event_interruptible_timeout(*queue,
						is_outdated(w) || !READ_ONCE(outdated), left);
	if (left < 0 || is_outdated(w))
		return -EINTR;
	return left ? 0 : -ETIME;
}

static bool may_trigger(void)
{
	return capable(CAP_CHECKPOINT_RESTORE) || capable(CAP_SYS_ADMIN);
}

static long sysgenid_ioctl(struct file *file, unsigned int command, unsigned long arg)
{
	struct watcher *w = file->private_data;

	switch (command) {
	case SYSGENID_SET_WATCHER_TRACKING:
		/* A descriptor that cannot write cannot ack, and would block WAIT_WATCHERS. */
		if (arg && !(file->f_mode & FMODE_WRITE))
			return -EPERM;
		set_tracking(w, arg != 0);
		return 0;
	case SYSGENID_WAIT_WATCHERS:
		return wait_watchers(w, arg);
	case SYSGENID_TRIGGER_GEN_UPDATE:
		if (!may_trigger())
			return -EACCES;
		if (arg > U32_MAX)
			return -EINVAL;
		advance(arg);
		return 0;
	default:
		return -EINVAL;
	}
}

static const struct file_operations sysgenid_fops = {
	.owner = THIS_MODULE,
	.open = sysgenid_open,
	.release = sysgenid_release,
	.read = sysgenid_read,
	.write = sysgenid_write,
	.poll = sysgenid_poll,
	.unlocked_ioctl = sysgenid_ioctl,
	.compat_ioctl = sysgenid_ioctl, /* the argument is a value, of the same meaning */
	.mmap = sysgenid_mmap,
};

static struct miscdevice misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "sysgenid",
	.fops = &sysgenid_fops,
	.mode = 0444,
};

/* Called before the first device, so that no change is missed. The driver works without it. */
void vmgenc_sysgenid_prepare(void)
{
	if (!vmgenc_param_sysgenid)
		return;
	if (!vmgenc_waiters_start(&watchers))
		counter = (u32 *)get_zeroed_page(GFP_KERNEL);
	if (!counter)
		pr_warn("no memory for /dev/sysgenid\n");
}

/* Leaves a node of that name alone, which a kernel with SysGenID has. */
void vmgenc_sysgenid_start(void)
{
	int error;

	if (!counter)
		return;
	error = misc_register(&misc);
	registered = !error;
	if (error)
		pr_warn("/dev/sysgenid cannot be created (error %d)\n", -error);
}

/* Called after the last worker has stopped, so there are no more changes. */
void vmgenc_sysgenid_stop(void)
{
	if (registered)
		misc_deregister(&misc);
	registered = false;
	vmgenc_waiters_stop(&watchers);
	free_page((unsigned long)counter);
	counter = NULL;
}
