/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vmgenc's notifier for other kernel modules on Linux, called after the random generator was
 * rekeyed for a change of the machine. On FreeBSD, use the eventhandler acpi_vmgenc_event.
 */
#ifndef VMGENC_KERNEL_H
#define VMGENC_KERNEL_H

#include <linux/notifier.h>

#include "vmgenc_abi.h"

/*
 * The callback gets action 0 and a const struct vmgenc_event *, which is valid during the call. It
 * runs in process context, after settled has reached that generation, so it may sleep and draw
 * random numbers. Generations are announced in order, each at most once. If several follow one
 * another faster than the callbacks return, only the last one is announced; generation 1 is not
 * announced. A callback delays the callbacks after it, but no rekey and no program's sync. It must
 * not call vmgenc_unregister_notifier().
 *
 * Both functions may sleep and return 0 on success. Register returns -EEXIST for a block that is
 * already registered (not detected by kernels before 5.13), unregister -ENOENT for one that is not.
 * Unregister waits for a running callback. Exported for GPL-compatible modules.
 */
int vmgenc_register_notifier(struct notifier_block *nb);
int vmgenc_unregister_notifier(struct notifier_block *nb);

#endif /* VMGENC_KERNEL_H */
