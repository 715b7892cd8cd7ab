/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: vmgenc doctor - what kind of machine this is, and why it has no source. */
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "doctor.h"

bool doctor_there(const char *path)
{
	char full[PATH_MAX];

	snprintf(full, sizeof(full), "%s%s", doctor_root, path);
	return access(full, F_OK) == 0;
}

bool doctor_file_has(const char *path, const char *text)
{
	char full[PATH_MAX], *line = NULL;
	bool found = false;
	size_t size = 0;
	FILE *f;

	snprintf(full, sizeof(full), "%s%s", doctor_root, path);
	f = fopen(full, "re");
	while (f && !found && getdelim(&line, &size, '\n', f) > 0)
		found = strstr(line, text) != NULL;
	free(line);
	if (f)
		fclose(f);
	return found;
}

bool doctor_any_there(const char *pattern)
{
	char full[PATH_MAX];
	glob_t files;

	snprintf(full, sizeof(full), "%s%s", doctor_root, pattern);
	if (glob(full, GLOB_NOSORT, NULL, &files))
		return false;
	globfree(&files);
	return true;
}

bool doctor_any_has(const char *pattern, const char *text)
{
	char full[PATH_MAX];
	bool found = false;
	glob_t files;

	snprintf(full, sizeof(full), "%s%s", doctor_root, pattern);
	if (glob(full, 0, NULL, &files))
		return false;
	for (size_t i = 0; i < files.gl_pathc && !found; i++)
		found = doctor_file_has(files.gl_pathv[i] + strlen(doctor_root), text);
	globfree(&files);
	return found;
}

/* The kernel's first namespaces have fixed numbers (include/linux/proc_ns.h). */
static bool is_first(const char *name, const char *number)
{
	char full[PATH_MAX], target[64] = "";

	snprintf(full, sizeof(full), "%s/proc/self/ns/%s", doctor_root, name);
	return readlink(full, target, sizeof(target) - 1) <= 0 || strstr(target, number);
}

/*
 * A container has namespaces other than the machine's first ones. Files are no evidence: a
 * microVM whose root was made from a container's image has its /.dockerenv, too.
 */
static bool in_container(void)
{
	return !is_first("pid", "[4026531836]") || !is_first("cgroup", "[4026531835]");
}

/* On PCs, CPUID shows a hypervisor; elsewhere the firmware's vendor name has to do. */
static bool is_bare_metal(void)
{
	static const char *const makers[] = {"QEMU",	"KVM",	      "VMware",
					     "Xen",	"Amazon EC2", "Google Compute",
					     "Virtual", "Firecracker"};

	if (doctor_file_has("/proc/cpuinfo", "hypervisor") ||
	    doctor_there("/sys/hypervisor/type") || doctor_there("/proc/device-tree/hypervisor") ||
	    !doctor_there("/proc/cpuinfo"))
		return false;
	if (doctor_file_has("/proc/cpuinfo", "vendor_id"))
		return true;
	for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++) {
		if (doctor_any_has("/sys/class/dmi/id/*_[vn]*", makers[i]))
			return false;
	}
	return doctor_there("/sys/class/dmi/id/sys_vendor");
}

/* The device's ids, as Linux spells them in sysfs; a devicetree's node. */
bool doctor_device_offered(void)
{
	static const char *const ids[] = {"VM_GEN_COUNTER", "VM_Gen_Counter", "VMGENCTR"};

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		if (doctor_any_has("/sys/bus/acpi/devices/*/modalias", ids[i]) ||
		    doctor_any_has("/sys/bus/acpi/devices/*/hid", ids[i]))
			return true;
	}
	return doctor_any_has("/proc/device-tree/*/compatible", "microsoft,vmgenid");
}

static bool too_old(const char *release)
{
	int major = 0, minor = 0;

	return sscanf(release, "%d.%d", &major, &minor) == 2 &&
	       (major < 5 || (major == 5 && minor < 10));
}

/* dkms knows the sources: why has it not built the module? */
static void why_not_built(const char *release)
{
	char headers[PATH_MAX];

	snprintf(headers, sizeof(headers), "/lib/modules/%s/build/Makefile", release);
	if (!doctor_there(headers))
		bad("install them (Debian: the package linux-headers- with this release), then "
		    "dkms autoinstall and modprobe vmgenc",
		    "dkms cannot build the module vmgenc: the headers of the kernel %s are missing",
		    release);
	else if (doctor_any_has("/var/lib/dkms/vmgenc/*/build/make.log", ""))
		bad("see /var/lib/dkms/vmgenc/*/build/make.log, then dkms autoinstall",
		    "dkms could not build the module vmgenc for the kernel %s", release);
	else
		bad("dkms autoinstall, then modprobe vmgenc",
		    "dkms has not built the module vmgenc for the kernel %s", release);
}

/* By the kernel's log, a module that is not signed and one whose key is unknown are told apart. */
static void why_not_loaded(void)
{
	switch (doctor_signing()) {
	case SIGNING_FREE:
		bad("modprobe vmgenc, and put vmgenc in a file in /etc/modules-load.d",
		    "the hypervisor offers the device, but the module vmgenc is not loaded");
		break;
	case SIGNING_ENFORCED:
		bad("modprobe vmgenc; if its key is rejected, mokutil --import "
		    "/var/lib/dkms/mok.pub and reboot",
		    "the hypervisor offers the device, but the module vmgenc is not loaded, and "
		    "this kernel loads signed modules only");
		break;
	case SIGNING_UNSIGNED:
		bad("install it by dkms, which signs it, or sign it with a key of yours; SIGNING "
		    "in vmgenc(4) says how",
		    "this kernel loads signed modules only, and its log says that it refused one "
		    "without a signature");
		break;
	case SIGNING_UNKNOWN_KEY:
		bad("enrol the key: mokutil --import /var/lib/dkms/mok.pub, and reboot",
		    "this kernel loads signed modules only, and its log says that it refused one "
		    "whose key it does not know");
		break;
	}
}

/* There is a device, but no driver. */
static void why_no_module(const char *release)
{
	char list[PATH_MAX];

	snprintf(list, sizeof(list), "/lib/modules/%s/modules.dep", release);
	if (!doctor_there("/proc/modules"))
		bad("boot a kernel that loads modules",
		    "the hypervisor offers the device, but this kernel cannot load modules");
	else if (doctor_file_has("/proc/sys/kernel/modules_disabled", "1"))
		bad("load vmgenc earlier, from a file in /etc/modules-load.d, and reboot",
		    "the module vmgenc is not loaded, and loading of modules is disabled");
	else if (!doctor_file_has(list, "/vmgenc.ko") && doctor_there("/var/lib/dkms/vmgenc"))
		why_not_built(release);
	else if (!doctor_file_has(list, "/vmgenc.ko"))
		bad("build and install it for this kernel, then modprobe vmgenc",
		    "the hypervisor offers the device, but there is no module vmgenc for the "
		    "kernel %s",
		    release);
	else
		why_not_loaded();
}

/* Both keep to one interface, which is versioned; but what is described is this version. */
void doctor_driver_version(void)
{
	char full[PATH_MAX], version[32] = "";
	FILE *f;

	snprintf(full, sizeof(full), "%s/sys/module/vmgenc/version", doctor_root);
	f = fopen(full, "re");
	if (!f)
		return;
	if (fscanf(f, "%31s", version) == 1 && strcmp(version, VMGENC_VERSION) != 0)
		bad("install the same version of both, then reboot",
		    "the driver that is loaded is version %s, this program %s", version,
		    VMGENC_VERSION);
	fclose(f);
}

/* Reports only the first problem, from the hypervisor inwards, since it causes the others. */
void doctor_why_no_source(void)
{
	struct utsname kernel = {.release = ""};
	char remedy[256];

	uname(&kernel);
	snprintf(remedy, sizeof(remedy), "add one to the virtual machine; %s", doctor_offer());
	if (in_container())
		bad("give it the node, as with docker run --device /dev/vmgenc:/dev/vmgenc:r",
		    "this is a container without /dev/vmgenc%s",
		    doctor_there("/proc/sys/dev/vmgenc/0")
			    ? ", though its machine has the driver"
			    : " (check on its machine whether the driver is loaded)");
	else if (is_bare_metal())
		good("this is not a virtual machine, so it is not cloned");
	else if (doctor_there("/proc/sys/dev/vmgenc/0"))
		bad("see \"Services that cannot see the device\" in vmgenc-provider(7)",
		    "the driver is loaded, but this process cannot see /dev/vmgenc");
	else if (!doctor_device_offered())
		bad(remedy, "the hypervisor offers no VM Generation ID device");
	else if (too_old(kernel.release))
		bad("boot Linux 5.10 or later", "the kernel %s is too old for the driver",
		    kernel.release);
	else if (!doctor_there("/sys/module/vmgenc"))
		why_no_module(kernel.release);
	else
		bad("mount devtmpfs on /dev, or see the kernel's log",
		    "the module is loaded, but /dev/vmgenc is not there");
}
