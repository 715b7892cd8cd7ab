/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: vmgenc doctor - which hypervisor this is, by DMI, ACPI or CPUID, and what its administrator
 * has to do so that copies are told and nothing else is taken for one. */
#include <stdio.h>
#include <string.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#include "cmd.h"
#include "doctor.h"

struct host {
	const char *name;
	const char *file, *mark; /* what one of its files of DMI has; NULL: not told by it */
	const char *device;	 /* the _HID of its generation device; NULL: others have it too */
	const char *cpuid;	 /* NULL: not told by it, or another's */
	const char *offer;	 /* how the device is had there */
	bool has_fw_cfg;	 /* QEMU's: it says which machine this is while it runs */
	const char *notes[4];
};

#define DMI "/sys/class/dmi/id/"
#define TABLES "/sys/firmware/qemu_fw_cfg/by_name/etc/smbios/smbios-tables/raw"
#define GENID "libvirt: <genid/> in the domain's XML"
#define SAVED                                                                                      \
	"a host that saves this machine when it shuts down, or rolls it back while it runs, "      \
	"makes a copy of it as far as can be told from here: if it is never cloned while it "      \
	"runs, write change=rollback into " VMGENC_MACHINE
#define TOLD                                                                                       \
	"a change while this machine runs is a copy if its host then gives it another product "    \
	"UUID (QEMU: -uuid), and a rollback if it is the same: where clones that run are started " \
	"with the original's, write change=copy into " VMGENC_MACHINE
#define FW_CFG                                                                                     \
	"modprobe qemu_fw_cfg, and a file in /etc/modules-load.d, let a rollback be told from a "  \
	"clone by the product UUID that the host then gives"
#define VIRT_CLONE                                                                                 \
	"virt-clone keeps the original's id; a copy is told at its first boot by its product "     \
	"UUID and network cards, which virt-clone replaces"

#define PROXMOX_OFFER "qm set ID --vmgenid 1"
#define AWS_OFFER "AWS: x86 instances of the Nitro system have it"
#define AWS_NOTE                                                                                   \
	"what AWS does with the id, the product UUID and the cards of a copy was not tried; "      \
	"cloud-init's instance tells a copied disk at its first boot"
#define FIRECRACKER_OFFER "Firecracker gives it to its machines, on x86"
#define FIRECRACKER_NOTE                                                                           \
	"each restore of a snapshot gives a new id and so makes a copy: if this machine is only "  \
	"saved and restored, and never cloned while it runs, write change=rollback "               \
	"into " VMGENC_MACHINE

/* The first that fits counts: Proxmox is a QEMU, AWS had Xen before Nitro, and others play Hyper-V
 * for their guests. */
static const struct host hosts[] = {
	{.name = "AWS",
	 .file = DMI "sys_vendor",
	 .mark = "Amazon EC2",
	 .device = "AMZN0000",
	 .offer = AWS_OFFER,
	 .notes = {AWS_NOTE}},
	{.name = "AWS, on Xen",
	 .file = DMI "bios_version",
	 .mark = "amazon",
	 .offer = AWS_OFFER,
	 .notes = {AWS_NOTE}},
	{.name = "Xen",
	 .file = "/sys/hypervisor/type",
	 .mark = "xen",
	 .cpuid = "XenVMMXenVMM",
	 .offer = "xl: ms_vm_genid = \"generate\" in the domain's file, HVM guests only",
	 .notes =
		 {"xl restore FILE keeps the id that was saved, so that copies cannot be told: use "
		  "xl restore CFG FILE",
		  "name uuid and mac in the domain's file: xl makes up new ones for each start "
		  "otherwise",
		  SAVED}},
	{.name = "Proxmox",
	 .file = DMI "bios_vendor",
	 .mark = "Proxmox",
	 .offer = PROXMOX_OFFER,
	 .has_fw_cfg = true},
	{.name = "Proxmox",
	 .file = "/sys/class/net/*/address",
	 .mark = "bc:24:11", /* by which it is told without its OVMF, since Proxmox VE 8.1 */
	 .offer = PROXMOX_OFFER,
	 .has_fw_cfg = true},
	{.name = "OpenStack",
	 .file = DMI "sys_vendor",
	 .mark = "OpenStack",
	 .offer = GENID ", where Nova writes it",
	 .has_fw_cfg = true},
	{.name = "VMware",
	 .file = DMI "sys_vendor",
	 .mark = "VMware",
	 .cpuid = "VMwareVMware",
	 .offer = "vm.genid in the .vmx file, which vSphere writes",
	 .notes =
		 {"vSphere changes vm.genid with each clone, and when it reverts to a snapshot: if "
		  "this machine is never cloned while it runs, write change=rollback "
		  "into " VMGENC_MACHINE}},
	{.name = "Hyper-V",
	 .file = DMI "product_name",
	 .mark = "Virtual Machine",
	 .cpuid = "Microsoft Hv",
	 .offer = "Hyper-V gives it to its machines; hardware-isolated ones have no id",
	 .notes = {"a checkpoint that is applied while the machine runs cannot be told from a "
		   "clone: "
		   "if it is never cloned while it runs, write change=rollback "
		   "into " VMGENC_MACHINE}},
	{.name = "bhyve",
	 .file = DMI "product_name",
	 .mark = "BHYVE",
	 .cpuid = "bhyve bhyve ",
	 .offer = "bhyve on x86 gives it to its machines",
	 .notes = {"bhyve changes the id without telling; the driver finds it at a draw, at a sync "
		   "or within a second"}},
	{.name = "Firecracker",
	 .device = "VMGENCTR",
	 .offer = FIRECRACKER_OFFER,
	 .notes = {FIRECRACKER_NOTE}},
	{.name = "Firecracker",
	 .device = "FCVMGID",
	 .offer = FIRECRACKER_OFFER,
	 .notes = {FIRECRACKER_NOTE}},
	{.name = "QEMU, by itself or under libvirt or Proxmox",
	 .file = DMI "sys_vendor",
	 .mark = "QEMU",
	 .offer = "QEMU: -device vmgenid,guid=auto; " GENID "; Proxmox: " PROXMOX_OFFER,
	 .has_fw_cfg = true,
	 .notes = {VIRT_CLONE}},
	{.name = "KVM under libvirt",
	 .file = DMI "sys_vendor",
	 .mark = "Red Hat",
	 .offer = GENID,
	 .has_fw_cfg = true,
	 .notes = {VIRT_CLONE}},
	{.name = "KVM, by QEMU or libvirt",
	 .cpuid = "KVMKVMKVM",
	 .offer = "QEMU: -device vmgenid,guid=auto; " GENID,
	 .has_fw_cfg = true,
	 .notes = {VIRT_CLONE}},
};
#define COUNT (sizeof(hosts) / sizeof(hosts[0]))

/* The hypervisor's name by the processor; "" where it says none, or another system is looked at. */
static void read_cpuid(char name[13])
{
	*name = '\0';
#if defined(__x86_64__) || defined(__i386__)
	unsigned int a, b, c, d;

	if (*doctor_root || !__get_cpuid(1, &a, &b, &c, &d) || !(c & (1u << 31)))
		return;
	__cpuid(0x40000000, a, b, c, d);
	memcpy(name, &b, 4);
	memcpy(name + 4, &c, 4);
	memcpy(name + 8, &d, 4);
	name[12] = '\0';
#endif
}

static const struct host *find(void)
{
	char cpuid[13];

	for (size_t i = 0; i < COUNT; i++) {
		if (hosts[i].file && doctor_any_has(hosts[i].file, hosts[i].mark))
			return &hosts[i];
	}
	for (size_t i = 0; i < COUNT; i++) {
		if (hosts[i].device &&
		    doctor_any_has("/sys/bus/acpi/devices/*/hid", hosts[i].device))
			return &hosts[i];
	}
	read_cpuid(cpuid);
	for (size_t i = 0; i < COUNT; i++) {
		if (hosts[i].cpuid && !strcmp(hosts[i].cpuid, cpuid))
			return &hosts[i];
	}
	return NULL;
}

const char *doctor_offer(void)
{
	const struct host *h = find();

	return h ? h->offer : "QEMU: -device vmgenid,guid=auto";
}

void doctor_host(void)
{
	const struct host *h = find();

	if (!h)
		return;
	note("the host is %s", h->name);
	for (size_t i = 0; i < sizeof(h->notes) / sizeof(h->notes[0]) && h->notes[i]; i++)
		note("%s", h->notes[i]);
	if (h->has_fw_cfg)
		note("%s", doctor_there(TABLES) ? TOLD : SAVED);
	if (h->has_fw_cfg && !doctor_there(TABLES))
		note("%s", FW_CFG);
#ifndef __FreeBSD__
	if (!doctor_there(DMI "product_uuid"))
		note("the host gives this machine no product UUID (QEMU: -uuid; Firecracker has "
		     "none), so that a copied disk is not told from a power cycle: identity= in %s "
		     "says it",
		     VMGENC_MACHINE);
#endif
}
