// SPDX-License-Identifier: BSD-2-Clause
/* driver/linux: rekeys again for the same generation, when the kernel has gathered more. */
#include <linux/jiffies.h>

#include "device.h"

/*
 * After a change the kernel goes on gathering: interrupts, and what a hardware generator such as
 * virtio-rng gives. It takes a new key from that once a minute by itself. The periodic look does it
 * earlier, each time with new jitter. The last two are for the hardware generator, which the
 * kernel's thread asks once a minute; its device cannot be read within the kernel.
 */
static const unsigned int after_s[] = { 1, 10, 100, 300 };

/*
 * What that thread holds and what virtio-rng has in store may be from before the snapshot, and so
 * in each copy: the first two calls. The third is fresh, and over when the fourth begins.
 */
#define FRESH_CALLS 4

static atomic_t hwrng_calls;

#if VMGENC_HAVE_FTRACE
#include <linux/ftrace.h>

static void notrace on_hwrng(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
			     struct ftrace_regs *regs)
{
	atomic_inc(&hwrng_calls);
}

static struct ftrace_ops hwrng_ops = {
	.func = on_hwrng,
	.flags = VMGENC_FTRACE_DIRECT,
};
static bool hwrng_hooked;

/* Without it, a hardware generator is mixed in all the same, but does not count. */
void vmgenc_again_start(void)
{
	static char name[] = "add_hwgenerator_randomness";
	int error;

	if (!vmgenc_param_look_ms)
		return;
	error = ftrace_set_filter(&hwrng_ops, name, strlen(name), 0);
	if (!error)
		error = register_ftrace_function(&hwrng_ops);
	hwrng_hooked = !error;
	if (error)
		vmgenc_ftrace_free_filter(&hwrng_ops);
}

void vmgenc_again_stop(void)
{
	if (!hwrng_hooked)
		return;
	if (unregister_ftrace_function(&hwrng_ops))
		pr_err("the hardware generator cannot be left alone again\n");
	vmgenc_ftrace_free_filter(&hwrng_ops);
	hwrng_hooked = false;
}
#else
void vmgenc_again_start(void)
{
}

void vmgenc_again_stop(void)
{
}
#endif

/* By the periodic look alone. It begins to count after the change, never before. */
void vmgenc_again(struct vmgenc_device *dev)
{
	struct vmgenc_again *again = &dev->again;
	struct vmgenc_event event;
	unsigned int calls = atomic_read(&hwrng_calls);

	vmgenc_core_event(&dev->core, &event);
	if (event.settled != event.generation)
		return;
	if (event.generation != again->generation) {
		again->generation = event.generation;
		again->times = 0;
		again->begun = jiffies;
		again->hwrng_calls = calls;
	}
	if (again->times == ARRAY_SIZE(after_s) ||
	    time_before(jiffies, again->begun + after_s[again->times] * HZ))
		return;
	again->times++;
	vmgenc_core_again(&dev->core, calls - again->hwrng_calls >= FRESH_CALLS);
}
