// SPDX-License-Identifier: BSD-2-Clause
/* driver/linux: getrandom in the vDSO, which draws without entering the kernel: closed, or left
 * open and watched. */
#include "device.h"

#if VMGENC_HAVE_VDSO_GETRANDOM
#include <linux/kprobes.h>
#include <linux/random.h>
#include <vdso/datapage.h>

/* Guards data, so that nobody closes the vDSO once it has been left alone again. */
static DEFINE_SPINLOCK(lock);
static struct vdso_rng_data *data;

static void lacks_vdso(bool lacks)
{
	struct vmgenc_device *dev;

	list_for_each_entry(dev, &vmgenc_devices, link)
		vmgenc_core_lacks(&dev->core, VMGENC_LACKS_VDSO, lacks);
}

/*
 * The address of a symbol that is not exported, functions and data alike: registering a probe
 * looks it up before it is refused for not being code. Nothing unexported is called.
 */
static void *address_of(const char *symbol)
{
	struct kprobe probe = { .symbol_name = symbol };

	if (register_kprobe(&probe) == 0)
		unregister_kprobe(&probe);
	return IS_ERR(probe.addr) ? NULL : probe.addr;
}

/* The data itself in 6.11 and later, then a pointer to it; it is believed only if it fits. */
static struct vdso_rng_data *find_data(void)
{
	struct vdso_rng_data *found = address_of("_vdso_rng_data"), **pointer;

	if (!found) {
		pointer = address_of("vdso_k_rng_data");
		found = pointer ? READ_ONCE(*pointer) : NULL;
	}
	if (!found || READ_ONCE(found->is_ready) != rng_is_initialized())
		return NULL;
	return found;
}

/*
 * is_ready is set once, when the generator is seeded, and no reseed touches it. While it is not
 * set, each draw enters the kernel, and so looks first.
 */
void vmgenc_vdso_close(void)
{
	spin_lock(&lock);
	if (data && READ_ONCE(data->is_ready))
		WRITE_ONCE(data->is_ready, false);
	spin_unlock(&lock);
}

static void close_vdso(void)
{
	struct vdso_rng_data *found = find_data();

	if (!found) {
		pr_warn("getrandom in the vDSO cannot be closed: its data is not found\n");
		return;
	}
	spin_lock(&lock);
	data = found;
	spin_unlock(&lock);
	vmgenc_vdso_close();
	lacks_vdso(false);
}

void vmgenc_vdso_start(void)
{
	int error;

	lacks_vdso(true);
	if (!vmgenc_param_vdso) {
		close_vdso();
		return;
	}
	error = vmgenc_interrupts_start();
	if (error)
		pr_warn("getrandom in the vDSO is open, and interrupts cannot look at the id (error %d)\n",
			-error);
}

void vmgenc_vdso_stop(void)
{
	vmgenc_interrupts_stop();
	spin_lock(&lock);
	if (data && rng_is_initialized())
		smp_store_release(&data->is_ready, true);
	data = NULL;
	spin_unlock(&lock);
}
#else
void vmgenc_vdso_close(void)
{
}

void vmgenc_vdso_start(void)
{
}

void vmgenc_vdso_stop(void)
{
}
#endif
