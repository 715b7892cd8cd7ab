// SPDX-License-Identifier: BSD-2-Clause
/* driver/linux: finds what the kernel does not export, so that the driver can see whether its hooks
 * are where they should be. */
#include "device.h"

#ifdef CONFIG_KPROBES
#include <linux/kprobes.h>

/*
 * register_kprobe() looks a symbol up, function or data, before it refuses data. The address may be
 * a few bytes into a function. No unexported function is called.
 */
void *vmgenc_symbol(const char *name)
{
	struct kprobe probe = { .symbol_name = name };

	if (register_kprobe(&probe) == 0)
		unregister_kprobe(&probe);
	return IS_ERR(probe.addr) ? NULL : probe.addr;
}
#else
void *vmgenc_symbol(const char *name)
{
	return NULL;
}
#endif
