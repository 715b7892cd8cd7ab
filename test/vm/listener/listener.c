// SPDX-License-Identifier: BSD-2-Clause
/* test/vm/listener: another kernel module that wants to be told; notifier.c reads its log. With
 * hwrng=1 it also gives bytes as a hardware generator's thread does, for rekey.c. */
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/version.h>

#include "vmgenc_kernel.h"

#undef pr_fmt
#define pr_fmt(fmt) "listener: " fmt

/* A caller's mistakes, reported; the kernel itself warns of the first, which panic_on_warn obeys. */
static bool mistakes = true;
module_param(mistakes, bool, 0444);

static bool hwrng;
module_param(hwrng, bool, 0444);
static struct task_struct *givers[4];

/* The call may sleep for a minute at its end, so each has its own thread. */
static int give(void *unused)
{
	static const u8 zeros[64];

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
	add_hwgenerator_randomness(zeros, sizeof(zeros), 0, false);
#else
	add_hwgenerator_randomness((void *)zeros, sizeof(zeros), 0);
#endif
	while (!kthread_should_stop()) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (!kthread_should_stop())
			schedule();
		__set_current_state(TASK_RUNNING);
	}
	return 0;
}

static void give_four_times(void)
{
	size_t i;

	for (i = 0; hwrng && i < ARRAY_SIZE(givers); i++)
		givers[i] = kthread_run(give, NULL, "giver/%zu", i);
}

static void stop_giving(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(givers); i++)
		if (!IS_ERR_OR_NULL(givers[i]))
			kthread_stop(givers[i]);
}

/* Draws, as real listeners do: listeners must never draw before the rekey. */
static int told(const char *name, const struct vmgenc_event *event)
{
	u64 draw;

	might_sleep();
	get_random_bytes(&draw, sizeof(draw));
	pr_info("%s generation %llu settled %llu draw %016llx id %*phN\n", name,
		event->generation, event->settled, draw, VMGENC_ID_SIZE, event->id);
	return NOTIFY_OK;
}

static int told_first(struct notifier_block *nb, unsigned long action, void *event)
{
	return action == 0 ? told("first", event) : NOTIFY_BAD;
}

static int told_second(struct notifier_block *nb, unsigned long action, void *event)
{
	return action == 0 ? told("second", event) : NOTIFY_BAD;
}

static struct notifier_block first = { .notifier_call = told_first, .priority = 10 };
static struct notifier_block second = { .notifier_call = told_second };
static struct notifier_block never = { .notifier_call = told_second };

static int __init listener_init(void)
{
	/* The lower one first: the order is by priority, not by registration. */
	int error = vmgenc_register_notifier(&second);

	if (error)
		return error;
	error = vmgenc_register_notifier(&first);
	if (error) {
		vmgenc_unregister_notifier(&second);
		return error;
	}
	give_four_times();
	if (!mistakes)
		return 0;
	pr_info("again %d, never registered %d\n", vmgenc_register_notifier(&first),
		vmgenc_unregister_notifier(&never));
	return 0;
}

static void __exit listener_exit(void)
{
	int errors[] = { vmgenc_unregister_notifier(&first), vmgenc_unregister_notifier(&second) };

	stop_giving();
	pr_info("gone %d %d\n", errors[0], errors[1]);
}

module_init(listener_init);
module_exit(listener_exit);

MODULE_DESCRIPTION("Test of vmgenc's notifier chain");
MODULE_LICENSE("Dual BSD/GPL");
