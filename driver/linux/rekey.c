// SPDX-License-Identifier: BSD-2-Clause
/* driver/linux: rekeys the kernel's random generator through /dev/urandom. */
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/major.h>
#include <linux/namei.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/timex.h>

#include "device.h"

#define URANDOM_MINOR 9

static bool is_urandom(const struct path *path)
{
	const struct inode *inode = d_backing_inode(path->dentry);

	return S_ISCHR(inode->i_mode) && inode->i_rdev == MKDEV(MEM_MAJOR, URANDOM_MINOR);
}

/* Opens /dev/urandom only if it is the generator; a container's /dev may hold anything. */
static struct file *open_urandom(void)
{
	struct file *file = ERR_PTR(-ENXIO);
	struct path path;
	int error;

	error = kern_path("/dev/urandom", LOOKUP_FOLLOW, &path);
	if (error)
		return ERR_PTR(error);
	if (is_urandom(&path))
		file = dentry_open(&path, O_RDONLY, current_cred());
	path_put(&path);
	if (!IS_ERR(file) && !file->f_op->unlocked_ioctl) {
		fput(file);
		return ERR_PTR(-ENOTTY);
	}
	return file;
}

/* A driver that is built in begins before there is a /dev, and PID 1 then mounts it. */
static bool is_booting(void)
{
	return system_state < SYSTEM_RUNNING;
}

static void missed(struct vmgenc_device *dev, int error)
{
	if (is_booting() || atomic_xchg(&dev->urandom_missed, 1))
		return;
	vmgenc_core_lacks(&dev->core, VMGENC_LACKS_REKEY, true);
	vmgenc_os_log(&dev->core, VMGENC_LOG_WARNING,
		      "nothing can be rekeyed: no /dev/urandom is found (error %d); trying again whenever /dev/%s is opened",
		      -error, dev->name);
	if (smp_load_acquire(&dev->urandom))
		vmgenc_core_lacks(&dev->core, VMGENC_LACKS_REKEY, false);
}

/*
 * A kernel thread's root may not be the machine's; from 7.3 on it is empty. So this looks for
 * /dev/urandom in the root of each caller until it is found. Sleeps.
 */
void vmgenc_rekey_open(struct vmgenc_device *dev, enum vmgenc_root root)
{
	struct file *file = ERR_PTR(-ENOENT);

	if (smp_load_acquire(&dev->urandom))
		return;
	if (vmgenc_param_rekey_from & root)
		file = open_urandom();
	if (IS_ERR(file)) {
		/* The worker looks next, so it is too early to log anything. */
		if (root != VMGENC_ROOT_LOADER)
			missed(dev, PTR_ERR(file));
		return;
	}
	if (cmpxchg(&dev->urandom, NULL, file)) {
		fput(file);
		return;
	}
	if (atomic_read(&dev->urandom_missed))
		vmgenc_core_lacks(&dev->core, VMGENC_LACKS_REKEY, false);
}

/*
 * RNDRESEEDCRNG takes a new key from the pool and invalidates every CPU's key. It does not sleep
 * and takes only spin locks with interrupts off (from the sources of 5.10 to 6.12). It checks
 * CAP_SYS_ADMIN on current, which may be any task, so override its credentials.
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

/* The kernel's own extraction reads them too, but does not tell whether any answered. */
static bool mix_processor_random(void)
{
	unsigned long words[4];
	bool all = true;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		all &= vmgenc_arch_random(&words[i]);
	if (all)
		add_device_randomness(words, sizeof(words));
	memzero_explicit(words, sizeof(words));
	return all;
}

static bool mix_jitter(struct vmgenc_jitter *jitter)
{
	bool counts;

	if (!vmgenc_param_jitter)
		return false;
	counts = vmgenc_jitter_gather(jitter);
	add_device_randomness(jitter->samples, sizeof(jitter->samples));
	vmgenc_jitter_wipe(jitter);
	return counts;
}

/*
 * A new id is enough to make two clones differ; time and cycles are for hosts that give both the
 * same id. Only jitter and CPU random instructions are unknown to the owner of another clone.
 */
int vmgenc_os_rekey(struct vmgenc_core *core, const uint64_t id[2], bool *secret)
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
	if (!urandom)
		return is_booting() ? -ENODATA : -EIO;
	/* What an earlier try mixed in is still in the pool. */
	if (!*secret) {
		*secret = mix_jitter(dev->jitter);
		*secret |= mix_processor_random();
	}
	return reseed(urandom, dev->kernel_cred);
}

int vmgenc_rekey_prepare(struct vmgenc_device *dev)
{
	dev->kernel_cred = prepare_kernel_cred(&init_task);
	if (!dev->kernel_cred)
		return -ENOMEM;
	vmgenc_rekey_open(dev, VMGENC_ROOT_LOADER);
	return 0;
}

void vmgenc_rekey_release(struct vmgenc_device *dev)
{
	if (dev->urandom)
		fput(dev->urandom);
	dev->urandom = NULL;
	put_cred(dev->kernel_cred);
	dev->kernel_cred = NULL;
}
