// SPDX-License-Identifier: BSD-2-Clause
/* driver/linux: /proc/sys/dev/vmgenc/N/guid, generation, settled and flags. */
#include <linux/kernel.h>

#include "device.h"

static int show(vmgenc_ctl_table *table, const char *text, int write, void *buffer, size_t *lenp,
		loff_t *ppos)
{
	struct ctl_table line = {
		.data = (void *)text,
		.maxlen = strlen(text) + 1,
	};

	if (write)
		return -EPERM;
	return proc_dostring(&line, 0, buffer, lenp, ppos);
}

/* As text in Microsoft's byte order, like QEMU's guid=. */
static int show_guid(vmgenc_ctl_table *table, int write, void *buffer, size_t *lenp, loff_t *ppos)
{
	struct vmgenc_device *dev = table->extra1;
	struct vmgenc_event event;
	char text[UUID_STRING_LEN + 1];

	vmgenc_core_event(&dev->core, &event);
	snprintf(text, sizeof(text), "%pUl", event.id);
	return show(table, text, write, buffer, lenp, ppos);
}

static int show_number(vmgenc_ctl_table *table, u64 number, int write, void *buffer, size_t *lenp,
		       loff_t *ppos)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", number);
	return show(table, text, write, buffer, lenp, ppos);
}

static int show_generation(vmgenc_ctl_table *table, int write, void *buffer, size_t *lenp,
			   loff_t *ppos)
{
	struct vmgenc_device *dev = table->extra1;
	struct vmgenc_event event;

	vmgenc_core_event(&dev->core, &event);
	return show_number(table, event.generation, write, buffer, lenp, ppos);
}

static int show_settled(vmgenc_ctl_table *table, int write, void *buffer, size_t *lenp,
			loff_t *ppos)
{
	struct vmgenc_device *dev = table->extra1;
	struct vmgenc_event event;

	vmgenc_core_event(&dev->core, &event);
	return show_number(table, event.settled, write, buffer, lenp, ppos);
}

static int show_flags(vmgenc_ctl_table *table, int write, void *buffer, size_t *lenp, loff_t *ppos)
{
	struct vmgenc_device *dev = table->extra1;

	return show_number(table, READ_ONCE(dev->core.page->flags), write, buffer, lenp, ppos);
}

int vmgenc_sysctl_start(struct vmgenc_device *dev)
{
	char path[32];
	int i;

	dev->sysctl[0].procname = "guid";
	dev->sysctl[0].proc_handler = show_guid;
	dev->sysctl[1].procname = "generation";
	dev->sysctl[1].proc_handler = show_generation;
	dev->sysctl[2].procname = "settled";
	dev->sysctl[2].proc_handler = show_settled;
	dev->sysctl[3].procname = "flags";
	dev->sysctl[3].proc_handler = show_flags;
	for (i = 0; i < 4; i++) {
		dev->sysctl[i].mode = 0444;
		dev->sysctl[i].extra1 = dev;
	}

	snprintf(path, sizeof(path), "dev/vmgenc/%u", dev->unit);
	dev->sysctl_header = vmgenc_register_sysctl(path, dev->sysctl, 4);
	if (!dev->sysctl_header) {
		vmgenc_os_log(&dev->core, VMGENC_LOG_ERROR, "/proc/sys/%s cannot be created", path);
		return -ENOMEM;
	}
	return 0;
}

void vmgenc_sysctl_stop(struct vmgenc_device *dev)
{
	unregister_sysctl_table(dev->sysctl_header);
	dev->sysctl_header = NULL;
}
