// SPDX-License-Identifier: BSD-2-Clause
/* driver/linux: /dev/vmgenc - read, poll, mmap of two pages, and sync. */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "device.h"

/*
 * One open descriptor. lock makes the comparison with read_generation and its update one step, for
 * threads and child processes that share the descriptor.
 */
struct reader {
	struct vmgenc_waiter waiter; /* first: it frees the whole */
	struct vmgenc_device *dev;
	struct mutex lock;
	u64 read_generation; /* 0: nothing read yet */
};
static_assert(offsetof(struct reader, waiter) == 0);

/*
 * If /dev/urandom is found only now, rekeys at once, because a sync does not retry so soon after a
 * failure.
 */
static void reach_generator(struct vmgenc_device *dev)
{
	if (READ_ONCE(dev->urandom))
		return;
	vmgenc_rekey_open(dev, VMGENC_ROOT_CALLER);
	if (READ_ONCE(dev->urandom))
		vmgenc_core_look(&dev->core, VMGENC_TRIGGER_LOOK);
}

static int vmgenc_open(struct inode *inode, struct file *file)
{
	struct vmgenc_device *dev =
		container_of(file->private_data, struct vmgenc_device, misc);
	struct reader *reader = kzalloc(sizeof(*reader), GFP_KERNEL_ACCOUNT);

	if (!reader)
		return -ENOMEM;
	reader->dev = dev;
	mutex_init(&reader->lock);
	vmgenc_waiters_join(&dev->readers, &reader->waiter);
	reach_generator(reader->dev);
	file->private_data = reader;
	return nonseekable_open(inode, file);
}

static int vmgenc_release(struct inode *inode, struct file *file)
{
	struct reader *reader = file->private_data;

	vmgenc_waiters_leave(&reader->waiter);
	return 0;
}

static bool unread(struct reader *reader)
{
	return READ_ONCE(reader->dev->core.page->generation) != READ_ONCE(reader->read_generation);
}

static ssize_t take_event(struct reader *reader, char __user *buf)
{
	struct vmgenc_event event;
	ssize_t ret = -EAGAIN;

	if (mutex_lock_interruptible(&reader->lock))
		return -ERESTARTSYS;
	vmgenc_core_event(&reader->dev->core, &event);
	if (event.generation != reader->read_generation) {
		ret = sizeof(event);
		if (copy_to_user(buf, &event, sizeof(event)))
			ret = -EFAULT;
		else
			WRITE_ONCE(reader->read_generation, event.generation);
	}
	mutex_unlock(&reader->lock);
	return ret;
}

static ssize_t vmgenc_read(struct file *file, char __user *buf, size_t len, loff_t *ppos)
{
	struct reader *reader = file->private_data;
	wait_queue_head_t *queue;
	ssize_t ret;

	if (len < sizeof(struct vmgenc_event))
		return -EINVAL;
	for (;;) {
		ret = take_event(reader, buf);
		if (ret != -EAGAIN || file->f_flags & O_NONBLOCK)
			return ret;
		queue = vmgenc_waiters_queue(&reader->waiter);
		if (!queue)
			return -ENOMEM;
		if (wait_event_interruptible(*queue, unread(reader)))
			return -ERESTARTSYS;
	}
}

static __poll_t vmgenc_poll(struct file *file, poll_table *wait)
{
	struct reader *reader = file->private_data;

	if (!vmgenc_waiters_poll(file, &reader->waiter, wait))
		return EPOLLERR;
	return unread(reader) ? EPOLLIN | EPOLLRDNORM : 0;
}

static long vmgenc_ioctl(struct file *file, unsigned int command, unsigned long arg)
{
	struct reader *reader = file->private_data;
	struct vmgenc_event event;
	int error;

	if (command != VMGENC_SYNC)
		return -ENOTTY;
	reach_generator(reader->dev);
	error = vmgenc_core_sync(&reader->dev->core, &event);
	if (error)
		return error;
	return copy_to_user((void __user *)arg, &event, sizeof(event)) ? -EFAULT : 0;
}

static int map_raw(struct vmgenc_device *dev, struct vm_area_struct *vma)
{
	int error = vmgenc_raw_may_be_mapped(dev);

	if (error)
		return error;
	return remap_pfn_range(vma, vma->vm_start, PHYS_PFN(dev->phys), PAGE_SIZE,
			       vma->vm_page_prot);
}

/* A mapping holds the file and thereby the module, so neither page goes away while mapped. */
static int vmgenc_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct reader *reader = file->private_data;

	if (vma->vm_flags & VM_WRITE)
		return -EPERM;
	if (vma->vm_end - vma->vm_start != PAGE_SIZE || vma->vm_pgoff > 1)
		return -EINVAL;
	vmgenc_vma_never_writable(vma);
	if (vma->vm_pgoff == 1)
		return map_raw(reader->dev, vma);
	return vm_insert_page(vma, vma->vm_start, virt_to_page(reader->dev->core.page));
}

static const struct file_operations vmgenc_fops = {
	.owner = THIS_MODULE,
	.open = vmgenc_open,
	.release = vmgenc_release,
	.read = vmgenc_read,
	.poll = vmgenc_poll,
	.unlocked_ioctl = vmgenc_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = vmgenc_mmap,
};

int vmgenc_chardev_start(struct vmgenc_device *dev)
{
	int error;

	dev->misc.minor = MISC_DYNAMIC_MINOR;
	dev->misc.name = dev->name;
	dev->misc.fops = &vmgenc_fops;
	dev->misc.mode = 0444;
	error = misc_register(&dev->misc);
	dev->has_node = !error;
	if (error)
		vmgenc_os_log(&dev->core, VMGENC_LOG_ERROR, "/dev/%s cannot be created (error %d)",
			      dev->name, -error);
	return error;
}

void vmgenc_chardev_stop(struct vmgenc_device *dev)
{
	if (dev->has_node)
		misc_deregister(&dev->misc);
	dev->has_node = false;
}
