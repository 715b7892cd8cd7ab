/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/freebsd/guest: /dev/vmgenc and the sysctls on a real kernel. With the argument "driver"
 * the raw page needs PRIV_DRIVER (hw.vmgenc.raw=driver), else everyone may map it.
 */
#include <string.h>

#include "check.h"

#define EVFILT_READ -1
#define EV_ADD 1

static struct vmgenc_event event;

static void reading(long fd)
{
	struct fb_pollfd p = {.fd = (int)fd, .events = FB_POLLIN};
	long got;

	check(fb_syscall(SYS_poll, &p, 1l, 0l) == 1, "a new descriptor polls readable", p.revents);
	got = fb_syscall(SYS_read, fd, &event, sizeof(event) - 1);
	check(got == -FB_EINVAL, "a read shorter than an event is EINVAL", got);
	got = fb_syscall(SYS_read, fd, &event, sizeof(event));
	check(got == sizeof(event) && event.generation == 1, "the first read returns at once", got);
	got = fb_syscall(SYS_read, fd, &event, sizeof(event));
	check(got == -FB_EAGAIN, "the second, without a change, is EAGAIN", got);
	p.revents = 0;
	check(!fb_syscall(SYS_poll, &p, 1l, 0l), "and polls not readable", p.revents);
}

static void events(long fd)
{
	struct fb_kevent change = {.ident = (uint64_t)fd, .filter = EVFILT_READ, .flags = EV_ADD};
	struct fb_timespec none = {0, 0};
	long queue = fb_syscall(SYS_kqueue);
	struct fb_kevent got;
	long fresh = open_node(FB_O_RDONLY), n;

	/* nevents and the timeout are the fifth and sixth argument */
	n = fb_syscall(SYS_kevent, queue, &change, 1l, &got, 1l, &none);
	check(n == 0, "kqueue(2): nothing for a descriptor that has read", n);
	change.ident = (uint64_t)fresh;
	n = fb_syscall(SYS_kevent, queue, &change, 1l, &got, 1l, &none);
	check(n == 1 && got.ident == (uint64_t)fresh, "kqueue(2): an event for a new one", n);
	fb_syscall(SYS_close, fresh);
	fb_syscall(SYS_close, queue);
}

static void mapping(long fd)
{
	long first = map_page(fd, 0, FB_PROT_READ), second = map_page(fd, 1, FB_PROT_READ);
	const struct vmgenc_page *page = (const struct vmgenc_page *)first;
	long err;

	check(first > 0 && page->magic == VMGENC_PAGE_MAGIC, "page 0 is the generation page",
	      first);
	check(first > 0 && page->settled == page->generation, "it is settled", 0);
	check(first > 0 && !(page->flags & VMGENC_PREDICTABLE), "and its jitter counts",
	      first > 0 ? page->flags : 0);
	check(second > 0 && !memcmp((const char *)second + page->id_offset, page->id, 16),
	      "page 1 is the hypervisor's, with the same id", second);
	check(!memcmp(event.id, page->id, 16), "and so is sync's", 0);
	err = map_page(fd, 0, FB_PROT_READ | FB_PROT_WRITE);
	check(err == -FB_EPERM || err == -FB_EACCES, "no page can be mapped for writing", err);
	err = fb_syscall(SYS_mprotect, first, PAGE, (long)(FB_PROT_READ | FB_PROT_WRITE));
	check(err == -FB_EACCES, "nor be made writable later", err);
	err = map_page(fd, 2, FB_PROT_READ);
	check(err == -FB_EINVAL, "there is no third page", err);
	err = open_node(FB_O_RDWR);
	check(err == -FB_EPERM || err == -FB_EACCES, "root cannot open for writing either", err);
	fb_syscall(SYS_munmap, first, PAGE);
	fb_syscall(SYS_munmap, second, PAGE);
}

static void sysctls(void)
{
	uint8_t guid[32];
	uint64_t generation = 0;
	uint32_t flags = ~0u;
	long got = fb_sysctl("dev.vmgenc.0.guid", guid, sizeof(guid));

	check(got == 16, "dev.vmgenc.0.guid has 16 bytes", got);
	check(!memcmp(guid, event.id, 16), "the id", 0);
	got = fb_sysctl("dev.vmgenc.0.generation", &generation, sizeof(generation));
	check(got == sizeof(generation) && generation == event.generation,
	      "dev.vmgenc.0.generation is the generation", (long)generation);
	got = fb_sysctl("dev.vmgenc.0.flags", &flags, sizeof(flags));
	check(got == sizeof(flags) && !(flags & VMGENC_PREDICTABLE),
	      "dev.vmgenc.0.flags says so", (long)flags);
}

/* What a user without any privilege may; the child's status is how many checks failed. */
static void unprivileged(bool driver)
{
	int status = -1;
	long pid = fb_syscall(SYS_fork);

	if (pid) {
		fb_syscall(SYS_wait4, pid, &status, 0l, NULL);
		check(!status, "an unprivileged user is given what it may have", status >> 8);
		return;
	}
	failed = 0;
	check(!fb_syscall(SYS_setuid, 1001l), "setuid(1001)", 0);
	long fd = open_node(FB_O_RDONLY), raw = map_page(fd, 1, FB_PROT_READ);

	check(fd >= 0, "anyone may open the device", fd);
	check(map_page(fd, 0, FB_PROT_READ) > 0, "anyone may map page 0", 0);
	check(driver ? raw == -FB_EPERM : raw > 0, "page 1 as hw.vmgenc.raw says", raw);
	check(!sync_node(fd, &event), "anyone may sync", 0);
	fb_syscall(SYS_exit, (long)failed);
}

int main(int argc, char **argv)
{
	bool driver = argc > 1 && !strcmp(argv[1], "driver");
	long fd = open_node(FB_O_RDONLY | FB_O_NONBLOCK), err;

	check(fd >= 0, "the device opens", fd);
	err = sync_node(fd, &event);
	check(!err && event.settled == event.generation, "sync returns once rekeyed", err);
	reading(fd);
	err = sync_node(fd, &event);
	check(!err && event.generation == 1, "without a change sync changes nothing", err);
	events(fd);
	mapping(fd);
	sysctls();
	err = fb_syscall(SYS_ioctl, fd, 0x20004701l, NULL);
	check(err == -FB_ENOTTY, "another ioctl is ENOTTY", err);
	unprivileged(driver);
	return conclude();
}
