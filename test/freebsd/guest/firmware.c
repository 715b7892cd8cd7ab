/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/freebsd/guest: what the module makes of test/firmware/bad.asl, with all its devices present
 * at once: "beside" QEMU's own, or "alone". arc4rand.ko is not needed; the module is loaded here.
 */
#include <string.h>

#include "check.h"

static const char *const bad[] = {"\\_SB_.VG01: ADDR cannot be evaluated: AE_NOT_FOUND",
				  "\\_SB_.VG02: ADDR cannot be evaluated: AE_AML_DIVIDE_BY_ZERO",
				  "\\_SB_.VG03: ADDR is not a package",
				  "\\_SB_.VG04: ADDR is not a package",
				  "\\_SB_.VG05: ADDR is not a package",
				  "\\_SB_.VG06: ADDR does not have two elements",
				  "\\_SB_.VG07: ADDR does not have two elements",
				  "\\_SB_.VG08: ADDR does not have two elements",
				  "\\_SB_.VG09: ADDR has an element that is not an integer",
				  "\\_SB_.VG10: ADDR has an element that is not an integer",
				  "\\_SB_.VG11: ADDR has an element that is not an integer",
				  "\\_SB_.VG12: ADDR is zero: the hypervisor has not configured",
				  "\\_SB_.VG13: ADDR is not 8-byte aligned",
				  "\\_SB_.VG14: ADDR is beyond the processor's physical addresses",
				  "\\_SB_.VG15: ADDR is beyond the processor's physical addresses",
				  "\\_SB_.VG16: ADDR 0x1000000 is RAM that the kernel uses",
				  "\\_SB_.VG19: ADDR 0xffff8 is RAM that the kernel uses"};
static char log_text[131072];

/* Fails if one is not refused, or not in one line that names the ACPI path and what is wrong. */
static void each_is_refused(void)
{
	fb_log(log_text, sizeof(log_text));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char path[16] = "";
		const char *line = strstr(log_text, bad[i]), *first;

		memcpy(path, bad[i], sizeof("\\_SB_.VG01: ") - 1);
		first = strstr(log_text, path);
		check(line != NULL, bad[i], 0);
		check(first && !strstr(first + 1, path), "and that once", (long)i);
	}
}

/* Fails if a bad device takes a good one with it, or gets a node. */
static void good_one_works(bool there)
{
	struct vmgenc_event event = {.generation = 0};
	long fd = open_node(FB_O_RDONLY), err;

	check(there ? fd >= 0 : fd == -FB_ENOENT, "only a good device has a node", fd);
	if (there) {
		err = sync_node(fd, &event);
		check(!err && event.settled == event.generation, "it works", err);
	}
	fb_syscall(SYS_close, fd);
	err = fb_syscall(SYS_open, NODE "1", (long)FB_O_RDONLY, 0l);
	check(err == -FB_ENOENT, "there is no second one", err);
}

int main(int argc, char **argv)
{
	bool beside = argc > 1 && !strcmp(argv[1], "beside");
	char line[200];

	/* Twice: what a refused device has taken must have been given back. */
	for (int i = 0; i < 2; i++) {
		fb_log_clear();
		long id = fb_syscall(SYS_kldload, MODULE);

		check(id > 0, "the module loads", id);
		each_is_refused();
		good_one_works(beside);
		check(!fb_syscall(SYS_kldunload, id), "and unloads", id);
	}
	fb_log(log_text, sizeof(log_text));
	if (fb_complaint(log_text, line, sizeof(line)))
		say("the kernel says: %s\n", line);
	check(!line[0], "the kernel does not complain", 0);
	return conclude();
}
