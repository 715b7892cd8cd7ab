/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/guest/linux: for the matrix of hypervisors' firmware, moves a PCI device's memory to the
 * address of the hypervisor's page, counts ACPI interrupts and finds the driver of the VM
 * Generation ID device.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "linux.h"

#define BAR2 0x18 /* of 64 bits */
#define COMMAND 0x04
#define COMMAND_MEMORY 2

static uint64_t events_before;

static bool is_ivshmem(int config)
{
	static const uint8_t ids[4] = {0xf4, 0x1a, 0x10, 0x11};
	uint8_t found[4];

	return pread(config, found, sizeof(found), 0) == sizeof(found) &&
	       !memcmp(found, ids, sizeof(ids));
}

static bool move_bar(int config, uint64_t to)
{
	const uint16_t command = COMMAND_MEMORY;
	uint32_t half[2] = {(uint32_t)to, (uint32_t)(to >> 32)};

	return pwrite(config, &half[1], 4, BAR2 + 4) == 4 &&
	       pwrite(config, &half[0], 4, BAR2) == 4 &&
	       pwrite(config, &command, sizeof(command), COMMAND) == sizeof(command);
}

/* Move a PCI device's memory to where the hypervisor has its page from the start. */
void firmware_open_hole(void)
{
	bool moved = false;
	glob_t found;

	if (!exchange->hole)
		return;
	if (glob("/sys/bus/pci/devices/*/config", 0, NULL, &found))
		fail("no PCI device has a config space");
	for (size_t i = 0; i < found.gl_pathc && !moved; i++) {
		int fd = open(found.gl_pathv[i], O_RDWR | O_CLOEXEC);

		moved = fd >= 0 && is_ivshmem(fd) && move_bar(fd, exchange->hole);
		if (fd >= 0)
			close(fd);
	}
	globfree(&found);
	if (!moved)
		fail("cannot move the ivshmem device's memory to %#llx: %s",
		     (unsigned long long)exchange->hole, strerror(errno));
}

static uint64_t sci_events(void)
{
	unsigned long long n = 0;
	FILE *f = fopen("/sys/firmware/acpi/interrupts/sci", "re");

	if (!f) /* a machine with a devicetree */
		return 0;
	if (fscanf(f, "%llu", &n) != 1)
		n = 0;
	fclose(f);
	return n;
}

/* A line of /proc/interrupts: a number, a count for each CPU, and names. */
static uint64_t line_events(const char *line)
{
	const char *at = strchr(line, ':');
	uint64_t sum = 0;
	char *end;

	for (at = at ? at + 1 : line; *at; at = end) {
		unsigned long long n = strtoull(at, &end, 10);

		if (end == at)
			break;
		sum += n;
	}
	return sum;
}

/* A Generic Event Device's, or those of a devicetree's node. */
static uint64_t other_events(void)
{
	FILE *f = fopen("/proc/interrupts", "re");
	uint64_t sum = 0;
	char line[512];

	while (f && fgets(line, sizeof(line), f)) {
		if (strstr(line, "ACPI:Ged") || strstr(line, "vmgen"))
			sum += line_events(line);
	}
	if (f)
		fclose(f);
	return sum;
}

static uint64_t firmware_events(void)
{
	return sci_events() + other_events();
}

/* A driver has a device if its directory has a link to one. */
static enum lab_builtin driver_state(const char *path)
{
	enum lab_builtin state = LAB_BUILTIN_IDLE;
	struct dirent *entry;
	DIR *d = opendir(path);

	if (!d)
		return LAB_BUILTIN_NONE;
	while ((entry = readdir(d))) {
		if (entry->d_type == DT_LNK && strcmp(entry->d_name, "module"))
			state = LAB_BUILTIN_BOUND;
	}
	closedir(d);
	return state;
}

/* Match a line of /proc/iomem without indentation: "00000000-00000fff : Reserved". */
static void read_memory(void)
{
	unsigned long long first, last;
	FILE *f = fopen("/proc/iomem", "re");
	char line[256], name[200];

	exchange->memory[0] = '\0';
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%llx-%llx : %199[^\n]", &first, &last, name) == 3 &&
		    line[0] != ' ' && exchange->id_address >= first && exchange->id_address <= last)
			snprintf((char *)exchange->memory, sizeof(exchange->memory), "%.39s", name);
	}
	if (f)
		fclose(f);
}

static void read_guid(void)
{
	char text[sizeof(exchange->guid_text)] = "";
	FILE *f = fopen("/proc/sys/dev/vmgenc/0/guid", "re");

	if (f && fscanf(f, "%39s", text) != 1)
		text[0] = '\0';
	if (f)
		fclose(f);
	memcpy((void *)exchange->guid_text, text, sizeof(text));
}

void firmware_begin(void)
{
	if (!exchange->id_address)
		return;
	events_before = firmware_events();
}

void firmware_report(void)
{
	if (!exchange->id_address)
		return;
	enum lab_builtin platform = driver_state("/sys/bus/platform/drivers/vmgenid");
	enum lab_builtin acpi = driver_state("/sys/bus/acpi/drivers/vmgenid");

	exchange->builtin = platform > acpi ? platform : acpi;
	exchange->acpi_events = firmware_events() - events_before;
	read_guid();
	read_memory();
}
