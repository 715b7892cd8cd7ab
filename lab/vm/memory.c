/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/vm: how many clones may run at once. Their RAM is their parent's until they write to it, so
 * it is the memory that is left, not a sum, that says whether one more fits.
 */
#include <stdio.h>

#include "vm.h"

#define QEMU_MB 128 /* what a QEMU needs beside its guest's RAM, and more */

/* MemAvailable; 0 where it is not known. */
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

/* Those started last may not have written to all of their RAM yet: one more than this one. */
bool memory_fits_clone(const struct machine *m)
{
	return available_mb() > 2ul * (m->memory_mb + m->initramfs_mb + QEMU_MB);
}
