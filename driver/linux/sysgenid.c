// SPDX-License-Identifier: BSD-2-Clause
/* driver/linux: /dev/sysgenid, as AWS proposed it for Linux and AWS-LC looks for it. */
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
 * One counter for the system, however many devices there are. `lock` guards the counter's
 * changes, acked, tracked and outdated; the counter itself is read without it, as mappings do.
 * It is taken in no context that must not sleep: changes come from the worker.
 */
static DEFINE_SPINLOCK(lock);
static u32 *counter; /* the first word of a page of its own, which is mapped */
static unsigned int outdated; /* tracked watchers that have not acked the counter */
static DECLARE_WAIT_QUEUE_HEAD(watchers);
static DECLARE_WAIT_QUEUE_HEAD(waiters);
static LIST_HEAD(all);
static bool registered;

/* One open descriptor. */
struct watcher {
	struct list_head link;
	u32 acked;
	bool tracked;
};

static u32 current_generation(void)
{
	return READ_ONCE(*counter);
}

static bool is_outdated(struct watcher *w)
{
	return READ_ONCE(w->acked) != current_generation();
}

static void count_outdated(void)
{
	struct watcher *w;

	outdated = 0;
	list_for_each_entry(w, &all, link)
		outdated += w->tracked && is_outdated(w);
}

/* Whoever waits for the watchers looks again, and becomes outdated itself by a change. */
static void advance(u32 minimum)
{
	spin_lock(&lock);
	WRITE_ONCE(*counter, max(minimum, current_generation() + 1));
	count_outdated();
	spin_unlock(&lock);
	wake_up_interruptible(&watchers);
	wake_up_interruptible(&waiters);
}

/* Step 6, with the rekey behind it: whoever sees the new counter may draw. */
void vmgenc_sysgenid_changed(void)
{
	if (READ_ONCE(counter))
		advance(0);
}

static void ack(struct watcher *w, u32 generation)
{
	spin_lock(&lock);
	WRITE_ONCE(w->acked, generation);
	count_outdated();
	spin_unlock(&lock);
	wake_up_interruptible(&waiters);
}

static int sysgenid_open(struct inode *inode, struct file *file)
{
	struct watcher *w = kzalloc(sizeof(*w), GFP_KERNEL);

	if (!w)
		return -ENOMEM;
	spin_lock(&lock);
	w->acked = current_generation();
	list_add(&w->link, &all);
	spin_unlock(&lock);
	file->private_data = w;
	return nonseekable_open(inode, file);
}

static int sysgenid_release(struct inode *inode, struct file *file)
{
	struct watcher *w = file->private_data;

	spin_lock(&lock);
	list_del(&w->link);
	count_outdated();
	spin_unlock(&lock);
	wake_up_interruptible(&waiters);
	kfree(w);
	return 0;
}

static ssize_t sysgenid_read(struct file *file, char __user *buf, size_t len, loff_t *ppos)
{
	struct watcher *w = file->private_data;
	u32 generation;

	if (!len)
		return 0;
	if (len < sizeof(generation))
		return -EINVAL;
	if (!is_outdated(w)) {
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(watchers, is_outdated(w)))
			return -ERESTARTSYS;
	}
	generation = current_generation();
	return copy_to_user(buf, &generation, sizeof(generation)) ? -EFAULT : sizeof(generation);
}

/* The comparison and the ack are one step: a change in between must leave it outdated. */
static ssize_t sysgenid_write(struct file *file, const char __user *buf, size_t len, loff_t *ppos)
{
	struct watcher *w = file->private_data;
	u32 generation;

	if (len != sizeof(generation))
		return -ENOBUFS;
	if (copy_from_user(&generation, buf, sizeof(generation)))
		return -EFAULT;
	if (generation != current_generation())
		return -EINVAL;
	ack(w, generation);
	return sizeof(generation);
}

static __poll_t sysgenid_poll(struct file *file, poll_table *wait)
{
	poll_wait(file, &watchers, wait);
	return is_outdated(file->private_data) ? EPOLLIN | EPOLLRDNORM : 0;
}

static int sysgenid_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (vma->vm_pgoff || vma->vm_end - vma->vm_start > PAGE_SIZE)
		return -EINVAL;
	if (vma->vm_flags & VM_WRITE)
		return -EPERM;
	vmgenc_vma_never_writable(vma);
	return vm_insert_page(vma, vma->vm_start, virt_to_page(counter));
}

static long set_tracking(struct watcher *w, bool tracked)
{
	spin_lock(&lock);
	w->tracked = tracked;
	count_outdated();
	spin_unlock(&lock);
	wake_up_interruptible(&waiters);
	return 0;
}

/* EINTR also where the caller itself is outdated: it has work to do before it waits for others. */
static long wait_watchers(struct watcher *w, unsigned long ms)
{
	long left = ms ? (long)min(msecs_to_jiffies(min(ms, (unsigned long)UINT_MAX)),
				   (unsigned long)MAX_SCHEDULE_TIMEOUT - 1) :
			 MAX_SCHEDULE_TIMEOUT;

	left = wait_event_interruptible_timeout(waiters,
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
		return set_tracking(w, arg != 0);
	case SYSGENID_WAIT_WATCHERS:
		return wait_watchers(w, arg);
	case SYSGENID_TRIGGER_GEN_UPDATE:
		if (!may_trigger())
			return -EACCES;
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
	.compat_ioctl = sysgenid_ioctl, /* by value, and the same in every size */
	.mmap = sysgenid_mmap,
};

static struct miscdevice misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "sysgenid",
	.fops = &sysgenid_fops,
	.mode = 0444,
};

/* Before the first device, so that no change is missed. It is an extra: without it all works. */
void vmgenc_sysgenid_prepare(void)
{
	if (!vmgenc_param_sysgenid)
		return;
	counter = (u32 *)get_zeroed_page(GFP_KERNEL);
	if (!counter)
		pr_warn("no memory for /dev/sysgenid\n");
}

/* A node of that name, of a kernel that has SysGenID, stays what it is. */
void vmgenc_sysgenid_start(void)
{
	int error;

	if (!counter)
		return;
	error = misc_register(&misc);
	registered = !error;
	if (error)
		pr_warn("/dev/sysgenid cannot be made (error %d)\n", -error);
}

/* After the last worker, and so after the last change. */
void vmgenc_sysgenid_stop(void)
{
	if (registered)
		misc_deregister(&misc);
	registered = false;
	free_page((unsigned long)counter);
	counter = NULL;
}
