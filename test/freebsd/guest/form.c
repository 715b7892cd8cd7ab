/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/freebsd/guest: says in one line what the kernel has before anything is loaded, and so which
 * of our modules it needs: "driver" (it has none), "companion" (it has FreeBSD's own driver) or
 * "none" (ours is compiled in); then its version, and whether it has WITNESS and Fenestras X.
 */
#include "check.h"

static bool has_module(const char *name)
{
	return fb_syscall(SYS_modfind, name) >= 0;
}

static bool has_sysctl(const char *name)
{
	char value[8];

	return fb_sysctl(name, value, sizeof(value)) >= 0;
}

int main(void)
{
	const char *form = "driver";
	int version = 0;

	fb_sysctl("kern.osreldate", &version, sizeof(version));
	if (open_node(FB_O_RDONLY) >= 0)
		form = "none";
	else if (has_module("acpi/vmgenc"))
		form = "companion";
	say("form %s version %d witness %d fenestras %d\n", form, version,
	    has_sysctl("debug.witness.watch"), !has_sysctl("kern.random.fortuna.minpoolsize"));
	return 0;
}
