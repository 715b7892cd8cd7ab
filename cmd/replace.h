/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: replaces a file by a new one and a rename, so that readers and a crash find the old one or
 * the new one, never half. */
#ifndef VMGENC_CMD_REPLACE_H
#define VMGENC_CMD_REPLACE_H

#include <stddef.h>
#include <sys/stat.h>

/*
 * Writes a new file in the directory, to the disk; like gives its owner and mode, NULL ours and
 * 0644. A file of this name that a killed run left is removed, not written to. Returns 0, or -errno
 * with no file left.
 */
int replace_write(int directory, const char *fresh, const void *data, size_t size,
		  const struct stat *like);

/* Gives the new file its final name, on the disk. Returns 0, or -errno with the new file removed.
 */
int replace_rename(int directory, const char *fresh, const char *name);

#endif
