// SPDX-License-Identifier: BSD-2-Clause
/* driver/linux: a look at the id before each draw from the kernel's generator. */
#include <linux/random.h>

#include "device.h"

static void lacks_draws(bool lacks)
{
	struct vmgenc_device *dev;

	list_for_each_entry(dev, &vmgenc_devices, link)
		vmgenc_core_lacks(&dev->core, VMGENC_LACKS_DRAWS, lacks);
}

#if VMGENC_HAVE_FTRACE
#include <linux/delay.h>
#include <linux/ftrace.h>
#include <linux/preempt.h>

/*
 * Only one processor takes the ACPI interrupt; the others continue to draw, for milliseconds in a
 * new virtual machine. Therefore ftrace hooks the functions through which everything draws, and
 * the generator is rekeyed before a draw if the id has changed. Each draw costs two loads and the
 * ftrace stub.
 *
 * The first function makes the state for getrandom(2), /dev/urandom and get_random_bytes() (5.18,
 * and the stable kernels from 5.10.119 and 5.15.44 on); the others return values that it made in
 * advance.
 */
static const char *const drawing[] = {
	"crng_make_state", "get_random_u8",  "get_random_u16",
	"get_random_u32",  "get_random_u64", "__get_random_u32_below",
};

/* The start of every interrupt, for vdso=1. */
static const char *const interrupted[] = { "irq_enter_rcu" };

/* The task that verifies that the hooks see its draws, and the number of draws seen. */
static struct task_struct *tester;
static unsigned int seen;
static bool interrupt_seen;

/*
 * A look takes spin locks with interrupts off. A draw within a look must not wait for the lock that
 * the look holds. With PREEMPT_RT these locks sleep, so the caller must be able to sleep; draws
 * are, since they take such locks themselves.
 */
static bool notrace may_look(const struct vmgenc_device *dev)
{
	if (in_nmi() || READ_ONCE(dev->owner) == current)
		return false;
	return !IS_ENABLED(CONFIG_PREEMPT_RT) || preemptible();
}

static void notrace look(void)
{
	struct vmgenc_device *dev;

	list_for_each_entry(dev, &vmgenc_devices, link) {
		if (likely(!vmgenc_core_differs(&dev->core)))
			continue;
		if (may_look(dev))
			vmgenc_core_look(&dev->core, VMGENC_TRIGGER_DRAW);
		else if (IS_ENABLED(CONFIG_PREEMPT_RT) && !in_nmi())
			vmgenc_kick(dev, VMGENC_TRIGGER_LOOK);
	}
}

/*
 * Called in the context of the draw. With these flags, ftrace neither disables preemption nor
 * guards against recursion.
 */
static void notrace on_draw(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
			    struct ftrace_regs *regs)
{
	if (unlikely(READ_ONCE(tester) == current))
		seen++;
	look();
}

static void notrace on_interrupt(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
				 struct ftrace_regs *regs)
{
	if (unlikely(!READ_ONCE(interrupt_seen)))
		WRITE_ONCE(interrupt_seen, true);
	look();
}

/* Permanent: while they are registered, kernel.ftrace_enabled cannot be set to 0. */
static struct ftrace_ops draw_ops = {
	.func = on_draw,
	.flags = FTRACE_OPS_FL_PERMANENT | VMGENC_FTRACE_DIRECT,
};
static struct ftrace_ops interrupt_ops = {
	.func = on_interrupt,
	.flags = FTRACE_OPS_FL_PERMANENT | VMGENC_FTRACE_DIRECT,
};
static bool draws_hooked, interrupts_hooked;

/* This kernel may lack any of the functions except the first. */
static int hook(struct ftrace_ops *ops, const char *const *names, size_t count)
{
	size_t i;
	int error;

	for (i = 0; i < count; i++) {
		error = ftrace_set_filter(ops, (u8 *)names[i], strlen(names[i]), 0);
		if (error && (i == 0 || error != -EINVAL))
			goto free;
	}
	error = register_ftrace_function(ops);
	if (!error)
		return 0;
free:
	vmgenc_ftrace_free_filter(ops);
	return error;
}

/* Unregistering waits for the calls that are under way. */
static void unhook(struct ftrace_ops *ops, bool *hooked)
{
	if (!*hooked)
		return;
	if (unregister_ftrace_function(ops))
		pr_err("the hook before draws cannot be removed\n");
	vmgenc_ftrace_free_filter(ops);
	*hooked = false;
}

/*
 * Whether the hooks see draws: this kernel may draw by functions other than those above. Numbers are
 * made in advance, so at most one of two needs new state: hence two of each.
 */
static bool draws_are_seen(void)
{
	u8 bytes[8];
	u64 numbers = 0;
	int i;

	seen = 0;
	WRITE_ONCE(tester, current);
	get_random_bytes(bytes, sizeof(bytes));
	for (i = 0; i < 2; i++)
		numbers ^= get_random_u32() ^ get_random_u64();
	WRITE_ONCE(tester, NULL);
	memzero_explicit(bytes, sizeof(bytes));
	memzero_explicit(&numbers, sizeof(numbers));
	return seen >= 5;
}

/* If this fails (ftrace is switched off), draws repeat until the ACPI interrupt. */
void vmgenc_draws_start(void)
{
	int error;

	lacks_draws(true);
	if (!vmgenc_param_draws)
		return;
	error = hook(&draw_ops, drawing, ARRAY_SIZE(drawing));
	draws_hooked = !error;
	if (error)
		pr_warn("draws cannot look at the id first (error %d): they repeat until the ACPI interrupt\n",
			-error);
	else if (!draws_are_seen())
		pr_warn("draws bypass the traced functions: they repeat until the ACPI interrupt\n");
	else
		lacks_draws(false);
}

void vmgenc_draws_stop(void)
{
	unhook(&draw_ops, &draws_hooked);
}

/* Returns -ENOENT if the hook sees no interrupt, although the timer's come all the time. Sleeps. */
int vmgenc_interrupts_start(void)
{
	int tries, error = hook(&interrupt_ops, interrupted, ARRAY_SIZE(interrupted));

	interrupts_hooked = !error;
	if (error)
		return error;
	for (tries = 0; tries < 100 && !READ_ONCE(interrupt_seen); tries++)
		msleep(10);
	return READ_ONCE(interrupt_seen) ? 0 : -ENOENT;
}

void vmgenc_interrupts_stop(void)
{
	unhook(&interrupt_ops, &interrupts_hooked);
}
#else
void vmgenc_draws_start(void)
{
	lacks_draws(true);
	if (vmgenc_param_draws)
		pr_info("this kernel has no dynamic ftrace: draws repeat until the ACPI interrupt\n");
}

void vmgenc_draws_stop(void)
{
}

int vmgenc_interrupts_start(void)
{
	return -EOPNOTSUPP;
}

void vmgenc_interrupts_stop(void)
{
}
#endif
