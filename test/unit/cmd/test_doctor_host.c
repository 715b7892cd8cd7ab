/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/cmd: vmgenc doctor - what it says to do on each hypervisor's host, by DMI and ACPI. */
#include <stdio.h>
#include <string.h>

#include "hooks_fixture.h"

static void says(const char *what)
{
	if (!strstr(result.out, what))
		fail_msg("\"%s\" does not say \"%s\"", result.out, what);
}

static int doctor(void)
{
	RUN(&result, "doctor", "--root", root, "--state", state_file, "--source", sim.source);
	return result.code;
}

/* A host that is told by this alone. */
static void is_host(const char *path, const char *content)
{
	has("sys", NULL);
	has(path, content);
	doctor();
}

#define DMI "sys/class/dmi/id/"

/* Fails if a host is not told, or is told something that belongs to another. */
static void each_host_is_told(void **unused)
{
	(void)unused;
	is_host("proc/cpuinfo", "flags : hypervisor");
	assert_null(strstr(result.out, "note "));
	is_host("sys/hypervisor/type", "xen");
	says("note  the host is Xen\n");
	says("use xl restore CFG FILE");
	says("name uuid and mac in the domain's file");
	is_host(DMI "sys_vendor", "VMware, Inc.");
	says("note  the host is VMware\n");
	says("vm.genid");
	is_host(DMI "product_name", "Virtual Machine");
	says("note  the host is Hyper-V\n");
	is_host(DMI "bios_vendor", "Proxmox distribution of EDK II");
	says("note  the host is Proxmox\n");
	assert_null(strstr(result.out, "virt-clone"));
	is_host("sys/class/net/eth0/address", "bc:24:11:00:12:34"); /* with SeaBIOS */
	says("note  the host is Proxmox\n");
	is_host(DMI "sys_vendor", "QEMU");
	says("note  the host is QEMU, by itself or under libvirt or Proxmox\n");
	says("virt-clone keeps the original's id");
	says("write change=rollback into /etc/vmgenc/machine");
	says("modprobe qemu_fw_cfg");
	says("no product UUID (QEMU: -uuid; Firecracker has none)");
	has("sys/firmware/qemu_fw_cfg/by_name/etc/smbios/smbios-tables/raw", "");
	doctor();
	says("and a rollback if it is the same");
	assert_null(strstr(result.out, "modprobe"));
	has(DMI "product_uuid", UUID_A);
	doctor();
	assert_null(strstr(result.out, "no product UUID"));
}

/* Fails if a host that is known by its device, or that another name hides, is not told. */
static void hosts_that_imitate_others(void **unused)
{
	(void)unused;
	is_host("sys/bus/acpi/devices/VMGENCTR:00/hid", "VMGENCTR");
	says("note  the host is Firecracker\n");
	says("each restore of a snapshot gives a new id");
	is_host("sys/bus/acpi/devices/FCVMGID:00/hid", "FCVMGID");
	says("note  the host is Firecracker\n");
	is_host("sys/bus/acpi/devices/MSFT1002:00/hid", "MSFT1002");
	has("sys/bus/acpi/devices/MSFT1002:00/modalias", "acpi:MSFT1002:VM_GEN_COUNTER:VMGENCTR:");
	doctor();
	assert_null(strstr(result.out, "Firecracker\n")); /* Hyper-V has that as a _CID */
	is_host("sys/bus/acpi/devices/AMZN0000:00/hid", "AMZN0000");
	says("note  the host is AWS\n");
	is_host("sys/bus/acpi/devices/AMZNC10C:00/hid", "AMZNC10C");
	assert_null(strstr(result.out, "the host is")); /* a VMClock, which others have, too */
	is_host(DMI "sys_vendor", "Amazon EC2");
	says("note  the host is AWS\n");
	is_host("sys/hypervisor/type", "xen");
	has(DMI "bios_version", "4.11.amazon");
	doctor();
	says("note  the host is AWS, on Xen\n");
	assert_null(strstr(result.out, "xl restore"));
	is_host(DMI "product_name", "BHYVE");
	says("note  the host is bhyve\n");
	says("at a sync or within a second");
}

/* Fails if the way to a device, or to its id, is that of another host. */
static void the_way_to_a_device(void **unused)
{
	(void)unused;
	sim.page->flags |= VMGENC_ID_UNFILLED;
	is_host("sys/hypervisor/type", "xen");
	assert_int_equal(result.code, 1);
	says("set one in the hypervisor; xl: ms_vm_genid = \"generate\"");
	is_host(DMI "sys_vendor", "QEMU");
	says("set one in the hypervisor; QEMU: -device vmgenid,guid=auto; libvirt: <genid/> in");
	says("Proxmox: qm set ID --vmgenid 1");
	is_host(DMI "sys_vendor", "VMware, Inc.");
	says("set one in the hypervisor; vm.genid in the .vmx file");
}

#define SHARE "usr/local/share/vmgenc/hooks/"

/* Fails if a hook is recommended that is on, or has nothing to replace here; or if the exit code
 * says that hooks have to be used. */
static void hooks_that_are_right(void **unused)
{
	static const char *const all[] = {"10-random-seed", "20-machine-id", "30-ssh-host-keys",
					  "40-dhcp", "50-journal"};
	char path[128];
	int before;

	(void)unused;
	before = doctor();
	assert_null(strstr(result.out, "hooks that are right"));
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		snprintf(path, sizeof(path), SHARE "%s", all[i]);
		has(path, "#!/bin/sh");
	}
	has("run/systemd/journal/socket", "");
	has("etc/machine-id", "id");
	has("etc/ssh/ssh_host_rsa_key", "key");
	assert_int_equal(doctor(), before);
	says("on every machine, and off: cd /usr/local/share/vmgenc/hooks/; install -m 755 "
	     "10-random-seed 50-journal /etc/vmgenc/hooks.d/\n");
	says("where copies become machines of their own, and off: cd "
	     "/usr/local/share/vmgenc/hooks/; install -m 755 20-machine-id 30-ssh-host-keys "
	     "/etc/vmgenc/hooks.d/\n");
	has("etc/vmgenc/hooks.d/20-machine-id", "#!/bin/sh");
	has("run/systemd/system/x", "");
	assert_int_equal(doctor(), 1);
	says("their service does not run: systemctl enable --now vmgenc-hooks\n");
	has("sys/fs/cgroup/system.slice/vmgenc-hooks.service/tasks", "");
	assert_int_equal(doctor(), before);
	says("install -m 755 30-ssh-host-keys /etc");
	has("usr/local/share/vmgenc/services", "# ours\nredis-server   # why\nexim4 # why");
	has("sys/fs/cgroup/system.slice/redis-server.service/tasks", "");
	assert_int_equal(doctor(), before);
	says("note  redis-server runs, and has a random generator of its own");
	assert_null(strstr(result.out, "exim4"));
	has("etc/vmgenc/services", "nginx\nredis-server");
	doctor();
	assert_null(strstr(result.out, "redis-server"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_host_is_told),
		TEST(hosts_that_imitate_others),
		TEST(the_way_to_a_device),
		TEST(hooks_that_are_right),
	};

	return cmocka_run_group_tests_name("vmgenc doctor: hosts", tests, NULL, NULL);
}
