// SPDX-License-Identifier: BSD-2-Clause
/* driver/linux: the hypervisor's page - mapped for the driver, and who else may map it. */
#include <linux/io.h>
#include <linux/ioport.h>

#include "device.h"

static bool disjoint_from_ram(phys_addr_t start, size_t size)
{
	return region_intersects(start, size, IORESOURCE_SYSTEM_RAM, IORES_DESC_NONE) ==
	       REGION_DISJOINT;
}

static bool all_zero_but_the_id(const u8 *page, u32 offset)
{
	u32 after = offset + VMGENC_ID_SIZE;

	return !memchr_inv(page, 0, offset) && !memchr_inv(page + after, 0, PAGE_SIZE - after);
}

/*
 * The page may also hold ACPI tables or other firmware data (Hyper-V, Xen, Firecracker), so
 * unless it is exclusive, mapping it is for those who may read any physical memory.
 */
static u32 raw_access(const u8 *page, u32 offset)
{
	if (!strcmp(vmgenc_param_raw, "all"))
		return VMGENC_RAW_MAPPABLE;
	if (!strcmp(vmgenc_param_raw, "rawio") || !all_zero_but_the_id(page, offset))
		return VMGENC_RAW_MAPPABLE | VMGENC_RAW_PRIVILEGED;
	return VMGENC_RAW_MAPPABLE;
}

/*
 * Cacheable (rule R1e). The whole page is mapped only where all of it is the firmware's and
 * the id does not straddle two; otherwise just the id, and programs get no raw page.
 */
int vmgenc_os_map(struct vmgenc_core *core, uint64_t phys)
{
	struct vmgenc_device *dev = vmgenc_device_of(core);
	u32 offset = offset_in_page(phys);
	phys_addr_t page = phys - offset;
	bool whole = offset + VMGENC_ID_SIZE <= PAGE_SIZE && disjoint_from_ram(page, PAGE_SIZE);

	if (!disjoint_from_ram(phys, VMGENC_ID_SIZE)) {
		vmgenc_os_log(core, VMGENC_LOG_ERROR, "ADDR %#llx is RAM that the kernel uses",
			      (unsigned long long)phys);
		return -EBUSY;
	}
	if (whole)
		dev->mapping = memremap(page, PAGE_SIZE, MEMREMAP_WB);
	else
		dev->mapping = memremap(phys, VMGENC_ID_SIZE, MEMREMAP_WB);
	if (!dev->mapping) {
		vmgenc_os_log(core, VMGENC_LOG_ERROR, "ADDR %#llx cannot be mapped",
			      (unsigned long long)phys);
		return -ENOMEM;
	}
	core->raw = dev->mapping + (whole ? offset : 0);
	core->page->id_offset = offset;
	core->page->flags = whole ? raw_access(dev->mapping, offset) : 0;
	return 0;
}

void vmgenc_os_unmap(struct vmgenc_core *core)
{
	struct vmgenc_device *dev = vmgenc_device_of(core);

	core->raw = NULL;
	memunmap(dev->mapping);
	dev->mapping = NULL;
}
