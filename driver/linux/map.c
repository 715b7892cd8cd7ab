// SPDX-License-Identifier: BSD-2-Clause
/* driver/linux: maps the hypervisor's page, and decides which programs may map it. */
#include <linux/capability.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/security.h>

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

static bool is_kind(phys_addr_t page, unsigned long kind)
{
	return region_intersects(page, PAGE_SIZE, IORESOURCE_MEM, kind) == REGION_INTERSECTS;
}

/* The kernel's own driver requests what a devicetree gives to the id. */
static int is_not_the_id(struct resource *res, void *arg)
{
	const struct vmgenc_device *dev = arg;

	return res->start < dev->phys || res->end > dev->phys_end;
}

/*
 * Whether the kernel's resources assign the page to a device. Its registers may read as zeros, and
 * reading them may have side effects, so not every program may map it. Memory that the firmware
 * reserves is in its own map, and nothing claims the address that AWS uses (0xfed01000, in the MMIO
 * hole). The resources are only looked up: requesting the region would exclude users of /dev/mem.
 */
static bool is_a_devices(struct vmgenc_device *dev, phys_addr_t page)
{
	if (is_kind(page, IORES_DESC_ACPI_NV_STORAGE) || is_kind(page, IORES_DESC_ACPI_TABLES))
		return false;
	/* A busy device may lie within what the firmware reserves as a whole. */
	if (walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_MEM | IORESOURCE_BUSY, page,
				page + PAGE_SIZE - 1, dev, is_not_the_id) == 1)
		return true;
	return !dev->reserved && !is_kind(page, IORES_DESC_RESERVED) &&
	       region_intersects(page, PAGE_SIZE, IORESOURCE_MEM, IORES_DESC_NONE) !=
		       REGION_DISJOINT;
}

/* True while the page holds the id and nothing else. */
static bool is_exclusive(struct vmgenc_device *dev)
{
	return !dev->raw_is_a_devices &&
	       all_zero_but_the_id(dev->mapping, offset_in_page(dev->phys));
}

/*
 * The page may also hold ACPI tables or other firmware data (Hyper-V, Xen, Firecracker). Unless it
 * holds only the id, mapping it needs the privilege to read any physical memory.
 */
static u32 raw_access(struct vmgenc_device *dev)
{
	if (!strcmp(vmgenc_param_raw, "all"))
		return VMGENC_RAW_MAPPABLE;
	if (!strcmp(vmgenc_param_raw, "rawio") || !is_exclusive(dev))
		return VMGENC_RAW_MAPPABLE | VMGENC_RAW_PRIVILEGED;
	return VMGENC_RAW_MAPPABLE;
}

/*
 * Checks at each mapping, because data may have been added to the page since attach. Lockdown
 * protects physical memory even from root, but a page with only an id needs no protection.
 */
int vmgenc_raw_may_be_mapped(struct vmgenc_device *dev)
{
	u32 flags = READ_ONCE(dev->core.page->flags);
	bool exclusive;

	if (!(flags & VMGENC_RAW_MAPPABLE))
		return -ENODEV;
	exclusive = is_exclusive(dev);
	if (!exclusive && !(flags & VMGENC_RAW_PRIVILEGED) && !strcmp(vmgenc_param_raw, "auto")) {
		vmgenc_os_lock(&dev->core);
		dev->core.page->flags |= VMGENC_RAW_PRIVILEGED;
		vmgenc_os_unlock(&dev->core);
		flags |= VMGENC_RAW_PRIVILEGED;
	}
	if (flags & VMGENC_RAW_PRIVILEGED && !capable(CAP_SYS_RAWIO))
		return -EPERM;
	return exclusive ? 0 : security_locked_down(LOCKDOWN_DEV_MEM);
}

/*
 * Cacheable (rule R1e). Maps the whole page if none of it is the kernel's RAM and the id does not
 * cross its end; otherwise only the id, and programs get no raw page.
 */
int vmgenc_os_map(struct vmgenc_core *core, uint64_t phys)
{
	struct vmgenc_device *dev = vmgenc_device_of(core);
	u32 offset = offset_in_page(phys);
	phys_addr_t page = phys - offset;
	bool whole = offset + VMGENC_ID_SIZE <= PAGE_SIZE && disjoint_from_ram(page, PAGE_SIZE);

	if (!disjoint_from_ram(phys, VMGENC_ID_SIZE)) {
		vmgenc_os_log(core, VMGENC_LOG_ERROR, "%s %#llx is RAM that the kernel uses",
			      dev->front->address, (unsigned long long)phys);
		return -EBUSY;
	}
	if (whole)
		dev->mapping = memremap(page, PAGE_SIZE, MEMREMAP_WB);
	else
		dev->mapping = memremap(phys, VMGENC_ID_SIZE, MEMREMAP_WB);
	if (!dev->mapping) {
		vmgenc_os_log(core, VMGENC_LOG_ERROR, "%s %#llx cannot be mapped",
			      dev->front->address, (unsigned long long)phys);
		return -ENOMEM;
	}
	core->raw = dev->mapping + (whole ? offset : 0);
	core->page->id_offset = offset;
	dev->raw_is_a_devices = whole && is_a_devices(dev, page);
	core->page->flags = whole ? raw_access(dev) : 0;
	return 0;
}

void vmgenc_os_unmap(struct vmgenc_core *core)
{
	struct vmgenc_device *dev = vmgenc_device_of(core);

	core->raw = NULL;
	memunmap(dev->mapping);
	dev->mapping = NULL;
}
