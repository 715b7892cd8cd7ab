/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/vm: decides how many clones may run at once. Clones share their parent's RAM until they
 * write to it, so the memory that is left decides, not a sum of sizes.
 */
#include <stdio.h>

#include "vm.h"

#define QEMU_MB 128 /* more than QEMU needs beside its guest's RAM */

/* MemAvailable, or 0 if it is not known. */
static unsigned long available_mb(void)
{
	FILE *f = fopen("/proc/meminfo", "re");
	unsigned long kb = 0;
	char line[128];

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "MemAvailable: %lu kB", &kb) == 1)
			break;
	}
	if (f)
		fclose(f);
	return kb >> 10;
}

/* Leave room for two: the clone started last may not have written to all of its RAM yet. */
bool memory_fits_clone(const struct machine *m)
{
	return available_mb() > 2ul * (m->memory_mb + m->initramfs_mb + QEMU_MB);
}
