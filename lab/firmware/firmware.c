/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/firmware: checks a guest's id and ACPI table before QEMU gets them.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "firmware.h"
#include "host/host.h"

bool firmware_is_id(const char *text)
{
	const char *pattern = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	for (; *pattern; pattern++, text++) {
		if (*pattern == 'x' ? !isxdigit((unsigned char)*text) : *text != '-')
			return false;
	}
	return !*text;
}

/* A table begins with its name and its length (ACPI 6.3, 5.2.6). */
int firmware_check(const struct firmware *f)
{
	unsigned char header[36] = "";

	if (!f->table)
		return 0;
	FILE *file = fopen(f->table, "re");

	if (!file)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "cannot open the ACPI table %s: %s", f->table,
				strerror(errno));
	size_t got = fread(header, 1, sizeof(header), file);
	long length = header[4] | header[5] << 8 | (long)header[6] << 16 | (long)header[7] << 24;
	bool whole = got == sizeof(header) && !fseek(file, 0, SEEK_END) && ftell(file) == length;

	fclose(file);
	return whole ? 0
		     : lab_fail(LAB_EXIT_ENVIRONMENT,
				"%s is not a whole compiled ACPI table; iasl makes one from ASL",
				f->table);
}
