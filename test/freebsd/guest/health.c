/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/freebsd/guest: FreeBSD 15 discards the samples of a source during a health test that root
 * asks for, and after one that failed. The companion is loaded here, beside the kernel's own
 * driver, which keeps the source and so what is known of its health.
 */
#include <string.h>

#include "check.h"

static char log_text[131072];

/* Asks for a test of every source. */
static void ask(void)
{
	unsigned int mask = 0;

	fb_sysctl("kern.random.harvest.mask", &mask, sizeof(mask));
	long err = fb_sysctl_set("kern.random.nist_healthtest_ondemand", &mask, sizeof(mask));

	check(mask && !err, "a health test is asked for", err);
}

static bool said(const char *text)
{
	fb_log(log_text, sizeof(log_text));
	return strstr(log_text, text);
}

static long load(long *fd, struct vmgenc_event *event)
{
	long id = fb_syscall(SYS_kldload, MODULE);

	check(id > 0, "the module loads", id);
	*fd = open_node(FB_O_RDONLY);
	check(*fd >= 0, "the device opens", *fd);
	long err = sync_node(*fd, event);

	check(err || event->settled == event->generation, "sync does not lie",
	      (long)event->settled);
	if (err) {
		fb_syscall(SYS_read, *fd, event, sizeof(*event));
		check(event->settled < event->generation, "the page does not lie", 0);
	}
	return err ? err : id;
}

static void unload(long id, long fd)
{
	fb_syscall(SYS_close, fd);
	check(!fb_syscall(SYS_kldunload, id), "the module unloads", 0);
}

int main(void)
{
	struct vmgenc_event event = {.generation = 0};
	uint8_t byte;
	long fd, id;

	/* The test begins with the rekey's samples, and ends before they are believed. */
	ask();
	id = load(&fd, &event);
	check(id > 0, "settled after a test that passes", id);
	check(said("health test passed for source PURE_VMGENID"), "the kernel tested the source",
	      0);
	unload(id, fd);

	/* arc4rand.ko repeats a sample, which fails the test. */
	fb_sysctl("debug.vmgenc_repeat", &byte, sizeof(byte));
	check(said("health test failed for source PURE_VMGENID"), "the kernel failed the source",
	      0);
	id = load(&fd, &event);
	check(id == -FB_EIO, "not settled while samples are discarded", id);
	check(said("discards events of VMGENID"), "and the log says why", 0);

	/* Heard again. */
	ask();
	long err = sync_node(fd, &event);

	for (int i = 0; err && i < 50; i++) {
		fb_syscall(SYS_nanosleep, &(struct fb_timespec){0, 100000000}, NULL);
		err = sync_node(fd, &event);
	}
	check(!err && event.settled == event.generation, "settled once it is heard again", err);
	id = fb_syscall(SYS_kldfind, "vmgenc.ko");
	unload(id, fd);
	return conclude();
}
