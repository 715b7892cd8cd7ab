/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/lib: what a process holds, so that a test sees what the library forgot to give back. */
#ifndef VMGENC_HELD_H
#define VMGENC_HELD_H

#include <dirent.h>
#include <stdio.h>
#include <string.h>

static inline int held_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

/* Mappings of the file at path with these permissions, as /proc/self/maps writes them. */
static inline int held_mappings(const char *path, const char *permissions)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	int n = 0;

	while (maps && fgets(line, sizeof(line), maps))
		n += strstr(line, path) && strstr(line, permissions);
	if (maps)
		fclose(maps);
	return n;
}

#endif
