/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/freebsd/guest: loads and unloads the module 50 times: used, unused, and while it is still
 * at its first rekey; not while a program has the device. At last the kernel's log is searched.
 */
#include <string.h>

#include "check.h"

#define CYCLES 50

static char log_text[131072];

/* Fails if a load, the device, its sysctl or the unload does not work. */
static bool cycle(bool use)
{
	struct vmgenc_event event = {.generation = 0};
	uint8_t guid[16];
	long id = fb_syscall(SYS_kldload, MODULE);
	bool good = id > 0;

	if (use) {
		long fd = open_node(FB_O_RDONLY);

		good &= fd >= 0 && !sync_node(fd, &event) && event.settled == event.generation;
		good &= fb_sysctl("dev.vmgenc.0.guid", guid, sizeof(guid)) == sizeof(guid);
		good &= !memcmp(guid, event.id, sizeof(guid));
		fb_syscall(SYS_close, fd);
	}
	good &= !fb_syscall(SYS_kldunload, id);
	return good && open_node(FB_O_RDONLY) == -FB_ENOENT;
}

/* Fails if a device in use can go away, or cannot once it is not in use. */
static void in_use(void)
{
	long id = fb_syscall(SYS_kldload, MODULE);
	long fd = open_node(FB_O_RDONLY);
	long page = map_page(fd, 0, FB_PROT_READ);
	long err = fb_syscall(SYS_kldunload, id);

	check(err == -FB_EBUSY, "unloading while the device is open is EBUSY", err);
	fb_syscall(SYS_close, fd);
	err = fb_syscall(SYS_kldunload, id);
	check(err == -FB_EBUSY, "unloading while a page is mapped is EBUSY", err);
	check(((const struct vmgenc_page *)page)->magic == VMGENC_PAGE_MAGIC,
	      "the mapping outlives the attempts", 0);
	fb_syscall(SYS_munmap, page, PAGE);
	err = fb_syscall(SYS_kldunload, id);
	check(!err, "then it unloads", err);
}

/* With "witness" the kernel has to have it: then it must have seen what arc4rand.ko does. */
static void search_log(bool witness)
{
	char line[200];
	uint8_t byte;

	fb_log(log_text, sizeof(log_text));
	if (fb_complaint(log_text, line, sizeof(line)))
		say("the kernel says: %s\n", line);
	check(!line[0], "the kernel does not complain", 0);
	if (!witness)
		return;
	fb_sysctl("debug.vmgenc_reversal", &byte, sizeof(byte));
	fb_log(log_text, sizeof(log_text));
	check(fb_complaint(log_text, line, sizeof(line)), "a lock order reversal would be seen", 0);
}

int main(int argc, char **argv)
{
	int watch;

	for (int i = 0; i < CYCLES; i++)
		check(cycle(i % 2), "a cycle of load and unload", i);
	in_use();
	bool witness = fb_sysctl("debug.witness.watch", &watch, sizeof(watch)) > 0;

	say("WITNESS: %s\n", witness ? "yes" : "no");
	if (argc > 1 && !strcmp(argv[1], "witness"))
		check(witness, "this kernel has WITNESS", 0);
	search_log(witness);
	return conclude();
}
