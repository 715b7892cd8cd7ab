// SPDX-License-Identifier: BSD-2-Clause
/* driver/linux: the thread that looks when it is kicked, and the triggers besides ACPI. */
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/suspend.h>

#include "device.h"

#define KICK_TELL BIT(31)

/* In any context. Sets the bit before the wake-up; the thread clears it before it looks. */
static void kick(struct vmgenc_device *dev, unsigned int bit)
{
	atomic_or(bit, &dev->kicked);
	wake_up_process(dev->worker);
}

void vmgenc_kick(struct vmgenc_device *dev, enum vmgenc_trigger trigger)
{
	kick(dev, BIT(trigger));
}

/* A draw may come from a context that cannot wake a thread, so an irq_work does it. */
void vmgenc_os_defer(struct vmgenc_core *core)
{
	irq_work_queue(&vmgenc_device_of(core)->defer);
}

static void on_defer(struct irq_work *work)
{
	kick(container_of(work, struct vmgenc_device, defer), KICK_TELL);
}

/* An early interrupt and its notification are two bits; the second look finds the work done. */
static void look_for_each(struct vmgenc_device *dev, unsigned int kicked)
{
	enum vmgenc_trigger trigger;

	for (trigger = VMGENC_TRIGGER_ATTACH; trigger <= VMGENC_TRIGGER_LOOK; trigger++)
		if (kicked & BIT(trigger))
			vmgenc_core_look(&dev->core, trigger);
}

static int worker(void *data)
{
	struct vmgenc_device *dev = data;
	unsigned int kicked;

	while (!kthread_should_stop()) {
		set_current_state(TASK_IDLE);
		kicked = atomic_xchg(&dev->kicked, 0);
		if (!kicked) {
			if (!kthread_should_stop())
				schedule();
			continue;
		}
		__set_current_state(TASK_RUNNING);
		vmgenc_rekey_open(dev, VMGENC_ROOT_WORKER);
		look_for_each(dev, kicked);
		vmgenc_vdso_close();
		vmgenc_redraw_count_missed(dev);
		vmgenc_core_tell(&dev->core);
		if (kicked & BIT(VMGENC_TRIGGER_ATTACH))
			complete(&dev->first_look);
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

/*
 * For hosts that never notify, and to retry a failed rekey. The timer is deferrable: it does not
 * wake an idle machine, which draws nothing.
 */
static void periodic_look(struct work_struct *work)
{
	struct vmgenc_device *dev = container_of(to_delayed_work(work), struct vmgenc_device, look);

	if (vmgenc_core_pending(&dev->core))
		vmgenc_kick(dev, VMGENC_TRIGGER_LOOK);
	vmgenc_again(dev);
	vmgenc_vdso_close();
	vmgenc_redraw_count_missed(dev);
	schedule_delayed_work(&dev->look, msecs_to_jiffies(vmgenc_param_look_ms));
}

/* Real-time priority, so that nothing draws between the notification and the rekey. */
int vmgenc_worker_start(struct vmgenc_device *dev)
{
	struct task_struct *task;

	atomic_set(&dev->kicked, 0);
	init_completion(&dev->first_look);
	init_irq_work(&dev->defer, on_defer);
	INIT_DEFERRABLE_WORK(&dev->look, periodic_look);
	task = kthread_create(worker, dev, "vmgenc/%u", dev->unit);
	if (IS_ERR(task)) {
		vmgenc_os_log(&dev->core, VMGENC_LOG_ERROR, "no thread can be started");
		return PTR_ERR(task);
	}
	sched_set_fifo(task);
	dev->worker = get_task_struct(task);
	vmgenc_kick(dev, VMGENC_TRIGGER_ATTACH);
	wait_for_completion(&dev->first_look);
	if (vmgenc_param_look_ms)
		schedule_delayed_work(&dev->look, msecs_to_jiffies(vmgenc_param_look_ms));
	return 0;
}

/* The last look may have queued another wake-up, so the task is kept until that has run. */
void vmgenc_worker_stop(struct vmgenc_device *dev)
{
	cancel_delayed_work_sync(&dev->look);
	kthread_stop(dev->worker);
	irq_work_sync(&dev->defer);
	put_task_struct(dev->worker);
	dev->worker = NULL;
}

static void kick_all(enum vmgenc_trigger trigger)
{
	struct vmgenc_device *dev;

	list_for_each_entry(dev, &vmgenc_devices, link)
		vmgenc_kick(dev, trigger);
}

static int on_pm(struct notifier_block *nb, unsigned long event, void *data)
{
	if (event == PM_POST_SUSPEND || event == PM_POST_HIBERNATION || event == PM_POST_RESTORE)
		kick_all(VMGENC_TRIGGER_RESUME);
	return NOTIFY_DONE;
}

static struct notifier_block pm_notifier = { .notifier_call = on_pm };

#if VMGENC_HAVE_VMFORK_NOTIFIER
/* The kernel's own driver saw a clone, perhaps one that we cannot see (devicetree). */
static int on_vmfork(struct notifier_block *nb, unsigned long event, void *data)
{
	kick_all(VMGENC_TRIGGER_RESUME);
	return NOTIFY_DONE;
}

static struct notifier_block vmfork_notifier = { .notifier_call = on_vmfork };

static int vmfork_start(void)
{
	return register_random_vmfork_notifier(&vmfork_notifier);
}

static void vmfork_stop(void)
{
	if (unregister_random_vmfork_notifier(&vmfork_notifier))
		pr_err("the vmfork notifier was not registered\n");
}
#else
static int vmfork_start(void)
{
	return 0;
}

static void vmfork_stop(void)
{
}
#endif

int vmgenc_triggers_start(void)
{
	int error;

	error = register_pm_notifier(&pm_notifier);
	if (error)
		return error;
	error = vmfork_start();
	if (error)
		unregister_pm_notifier(&pm_notifier);
	return error;
}

void vmgenc_triggers_stop(void)
{
	vmfork_stop();
	if (unregister_pm_notifier(&pm_notifier))
		pr_err("the power management notifier was not registered\n");
}
