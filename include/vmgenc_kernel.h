/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For other kernel modules on Linux: to be told, after the random generator was rekeyed, that
 * this machine is now another one. On FreeBSD the eventhandler acpi_vmgenc_event does this.
 */
#ifndef VMGENC_KERNEL_H
#define VMGENC_KERNEL_H

#include <linux/notifier.h>

#include "vmgenc_abi.h"

/*
 * The callback gets action 0 and a const struct vmgenc_event *, valid during the call, in
 * process context, after settled has reached that generation: it may sleep and draw random
 * numbers. Generations come in their order, each at most once; those that follow one another
 * faster than listeners return are told as the last of them, and generation 1 is not told. It
 * delays the listeners behind it, but no rekey and no program's sync. It must not call
 * vmgenc_unregister_notifier().
 *
 * Both may sleep and return 0; register returns -EEXIST for a block that is registered
 * (kernels before 5.13: undetected), unregister -ENOENT for one that is not. Unregister waits
 * for a callback that is running. Exported for GPL-compatible modules.
 */
int vmgenc_register_notifier(struct notifier_block *nb);
int vmgenc_unregister_notifier(struct notifier_block *nb);

#endif /* VMGENC_KERNEL_H */
