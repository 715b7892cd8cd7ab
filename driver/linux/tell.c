// SPDX-License-Identifier: BSD-2-Clause
/* driver/linux: the core's lock and log, and the announcements to listeners and user space. */
#include <linux/export.h>
#include <linux/kobject.h>
#include <linux/module.h>

#include "device.h"
#include "vmgenc_kernel.h"

static BLOCKING_NOTIFIER_HEAD(listeners);

int vmgenc_register_notifier(struct notifier_block *nb)
{
	return blocking_notifier_chain_register(&listeners, nb);
}
EXPORT_SYMBOL_GPL(vmgenc_register_notifier);

int vmgenc_unregister_notifier(struct notifier_block *nb)
{
	return blocking_notifier_chain_unregister(&listeners, nb);
}
EXPORT_SYMBOL_GPL(vmgenc_unregister_notifier);

void vmgenc_os_notify_kernel(struct vmgenc_core *core, const struct vmgenc_event *event)
{
	vmgenc_os_log(core, VMGENC_LOG_INFO, "generation %llu: id %pUl, random generator rekeyed",
		      event->generation, event->id);
#if VMGENC_HAVE_ADD_VMFORK
	/* If the kernel's own driver is not loaded, this calls its listeners (WireGuard). */
	add_vmfork_randomness(event->id, sizeof(event->id));
#endif
	blocking_notifier_call_chain(&listeners, 0, (void *)event);
}

void vmgenc_os_notify_user(struct vmgenc_core *core, const struct vmgenc_event *event)
{
	struct vmgenc_device *dev = vmgenc_device_of(core);
	struct device *node = READ_ONCE(dev->misc.this_device);
	char generation[48];
	char *env[] = { generation, NULL };
	int error;

	vmgenc_sysgenid_changed();
	/* At load the node is created last, so there may be no device for an event yet. */
	if (IS_ERR_OR_NULL(node))
		return;
	snprintf(generation, sizeof(generation), "VMGENC_GENERATION=%llu", event->generation);
	error = kobject_uevent_env(&node->kobj, KOBJ_CHANGE, env);
	if (error)
		vmgenc_os_log(core, VMGENC_LOG_WARNING, "generation %llu: no uevent (error %d)",
			      event->generation, -error);
}

void vmgenc_os_wake_readers(struct vmgenc_core *core)
{
	vmgenc_waiters_wake(&vmgenc_device_of(core)->readers);
}

void vmgenc_os_lock(struct vmgenc_core *core) __acquires(vmgenc_device_of(core)->lock)
{
	struct vmgenc_device *dev = vmgenc_device_of(core);
	unsigned long flags;

	spin_lock_irqsave(&dev->lock, flags);
	dev->irq_flags = flags;
	WRITE_ONCE(dev->owner, current);
}

void vmgenc_os_unlock(struct vmgenc_core *core) __releases(vmgenc_device_of(core)->lock)
{
	struct vmgenc_device *dev = vmgenc_device_of(core);
	unsigned long flags = dev->irq_flags;

	WRITE_ONCE(dev->owner, NULL);
	spin_unlock_irqrestore(&dev->lock, flags);
}

void vmgenc_os_log(struct vmgenc_core *core, enum vmgenc_level level, const char *format, ...)
{
	const char *path = vmgenc_device_of(core)->path;
	struct va_format message;
	va_list args;

	va_start(args, format);
	message.fmt = format;
	message.va = &args;
	switch (level) {
	case VMGENC_LOG_ERROR:
		pr_err("%s: %pV\n", path, &message);
		break;
	case VMGENC_LOG_WARNING:
		pr_warn("%s: %pV\n", path, &message);
		break;
	case VMGENC_LOG_INFO:
		pr_info("%s: %pV\n", path, &message);
		break;
	}
	va_end(args);
}
