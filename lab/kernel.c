/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lab: which release a kernel image is, from its boot header (Linux: x86/boot.rst, "HdrS" and
 * kernel_version).
 */
#include <errno.h>
#include <string.h>

#include "lab.h"

int kernel_release(const char *path, char *release, size_t size)
{
	unsigned char header[0x210] = "";
	FILE *f = fopen(path, "re");

	if (!f)
		return lab_fail(EXIT_ENVIRONMENT, "cannot open the kernel %s: %s", path,
				strerror(errno));
	if (fread(header, 1, sizeof(header), f) != sizeof(header) ||
	    memcmp(header + 0x202, "HdrS", 4)) {
		fclose(f);
		return lab_fail(EXIT_ENVIRONMENT,
				"%s is not a Linux kernel image (bzImage) for x86; it is usually "
				"called vmlinuz-RELEASE",
				path);
	}
	long at = 0x200 + (header[0x20e] | header[0x20f] << 8);

	release[0] = '\0';
	if (!fseek(f, at, SEEK_SET) && fgets(release, (int)size, f))
		release[strcspn(release, " \n")] = '\0';
	fclose(f);
	return 0;
}
