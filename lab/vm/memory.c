/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/vm: decides how many clones may run at once. Clones share their parent's RAM until they
 * write to it, so the memory that is left decides, not a sum of sizes.
 */
#include "host/host.h"
#include "vm.h"

#define QEMU_MB 128 /* more than QEMU needs beside its guest's RAM */

/* Leave room for two: the clone started last may not have written to all of its RAM yet. */
bool memory_fits_clone(const struct machine *m)
{
	return lab_available_mb() > 2ul * (m->memory_mb + m->initramfs_mb + QEMU_MB);
}
