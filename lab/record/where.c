/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/record: names this machine's hypervisor, kernel and driver, and nothing that tells which
 * machine it is.
 */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "host/host.h"
#include "record.h"

static void read_line(const char *path, char *text, size_t size)
{
	FILE *f = fopen(path, "re");

	*text = '\0';
	if (f && fgets(text, (int)size, f))
		text[strcspn(text, "\n")] = '\0';
	if (f)
		fclose(f);
	clean_line(text);
}

/* The hypervisor's own 12 letters, such as KVMKVMKVM or Microsoft Hv; "" where there are none. */
static void signature(char text[13])
{
	memset(text, 0, 13);
#if defined(__x86_64__)
	unsigned int a, b, c, d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & 1u << 31))
		return;
	__cpuid(0x40000000, a, b, c, d);
	memcpy(text, &b, 4);
	memcpy(text + 4, &c, 4);
	memcpy(text + 8, &d, 4);
	clean_line(text);
#endif
}

void where_am_i(struct recording_head *h)
{
	char vendor[24], product[24], letters[13], version[24];
	struct utsname name;

	read_line("/sys/class/dmi/id/sys_vendor", vendor, sizeof(vendor));
	read_line("/sys/class/dmi/id/product_name", product, sizeof(product));
	signature(letters);
	snprintf(h->hypervisor, sizeof(h->hypervisor), "%s%s%s%s%s%s", vendor, *vendor ? " " : "",
		 product, *letters ? " (" : "", letters, *letters ? ")" : "");
	if (!*h->hypervisor)
		snprintf(h->hypervisor, sizeof(h->hypervisor), "unknown");
	if (!uname(&name))
		snprintf(h->kernel, sizeof(h->kernel), "%.60s", name.release);
	read_line("/sys/module/vmgenc/version", version, sizeof(version));
	if (*version)
		snprintf(h->driver, sizeof(h->driver), "vmgenc %s", version);
	else if (!access("/sys/bus/acpi/drivers/vmgenid", F_OK) ||
		 !access("/sys/bus/platform/drivers/vmgenid", F_OK))
		snprintf(h->driver, sizeof(h->driver), "the kernel's vmgenid");
	else
		snprintf(h->driver, sizeof(h->driver), "none");
}
