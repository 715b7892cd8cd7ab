// SPDX-License-Identifier: BSD-2-Clause
/* driver/linux: whatever draws from the kernel's generator looks at the id first. */
#include "device.h"

#if VMGENC_HAVE_DRAW_HOOKS
#include <linux/ftrace.h>
#include <linux/preempt.h>

/*
 * However early the interrupt, a processor that does not take it draws on: in a fresh virtual
 * machine for milliseconds. So the functions that everything else draws through are traced, and
 * where the id has changed, they find the generator rekeyed. A draw costs two loads and the
 * ftrace stub.
 *
 * The first makes the state for getrandom(2), /dev/urandom and get_random_bytes() (5.18, and the
 * stable kernels from 5.10.119 and 5.15.44 on); the others hand out what it made in advance.
 */
static const char *const drawing[] = {
	"crng_make_state", "get_random_u8",  "get_random_u16",
	"get_random_u32",  "get_random_u64", "__get_random_u32_below",
};

/*
 * Runs with preemption off, and not within itself: ftrace sees to both. A look in any other
 * context has interrupts off; what it draws, if ever it does, must not wait for its own lock.
 */
static void notrace on_draw(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
			    struct ftrace_regs *regs)
{
	struct vmgenc_device *dev;

	list_for_each_entry(dev, &vmgenc_devices, link)
		if (unlikely(vmgenc_core_differs(&dev->core)) && !in_nmi() &&
		    READ_ONCE(dev->locked_by) != raw_smp_processor_id())
			vmgenc_core_look(&dev->core, VMGENC_TRIGGER_DRAW);
}

/* Permanent: as long as it is registered, kernel.ftrace_enabled cannot be set to 0. */
static struct ftrace_ops draw_ops = {
	.func = on_draw,
	.flags = FTRACE_OPS_FL_PERMANENT,
};
static bool registered;

/* A name that this kernel lacks is a function that it lacks, but for the first. */
static int choose_functions(void)
{
	size_t i;
	int error;

	for (i = 0; i < ARRAY_SIZE(drawing); i++) {
		error = ftrace_set_filter(&draw_ops, (u8 *)drawing[i], strlen(drawing[i]), 0);
		if (error && (i == 0 || error != -EINVAL))
			return error;
	}
	return 0;
}

/* Where it cannot be had (ftrace switched off), the interrupt is what remains. */
void vmgenc_draws_start(void)
{
	int error;

	if (!vmgenc_param_draws)
		return;
	error = choose_functions();
	if (!error)
		error = register_ftrace_function(&draw_ops);
	registered = !error;
	if (registered)
		return;
	ftrace_free_filter(&draw_ops);
	pr_warn("draws cannot look at the id first (error %d): they repeat until the interrupt\n",
		-error);
}

/* Unregistering waits for the calls that are under way. */
void vmgenc_draws_stop(void)
{
	if (!registered)
		return;
	if (unregister_ftrace_function(&draw_ops))
		pr_err("draws cannot be left alone again\n");
	ftrace_free_filter(&draw_ops);
	registered = false;
}
#else
void vmgenc_draws_start(void)
{
	if (vmgenc_param_draws)
		pr_info("this kernel has no ftrace: draws repeat until the interrupt\n");
}

void vmgenc_draws_stop(void)
{
}
#endif
