// SPDX-License-Identifier: BSD-2-Clause
/* driver/linux: the module, its parameters, and the life of each device. */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "device.h"

LIST_HEAD(vmgenc_devices);

bool vmgenc_param_notify = true;
module_param_named(notify, vmgenc_param_notify, bool, 0444);
MODULE_PARM_DESC(notify, "Act on ACPI notifications and the ACPI interrupt (0 is for tests)");

bool vmgenc_param_sci = true;
module_param_named(sci, vmgenc_param_sci, bool, 0444);
MODULE_PARM_DESC(sci, "Look at the id in the ACPI interrupt, before the notification arrives");

bool vmgenc_param_draws = true;
module_param_named(draws, vmgenc_param_draws, bool, 0444);
MODULE_PARM_DESC(draws, "Look at the id before each draw from the kernel's generator");

bool vmgenc_param_redraw = true;
module_param_named(redraw, vmgenc_param_redraw, bool, 0444);
MODULE_PARM_DESC(redraw, "Restart system calls that were drawing when the id changed");

unsigned int vmgenc_param_vdso;
module_param_named(vdso, vmgenc_param_vdso, uint, 0444);
MODULE_PARM_DESC(vdso, "getrandom in the vDSO: 0 closed, 1 open, with a look in each interrupt");

bool vmgenc_param_sysgenid = true;
module_param_named(sysgenid, vmgenc_param_sysgenid, bool, 0444);
MODULE_PARM_DESC(sysgenid, "Offer /dev/sysgenid, for programs that use SysGenID");

bool vmgenc_param_sysgenid_map;
module_param_named(sysgenid_map, vmgenc_param_sysgenid_map, bool, 0444);
MODULE_PARM_DESC(sysgenid_map, "Let programs map its counter (AWS-LC aborts if it moves within a draw)");

bool vmgenc_param_jitter = true;
module_param_named(jitter, vmgenc_param_jitter, bool, 0444);
MODULE_PARM_DESC(jitter, "Mix in timing jitter at a rekey (0 is for tests)");

unsigned int vmgenc_param_look_ms = 1000;
module_param_named(look_ms, vmgenc_param_look_ms, uint, 0444);
MODULE_PARM_DESC(look_ms, "Period of the slow look, which needs no notification, in ms (0: never)");

unsigned int vmgenc_param_rekey_from = 7;
module_param_named(rekey_from, vmgenc_param_rekey_from, uint, 0444);
MODULE_PARM_DESC(rekey_from, "In whose root to find /dev/urandom: 1 loader + 2 thread + 4 callers (7; others are for tests)");

static char *raw = "auto";
const char *vmgenc_param_raw;
module_param(raw, charp, 0444);
MODULE_PARM_DESC(raw, "Who may map the hypervisor's page: auto, all, rawio (CAP_SYS_RAWIO)");

static void device_free(struct vmgenc_device *dev)
{
	vmgenc_waiters_stop(&dev->readers);
	vfree(dev->jitter);
	free_page((unsigned long)dev->core.page);
	dev->front->release(dev);
	kfree(dev);
}

static struct vmgenc_device *device_alloc(const struct vmgenc_front *front, void *node)
{
	struct vmgenc_device *dev;

	dev = kzalloc(sizeof(*dev), GFP_KERNEL);
	if (!dev)
		return NULL;
	dev->core.page = (void *)get_zeroed_page(GFP_KERNEL);
	dev->jitter = vzalloc(sizeof(*dev->jitter));
	if (!dev->core.page || !dev->jitter)
		goto free_page;
	dev->front = front;
	if (front->hold(dev, node))
		goto free_page;
	dev->unit = list_empty(&vmgenc_devices) ?
			    0 :
			    list_last_entry(&vmgenc_devices, struct vmgenc_device, link)->unit + 1;
	if (dev->unit)
		snprintf(dev->name, sizeof(dev->name), "vmgenc%u", dev->unit);
	else
		strscpy(dev->name, "vmgenc", sizeof(dev->name));
	spin_lock_init(&dev->lock);
	if (vmgenc_waiters_start(&dev->readers))
		goto release;
	return dev;

release:
	front->release(dev);
free_page:
	vfree(dev->jitter);
	free_page((unsigned long)dev->core.page);
	kfree(dev);
	return NULL;
}

static void log_found(struct vmgenc_device *dev)
{
	u32 flags = dev->core.page->flags;
	const char *who = "nobody";

	if (flags & VMGENC_RAW_MAPPABLE)
		who = flags & VMGENC_RAW_PRIVILEGED ? "CAP_SYS_RAWIO" : "everyone";
	vmgenc_os_log(&dev->core, VMGENC_LOG_INFO, "id %pUl at %pa, raw page mappable by %s",
		      dev->core.page->id, &dev->phys, who);
}

/* Firmware may describe one page twice, in ACPI and in a devicetree. */
static bool is_anothers(struct vmgenc_device *dev)
{
	struct vmgenc_device *other;

	list_for_each_entry(other, &vmgenc_devices, link) {
		if (dev->phys + VMGENC_ID_SIZE <= other->phys ||
		    other->phys + VMGENC_ID_SIZE <= dev->phys)
			continue;
		pr_err("%s: %s %pa is the id of %s, which is in use\n", dev->path,
		       dev->front->address, &dev->phys, other->path);
		return true;
	}
	return false;
}

/* vmgenc_init() creates the node later, when nothing else can fail. */
static int device_start(struct vmgenc_device *dev)
{
	int error;

	error = dev->front->locate(dev);
	if (error)
		return error;
	if (is_anothers(dev))
		return -EBUSY;
	error = vmgenc_core_attach(&dev->core, dev->phys);
	if (error)
		return error;
	error = vmgenc_rekey_prepare(dev);
	if (error)
		goto detach;
	error = vmgenc_worker_start(dev);
	if (error)
		goto release_rekey;
	error = vmgenc_sysctl_start(dev);
	if (error)
		goto stop_worker;
	error = dev->front->notify_start(dev);
	if (error)
		goto stop_sysctl;
	log_found(dev);
	return 0;

stop_sysctl:
	vmgenc_sysctl_stop(dev);
stop_worker:
	vmgenc_worker_stop(dev);
release_rekey:
	vmgenc_rekey_release(dev);
detach:
	vmgenc_core_detach(&dev->core);
	return error;
}

/* Removes the node after the worker has stopped, which may be sending an event for it. */
static void device_stop(struct vmgenc_device *dev)
{
	dev->front->notify_stop(dev);
	vmgenc_sysctl_stop(dev);
	vmgenc_worker_stop(dev);
	vmgenc_chardev_stop(dev);
	vmgenc_rekey_release(dev);
	vmgenc_core_detach(&dev->core);
}

static int found_error; /* of the first device that could not be started, or 0 */

static void device_found(const struct vmgenc_front *front, void *node)
{
	struct vmgenc_device *dev;
	int error = -ENOMEM;

	dev = device_alloc(front, node);
	if (dev)
		error = device_start(dev);
	if (!error)
		list_add_tail(&dev->link, &vmgenc_devices);
	else if (dev)
		device_free(dev);
	if (error && !found_error)
		found_error = error;
}

/* Returns 0 if at least one device could be started. */
static int devices_find(void)
{
	int error = vmgenc_firmware_find(device_found);

	if (!list_empty(&vmgenc_devices))
		return 0;
	if (found_error)
		return found_error;
	if (!error)
		pr_info("no VM Generation ID device: this hypervisor does not offer one, or _STA says absent\n");
	return -ENODEV;
}

static void devices_release(void)
{
	struct vmgenc_device *dev, *next;

	list_for_each_entry_safe_reverse(dev, next, &vmgenc_devices, link) {
		list_del(&dev->link);
		device_stop(dev);
		device_free(dev);
	}
}

/*
 * Creates the nodes last, because a program may hold one open from then on. Returns 0 if at least
 * one device has its node; a device without one still rekeys the kernel.
 */
static int nodes_start(void)
{
	struct vmgenc_device *dev;
	int error = -ENODEV;
	bool any = false;

	list_for_each_entry(dev, &vmgenc_devices, link) {
		error = vmgenc_chardev_start(dev);
		any |= !error;
	}
	return any ? 0 : error;
}

static int __init vmgenc_init(void)
{
	int error;

	vmgenc_param_raw = raw;
	if (strcmp(raw, "auto") && strcmp(raw, "all") && strcmp(raw, "rawio")) {
		pr_err("parameter raw is \"%s\": it takes auto, all or rawio\n", raw);
		return -EINVAL;
	}
	if (vmgenc_param_vdso > 1) {
		pr_err("parameter vdso is %u: it takes 0 (closed) or 1 (open)\n",
		       vmgenc_param_vdso);
		return -EINVAL;
	}
	vmgenc_sysgenid_prepare();
	error = devices_find();
	if (error)
		goto forget;
	error = vmgenc_triggers_start();
	if (error)
		goto release;
	vmgenc_firmware_early_start();
	vmgenc_draws_start();
	vmgenc_redraw_start();
	vmgenc_vdso_start();
	vmgenc_again_start();
	error = nodes_start();
	if (error)
		goto stop;
	vmgenc_sysgenid_start();
	return 0;

stop:
	vmgenc_again_stop();
	vmgenc_vdso_stop();
	vmgenc_redraw_stop();
	vmgenc_draws_stop();
	vmgenc_firmware_early_stop();
	vmgenc_triggers_stop();
release:
	devices_release();
forget:
	vmgenc_sysgenid_stop();
	return error;
}

static void __exit vmgenc_exit(void)
{
	vmgenc_again_stop();
	vmgenc_vdso_stop();
	vmgenc_redraw_stop();
	vmgenc_draws_stop();
	vmgenc_firmware_early_stop();
	vmgenc_triggers_stop();
	devices_release();
	vmgenc_sysgenid_stop();
}

module_init(vmgenc_init);
module_exit(vmgenc_exit);

/*
 * ACPICA upper-cases ids; Hyper-V and Firecracker list the second. Not MODULE_DEVICE_TABLE():
 * before 5.13, struct acpi_device_id holds only 8 characters.
 */
MODULE_ALIAS("acpi*:VM_GEN_COUNTER:*");
MODULE_ALIAS("acpi*:VMGENCTR:*");
MODULE_ALIAS("acpi*:VM_Gen_Counter:*");
MODULE_ALIAS("of:N*T*Cmicrosoft,vmgenid");
MODULE_ALIAS("of:N*T*Cmicrosoft,vmgenidC*");

MODULE_DESCRIPTION("VM Generation ID: rekeys a virtual machine that was cloned");
MODULE_AUTHOR("The vmgenc authors");
MODULE_LICENSE("Dual BSD/GPL");
MODULE_VERSION("0.1.0");
