/* SPDX-License-Identifier: BSD-2-Clause */
/* test/freebsd/guest: counting what a program in a FreeBSD guest checks; and its few calls. */
#ifndef TEST_FREEBSD_CHECK_H
#define TEST_FREEBSD_CHECK_H

#include "freebsd.h"
#include "vmgenc_abi.h"

#define NODE "/dev/vmgenc"
#define MODULE "/vmgenc.ko"
#define PAGE 4096l

static unsigned int passed, failed;

static void say(const char *format, ...)
{
	char text[400];
	va_list args;

	va_start(args, format);
	fb_format(text, sizeof(text), format, args);
	va_end(args);
	fb_syscall(SYS_write, 1l, text, fb_length(text));
}

static inline void check(bool good, const char *what, long got)
{
	if (good)
		passed++;
	else
		failed++;
	if (!good)
		say("FAIL %s (%d)\n", what, (int)got);
}

static inline int conclude(void)
{
	say("%u passed, %u failed\n", passed, failed);
	return failed || !passed;
}

static inline long open_node(long flags)
{
	return fb_syscall(SYS_open, NODE, flags, 0l);
}

static inline long map_page(long fd, long page, long protection)
{
	return fb_syscall(SYS_mmap, NULL, PAGE, protection, (long)FB_MAP_SHARED, fd, page * PAGE);
}

static inline long sync_node(long fd, struct vmgenc_event *event)
{
	return fb_syscall(SYS_ioctl, fd, FB_VMGENC_SYNC, event);
}

#endif
