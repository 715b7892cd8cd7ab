// SPDX-License-Identifier: BSD-2-Clause
/* driver/linux: closes getrandom in the vDSO, which draws without entering the kernel; or leaves it
 * open and looks at the id in each interrupt. */
#include "device.h"

#if VMGENC_HAVE_VDSO_GETRANDOM
#include <linux/random.h>
#include <vdso/datapage.h>

/* Guards data, so that nothing closes the vDSO after vmgenc_vdso_stop(). */
static DEFINE_SPINLOCK(lock);
static struct vdso_rng_data *data;

static void lacks_vdso(bool lacks)
{
	struct vmgenc_device *dev;

	list_for_each_entry(dev, &vmgenc_devices, link)
		vmgenc_core_lacks(&dev->core, VMGENC_LACKS_VDSO, lacks);
}

/*
 * Kernels from 6.11 on have the data itself, newer ones a pointer to it. It is used only if
 * is_ready has the expected value.
 */
static struct vdso_rng_data *find_data(void)
{
	struct vdso_rng_data *found = vmgenc_symbol("_vdso_rng_data"), **pointer;

	if (!found) {
		pointer = vmgenc_symbol("vdso_k_rng_data");
		found = pointer ? READ_ONCE(*pointer) : NULL;
	}
	if (!found || READ_ONCE(found->is_ready) != rng_is_initialized())
		return NULL;
	return found;
}

/*
 * The kernel sets is_ready once, when the generator is seeded; a reseed does not change it. While
 * it is false, each draw enters the kernel and so looks at the id first.
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
