// SPDX-License-Identifier: BSD-2-Clause
/* driver/linux: rekeys a settled generation again when the kernel has gathered more entropy. */
#include <linux/jiffies.h>

#include "device.h"

/*
 * After a change the kernel continues to gather entropy, from interrupts and from a hardware
 * generator such as virtio-rng, and takes a new key from it once a minute. The periodic look makes
 * it do so earlier, each time with new jitter. The last two are for the hardware generator: the
 * kernel's thread reads it once a minute, and the driver cannot, because its file has no read_iter.
 */
static const unsigned int after_s[] = { 1, 10, 100, 300 };

/*
 * What that thread holds and what virtio-rng has prefetched may be from before the snapshot, and so
 * the same in each clone: the first two calls. The third is fresh, and done when the fourth begins.
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

/* If this fails, the bytes of a hardware generator are mixed in but do not count. */
void vmgenc_again_start(void)
{
	static char name[] = "add_hwgenerator_randomness";
	int error;

	if (!vmgenc_param_look_ms)
		return;
	error = ftrace_set_filter(&hwrng_ops, (u8 *)name, strlen(name), 0);
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
		pr_err("the hook that counts a hardware generator's bytes cannot be removed\n");
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

static bool is_due(const struct vmgenc_again *again)
{
	return again->times < ARRAY_SIZE(after_s) &&
	       time_after_eq(jiffies, again->begun + after_s[again->times] * HZ);
}

/*
 * Only the periodic look calls this. It counts calls from the first look after the change, because
 * earlier ones may be from before the snapshot.
 */
void vmgenc_again(struct vmgenc_device *dev)
{
	struct vmgenc_again *again = &dev->again;
	struct vmgenc_event event;
	bool due, more, predictable;
	unsigned int calls;

	vmgenc_core_event(&dev->core, &event);
	calls = atomic_read(&hwrng_calls); /* after it, or a snapshot in between would count one */
	if (event.settled != event.generation)
		return;
	if (event.generation != again->generation) {
		again->generation = event.generation;
		again->times = 0;
		again->begun = jiffies;
		again->hwrng_calls = calls;
	}
	due = is_due(again);
	more = calls - again->hwrng_calls >= FRESH_CALLS;
	predictable = READ_ONCE(dev->core.page->flags) & VMGENC_PREDICTABLE;
	if (!due && !(more && predictable))
		return;
	again->times += due;
	vmgenc_core_again(&dev->core, again->generation, more);
}
