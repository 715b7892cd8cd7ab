/* SPDX-License-Identifier: BSD-2-Clause */
/* lab/host: how much memory this host has left. */
#include "host.h"

unsigned long lab_available_mb(void)
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
