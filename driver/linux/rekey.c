// SPDX-License-Identifier: BSD-2-Clause
/* driver/linux: the kernel's random generator, mixed and made to take a new key, verified. */
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/major.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/timex.h>

#include "device.h"

#define URANDOM_MINOR 9

/*
 * Called by the worker, until it succeeds: its root is the machine's, while a program that syncs
 * may live in a container whose /dev says anything. The device number is checked all the same.
 */
void vmgenc_rekey_open(struct vmgenc_device *dev)
{
	struct file *file;
	struct inode *inode;

	if (dev->urandom)
		return;
	file = filp_open("/dev/urandom", O_RDONLY, 0);
	if (IS_ERR(file))
		return;
	inode = file_inode(file);
	if (!S_ISCHR(inode->i_mode) || inode->i_rdev != MKDEV(MEM_MAJOR, URANDOM_MINOR) ||
	    !file->f_op->unlocked_ioctl) {
		filp_close(file, NULL);
		return;
	}
	smp_store_release(&dev->urandom, file);
}

/*
 * RNDRESEEDCRNG takes a new key from the pool and invalidates every CPU's. It does not sleep, nor
 * take anything but spin locks with interrupts off (5.10 to 6.12 read); it wants CAP_SYS_ADMIN
 * of whoever is current, and it is not the program that asks.
 */
static int reseed(struct file *urandom, const struct cred *kernel_cred)
{
	const struct cred *before = override_creds(kernel_cred);
	long error = urandom->f_op->unlocked_ioctl(urandom, RNDRESEEDCRNG, 0);

	revert_creds(before);
	if (error == -ENODATA)
		return -ENODATA;
	return error ? -EIO : 0;
}

/*
 * The new id alone makes two clones differ; time and cycles are for the clone of a host that
 * gives both the same. CPU random instructions are read by the kernel's own extraction.
 */
int vmgenc_os_rekey(struct vmgenc_core *core, const uint64_t id[2])
{
	struct vmgenc_device *dev = vmgenc_device_of(core);
	struct {
		u64 id[2];
		u64 cycles;
		u64 ns;
	} fresh = {
		.id = { id[0], id[1] },
		.cycles = get_cycles(),
		.ns = ktime_get_real_fast_ns(),
	};
	struct file *urandom = smp_load_acquire(&dev->urandom);

	add_device_randomness(&fresh, sizeof(fresh));
	return urandom ? reseed(urandom, dev->kernel_cred) : -EIO;
}

int vmgenc_rekey_prepare(struct vmgenc_device *dev)
{
	dev->kernel_cred = prepare_kernel_cred(&init_task);
	return dev->kernel_cred ? 0 : -ENOMEM;
}

void vmgenc_rekey_release(struct vmgenc_device *dev)
{
	if (dev->urandom)
		filp_close(dev->urandom, NULL);
	dev->urandom = NULL;
	put_cred(dev->kernel_cred);
	dev->kernel_cred = NULL;
}
