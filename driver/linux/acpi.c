// SPDX-License-Identifier: BSD-2-Clause
/* driver/linux: ACPI - finding devices, the id's address, notifications and the interrupt. */
#include <linux/acpi.h>
#include <linux/slab.h>

#include "device.h"

/* Microsoft's _CID, in any case since ACPICA upper-cases it, and that of newer firmware. */
static bool is_our_id(const char *id)
{
	return id && (!strcasecmp(id, "VM_Gen_Counter") || !strcasecmp(id, "VMGENCTR"));
}

static bool is_ours(acpi_handle handle)
{
	struct acpi_device_info *info;
	bool ours = false;
	u32 i;

	if (ACPI_FAILURE(acpi_get_object_info(handle, &info)))
		return false;
	if (info->valid & ACPI_VALID_HID)
		ours = is_our_id(info->hardware_id.string);
	if (info->valid & ACPI_VALID_CID)
		for (i = 0; i < info->compatible_id_list.count && !ours; i++)
			ours = is_our_id(info->compatible_id_list.ids[i].string);
	ACPI_FREE(info);
	return ours;
}

static acpi_status find_one(acpi_handle handle, u32 level, void *context, void **result)
{
	vmgenc_found *found = context;

	if (is_ours(handle))
		found(&vmgenc_acpi, handle);
	return AE_OK;
}

/*
 * Searches the namespace instead of binding a driver, because the kernel's own vmgenid may hold the
 * device, and the PNP core claims VMware's (its _CID lists PNP0C02). acpi_get_devices() skips
 * devices whose _STA says that they are absent.
 */
static int find(vmgenc_found *found)
{
	acpi_status status;

	if (acpi_disabled) /* a machine with a devicetree, or booted so */
		return 0;
	status = acpi_get_devices(NULL, find_one, found, NULL);
	if (ACPI_SUCCESS(status))
		return 0;
	pr_err("the ACPI namespace cannot be searched: %s\n", acpi_format_exception(status));
	return -ENODEV;
}

static int hold(struct vmgenc_device *dev, void *node)
{
	struct acpi_buffer path = { ACPI_ALLOCATE_BUFFER };

	if (ACPI_FAILURE(acpi_get_name(node, ACPI_FULL_PATHNAME, &path)))
		return -ENOMEM;
	dev->path = kstrdup(path.pointer, GFP_KERNEL);
	ACPI_FREE(path.pointer);
	dev->node = node;
	return dev->path ? 0 : -ENOMEM;
}

static void release(struct vmgenc_device *dev)
{
	kfree(dev->path);
}

static void read_package(const union acpi_object *obj, struct vmgenc_addr *addr)
{
	u32 i;

	memset(addr, 0, sizeof(*addr));
	addr->package = obj && obj->type == ACPI_TYPE_PACKAGE;
	if (!addr->package)
		return;
	addr->count = obj->package.count;
	for (i = 0; i < min_t(u32, addr->count, 2); i++) {
		const union acpi_object *element = &obj->package.elements[i];

		addr->integer[i] = element->type == ACPI_TYPE_INTEGER;
		if (addr->integer[i])
			addr->value[i] = element->integer.value;
	}
}

static unsigned int phys_bits(void)
{
#ifdef CONFIG_X86
	return boot_cpu_data.x86_phys_bits;
#else
	return 8 * sizeof(phys_addr_t);
#endif
}

/* ADDR is a Name on some hosts, a Method on others; ACPICA returns a copy. */
static int locate(struct vmgenc_device *dev)
{
	struct acpi_buffer result = { ACPI_ALLOCATE_BUFFER };
	struct vmgenc_addr addr;
	const char *wrong;
	acpi_status status;
	uint64_t phys;
	int error;

	status = acpi_evaluate_object(dev->node, "ADDR", NULL, &result);
	if (ACPI_FAILURE(status)) {
		pr_err("%s: ADDR cannot be evaluated: %s\n", dev->path,
		       acpi_format_exception(status));
		return status == AE_NOT_FOUND ? -ENOENT : -EIO;
	}
	read_package(result.pointer, &addr);
	ACPI_FREE(result.pointer);
	wrong = vmgenc_core_address(&addr, phys_bits(), &phys, &error);
	if (wrong) {
		pr_err("%s: ADDR %s {%#llx, %#llx}\n", dev->path, wrong, addr.value[0],
		       addr.value[1]);
		return error;
	}
	dev->phys = phys;
	dev->phys_end = phys + VMGENC_ID_SIZE - 1;
	dev->reserved = false; /* the kernel's resources say what the firmware reserves */
	return 0;
}

/* Microsoft defines 0x80; other values do not concern the id. */
static void on_notify(acpi_handle handle, u32 value, void *context)
{
	if (value == 0x80)
		vmgenc_kick(context, VMGENC_TRIGGER_NOTIFY);
}

static int notify_start(struct vmgenc_device *dev)
{
	acpi_status status;

	if (!vmgenc_param_notify)
		return 0;
	status = acpi_install_notify_handler(dev->node, ACPI_DEVICE_NOTIFY, on_notify, dev);
	if (ACPI_FAILURE(status)) {
		pr_err("%s: no notify handler can be installed: %s\n", dev->path,
		       acpi_format_exception(status));
		return -EIO;
	}
	return 0;
}

/* Waits for a handler that is running. */
static void notify_stop(struct vmgenc_device *dev)
{
	acpi_status status;

	if (!vmgenc_param_notify)
		return;
	status = acpi_remove_notify_handler(dev->node, ACPI_DEVICE_NOTIFY, on_notify);
	if (ACPI_FAILURE(status))
		pr_err("%s: the notify handler cannot be removed: %s\n", dev->path,
		       acpi_format_exception(status));
}

/*
 * The hypervisor's notification is an ACPI interrupt, which queues a work item, which runs an AML
 * method, which queues another work item. Comparing 16 bytes in the interrupt itself is earlier
 * than all of them. The handler runs with ACPICA's GPE lock held, so it only compares and wakes.
 */
static bool early_installed;

static u32 on_sci(void *context)
{
	struct vmgenc_device *dev;

	list_for_each_entry(dev, &vmgenc_devices, link)
		if (vmgenc_core_pending(&dev->core))
			vmgenc_kick(dev, VMGENC_TRIGGER_EARLY);
	return ACPI_INTERRUPT_NOT_HANDLED;
}

/* Hardware-reduced ACPI has no such interrupt; there the notification comes first. */
static void early_start(void)
{
	acpi_status status;

	if (!vmgenc_param_notify || !vmgenc_param_sci)
		return;
	if (acpi_gbl_FADT.flags & ACPI_FADT_HW_REDUCED)
		return;
	status = acpi_install_sci_handler(on_sci, NULL);
	if (ACPI_FAILURE(status)) {
		pr_warn("the ACPI interrupt cannot be handled, only the notification: %s\n",
			acpi_format_exception(status));
		return;
	}
	early_installed = true;
}

/* Removal takes the GPE lock, so no handler runs afterwards. */
static void early_stop(void)
{
	acpi_status status;

	if (!early_installed)
		return;
	status = acpi_remove_sci_handler(on_sci);
	if (ACPI_FAILURE(status))
		pr_err("the handler of the ACPI interrupt cannot be removed: %s\n",
		       acpi_format_exception(status));
	early_installed = false;
}

const struct vmgenc_front vmgenc_acpi = {
	.address = "ADDR",
	.find = find,
	.hold = hold,
	.release = release,
	.locate = locate,
	.notify_start = notify_start,
	.notify_stop = notify_stop,
	.early_start = early_start,
	.early_stop = early_stop,
};
