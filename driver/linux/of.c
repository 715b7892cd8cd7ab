// SPDX-License-Identifier: BSD-2-Clause
/* driver/linux: the devicetree - finding nodes, the id's address, and the interrupt. */
#include <linux/interrupt.h>
#include <linux/of.h>
#include <linux/of_address.h>
#include <linux/of_irq.h>
#include <linux/slab.h>

#include "device.h"

/*
 * Searches the tree instead of binding a driver, because the kernel's own vmgenid may hold the
 * device. The binding is Linux's: Documentation/devicetree/bindings/rng/microsoft,vmgenid.yaml.
 */
static int find(vmgenc_found *found)
{
	struct device_node *node;

	for_each_compatible_node(node, NULL, "microsoft,vmgenid")
		if (of_device_is_available(node))
			found(&vmgenc_of, node);
	return 0;
}

static int hold(struct vmgenc_device *dev, void *node)
{
	dev->path = kasprintf(GFP_KERNEL, "%pOF", node);
	if (!dev->path)
		return -ENOMEM;
	dev->node = of_node_get(node);
	return 0;
}

static void release(struct vmgenc_device *dev)
{
	of_node_put(dev->node);
	kfree(dev->path);
}

/* Whether the tree reserves memory that holds all of this page. */
static bool is_reserved(phys_addr_t page)
{
	struct device_node *parent = of_find_node_by_path("/reserved-memory"), *child;
	struct resource res;
	bool found = false;

	for_each_available_child_of_node(parent, child)
		if (!of_address_to_resource(child, 0, &res) && res.start <= page &&
		    res.end >= page + PAGE_SIZE - 1)
			found = true;
	of_node_put(parent);
	return found;
}

static const char *judge(const struct resource *reg, uint64_t *phys, int *error)
{
	const struct vmgenc_addr addr = {
		.package = true,
		.count = 2,
		.integer = { true, true },
		.value = { lower_32_bits(reg->start), upper_32_bits(reg->start) },
	};

	*error = -EINVAL;
	if (resource_size(reg) < VMGENC_ID_SIZE)
		return "is shorter than the id, which has 16 bytes";
	return vmgenc_core_address(&addr, 8 * sizeof(phys_addr_t), phys, error);
}

/* The binding has one entry. With more, it is not known which one has the id. */
static int locate(struct vmgenc_device *dev)
{
	struct resource reg, second;
	const char *wrong;
	uint64_t phys;
	int error;

	if (of_address_to_resource(dev->node, 0, &reg)) {
		pr_err("%s: there is no reg that gives an address\n", dev->path);
		return -ENOENT;
	}
	if (!of_address_to_resource(dev->node, 1, &second)) {
		pr_err("%s: reg has more than one entry\n", dev->path);
		return -EINVAL;
	}
	wrong = judge(&reg, &phys, &error);
	if (wrong) {
		pr_err("%s: reg %s %pR\n", dev->path, wrong, &reg);
		return error;
	}
	dev->phys = phys;
	dev->phys_end = reg.end;
	dev->reserved = is_reserved(phys & PAGE_MASK);
	return 0;
}

/*
 * The look itself is made here, with interrupts off, before anything else runs. Other devices may
 * share the line, and the kernel's own driver does; their interrupts find the id unchanged and are
 * not notifications. Only a change can be told from those, so spurious ones are not counted.
 */
static irqreturn_t on_interrupt(int irq, void *context)
{
	struct vmgenc_device *dev = context;

	if (!vmgenc_core_differs(&dev->core))
		return IRQ_NONE;
	vmgenc_core_look(&dev->core, VMGENC_TRIGGER_NOTIFY);
	return IRQ_HANDLED;
}

/* Without an interrupt the id is looked at by draws and by the periodic look. */
static int notify_start(struct vmgenc_device *dev)
{
	int error;

	dev->irq = 0;
	if (!vmgenc_param_notify)
		return 0;
	error = of_irq_get(dev->node, 0);
	if (error > 0) {
		dev->irq = error;
		error = request_irq(dev->irq, on_interrupt, IRQF_SHARED, "vmgenc", dev);
	} else if (!error) {
		error = -ENXIO;
	}
	if (error) {
		pr_warn("%s: no interrupt notifies of a change (error %d)\n", dev->path, -error);
		dev->irq = 0;
	}
	return 0;
}

static void notify_stop(struct vmgenc_device *dev)
{
	if (dev->irq)
		free_irq(dev->irq, dev);
	dev->irq = 0;
}

const struct vmgenc_front vmgenc_of = {
	.address = "reg",
	.find = find,
	.hold = hold,
	.release = release,
	.locate = locate,
	.notify_start = notify_start,
	.notify_stop = notify_stop,
};
