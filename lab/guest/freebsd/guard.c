/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/guest/freebsd: the calls of libvmgenc that a FreeBSD guest needs, without the C library that
 * libvmgenc needs. vmgenc_changed() is the real one.
 */
#include <string.h>

#include "system.h"

#define PAGE 4096l

static struct {
	struct vmgenc public;
	long fd;
	const volatile struct vmgenc_page *page;
	bool race_free;
} device;

static void *map(long number)
{
	long memory = fb_syscall(SYS_mmap, NULL, PAGE, (long)FB_PROT_READ, (long)FB_MAP_SHARED,
				 device.fd, number * PAGE);

	return memory < 0 ? NULL : (void *)memory;
}

int vmgenc_open(struct vmgenc **vg, const char *source)
{
	*vg = NULL;
	device.fd = fb_syscall(SYS_open, source + sizeof("dev:") - 1, (long)FB_O_RDONLY, 0l);
	if (device.fd < 0)
		return device.fd == -FB_ENOENT ? -FB_ENODEV : (int)device.fd;
	device.page = map(0);
	if (!device.page || device.page->magic != VMGENC_PAGE_MAGIC)
		return -FB_EINVAL;
	device.public.hot = &device.page->generation;
	const char *raw = map(1);

	if (raw) {
		device.public.hot = (const volatile uint64_t *)(raw + device.page->id_offset);
		device.race_free = true;
	}
	*vg = &device.public;
	return 0;
}

int vmgenc_fd(const struct vmgenc *vg)
{
	(void)vg;
	return (int)device.fd;
}

/* The device's pages are mapped, so their words are all that this must check. */
bool vmgenc_differs(const struct vmgenc *vg, const struct vmgenc_mark *mark, uint64_t difference)
{
	(void)vg;
	(void)mark;
	return difference != 0;
}

int vmgenc_sync(struct vmgenc *vg, struct vmgenc_mark *mark, int timeout_ms)
{
	struct vmgenc_event event;
	long err;

	(void)vg;
	(void)timeout_ms;
	while ((err = fb_syscall(SYS_ioctl, device.fd, FB_VMGENC_SYNC, &event)) != 0) {
		if (err != -FB_EAGAIN)
			return (int)err;
		sleep_ns(10000000);
	}
	if (device.race_free)
		memcpy(mark->seen, event.id, sizeof(mark->seen));
	else
		memcpy(mark->seen, &event.generation, sizeof(mark->seen));
	return 0;
}

int vmgenc_status(struct vmgenc *vg, struct vmgenc_status *st)
{
	struct vmgenc_page page;
	uint32_t seq;

	(void)vg;
	do {
		seq = device.page->seq;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		memcpy(&page, (const void *)device.page, sizeof(page));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (seq % 2 || device.page->seq != seq);
	st->guarantee = device.race_free ? VMGENC_RACE_FREE : VMGENC_NOTIFIED;
	st->flags = page.flags;
	st->generation = page.generation;
	st->settled = page.settled;
	memcpy(st->id, page.id, sizeof(st->id));
	st->changed_ns = page.changed_ns;
	st->changes = page.changes;
	st->spurious = page.spurious;
	st->rekeys = page.rekeys;
	st->rekey_failures = page.rekey_failures;
	return 0;
}
