// SPDX-License-Identifier: BSD-2-Clause
/* test/vm/listener: /dev/vmclock0 on a VMClock page at an address that is given, mapped as Linux's
 * ptp_vmclock maps a device's: for kernels and hypervisors that have neither. */
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>

static unsigned long address;
module_param(address, ulong, 0);

static int vmclock_mmap(struct file *file, struct vm_area_struct *vma)
{
	if ((vma->vm_flags & (VM_READ | VM_WRITE)) != VM_READ)
		return -EROFS;
	if (vma->vm_pgoff || vma->vm_end - vma->vm_start != PAGE_SIZE)
		return -EINVAL;
	return remap_pfn_range(vma, vma->vm_start, address >> PAGE_SHIFT, PAGE_SIZE,
			       vma->vm_page_prot);
}

static const struct file_operations fops = {
	.owner = THIS_MODULE,
	.mmap = vmclock_mmap,
};

static struct miscdevice node = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "vmclock0",
	.mode = 0444,
	.fops = &fops,
};

static int __init vmclock_init(void)
{
	if (!address || !PAGE_ALIGNED(address))
		return -EINVAL;
	return misc_register(&node);
}

static void __exit vmclock_exit(void)
{
	misc_deregister(&node);
}

module_init(vmclock_init);
module_exit(vmclock_exit);

MODULE_DESCRIPTION("Test of vmclock: sources on a page that the host writes");
MODULE_LICENSE("Dual BSD/GPL");
