/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd/hooks: the product UUID that QEMU gives this machine now. DMI's was copied into memory at the
 * boot and comes back with a snapshot; the tables in fw_cfg are those of the QEMU that runs. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "identity.h"
#include "trust.h"

#define TABLES "/sys/firmware/qemu_fw_cfg/by_name/etc/smbios/smbios-tables/raw"
#define TABLES_MAX 65536
#define SYSTEM 1  /* the type of the structure that has the UUID */
#define UUID_AT 8 /* in that structure */
#define HEADER 4  /* type, length and handle */
#define END_OF_TABLE 127

/* A structure's length leaves out the strings after it, which end with two zeros. */
static const uint8_t *find_system(const uint8_t *at, size_t size)
{
	const uint8_t *end = at + size;

	while (end - at >= HEADER && at[1] >= HEADER && at[1] <= end - at) {
		if (at[0] == SYSTEM)
			return at[1] >= UUID_AT + 16 ? at + UUID_AT : NULL;
		if (at[0] == END_OF_TABLE)
			return NULL;
		at += at[1];
		while (end - at >= 2 && (at[0] || at[1]))
			at++;
		if (end - at < 2)
			return NULL;
		at += 2;
	}
	return NULL;
}

bool smbios_uuid(const char *root, char text[33])
{
	static uint8_t tables[TABLES_MAX];
	char path[PATH_MAX];
	const uint8_t *uuid;
	size_t size = 0;
	ssize_t n = 1;
	struct trust file;

	if (snprintf(path, sizeof(path), "%s" TABLES, root) >= (int)sizeof(path) ||
	    trust_open(&file, NULL, path, O_RDONLY, 0))
		return false;
	while (n > 0 && size < sizeof(tables)) {
		n = read(file.fd, tables + size, sizeof(tables) - size);
		size += n > 0 ? (size_t)n : 0;
	}
	trust_close(&file);
	uuid = n < 0 ? NULL : find_system(tables, size);
	for (int i = 0; uuid && i < 16; i++)
		snprintf(text + 2 * i, 3, "%02x", uuid[i]);
	return uuid != NULL;
}
