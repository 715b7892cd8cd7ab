/* SPDX-License-Identifier: BSD-2-Clause */
/* test/vm: a 32-bit program reads, maps and asks both nodes. It needs no C library of 32 bits. */
#include <linux/errno.h>
#include <stddef.h>
#include <stdint.h>

#include "../../include/vmgenc_abi.h"

#define SET_WATCHER_TRACKING 0xE401u
#define WAIT_WATCHERS 0xE402u
#define TRIGGER_GEN_UPDATE 0xE403u
#define O_RDWR 2
#define POLLIN 1

_Static_assert(sizeof(void *) == 4, "this is no program of 32 bits");
_Static_assert(sizeof(struct vmgenc_event) == 40, "the event has another size");
_Static_assert(offsetof(struct vmgenc_event, changed_ns) == 32, "the event has other fields");
_Static_assert(offsetof(struct vmgenc_page, changed_ns) == 48, "the page has other fields");
_Static_assert(sizeof(struct vmgenc_page) == 120, "the page has another size");

enum { EXIT = 1, READ = 3, WRITE = 4, OPEN = 5, IOCTL = 54, POLL = 168, MMAP2 = 192 };

static unsigned int passed, failed;

static long call(long number, long a, long b, long c)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(a), "c"(b), "d"(c)
			 : "memory");
	return result;
}

/* Of a file, from its start, shared, for reading. */
static const void *map(long fd)
{
	register long flags __asm__("esi") = 1, descriptor __asm__("edi") = fd;
	long result;

	__asm__ volatile("push %%ebp; xor %%ebp, %%ebp; int $0x80; pop %%ebp"
			 : "=a"(result)
			 : "a"(MMAP2), "b"(0), "c"(4096), "d"(1), "r"(flags), "r"(descriptor)
			 : "memory");
	return result < 0 && result > -4096 ? NULL : (const void *)result;
}

static void print(const char *text)
{
	long size = 0;

	while (text[size])
		size++;
	call(WRITE, 1, (long)text, size);
}

static void print_number(unsigned int n)
{
	char digit[2] = {(char)('0' + n % 10), '\0'};

	if (n > 9)
		print_number(n / 10);
	print(digit);
}

static void check(_Bool good, const char *what)
{
	print(good ? "ok " : "FAIL ");
	print(what);
	print("\n");
	*(good ? &passed : &failed) += 1;
}

static long ask(long fd, unsigned int command, const void *argument)
{
	return call(IOCTL, fd, (long)command, (long)argument);
}

static _Bool is_readable(long fd)
{
	struct {
		int fd;
		short events, revents;
	} want = {(int)fd, POLLIN, 0};

	return call(POLL, (long)&want, 1, 0) == 1 && want.revents == POLLIN;
}

static _Bool same(const struct vmgenc_event *a, const struct vmgenc_event *b)
{
	const uint32_t *x = (const void *)a, *y = (const void *)b;

	for (size_t i = 0; i < sizeof(*a) / 4; i++) {
		if (x[i] != y[i])
			return 0;
	}
	return 1;
}

static void vmgenc(void)
{
	long fd = call(OPEN, (long)"/dev/vmgenc", 0, 0);
	const struct vmgenc_page *page = map(fd);
	struct vmgenc_event event, synced;

	check(fd >= 0 && page, "vmgenc_opens_and_maps");
	if (fd < 0 || !page)
		return;
	check(call(READ, fd, (long)&event, sizeof(event)) == sizeof(event) && event.generation,
	      "vmgenc_reads");
	check(!is_readable(fd), "vmgenc_polls");
	check(ask(fd, VMGENC_SYNC, &synced) == 0 && same(&event, &synced), "vmgenc_syncs");
	check(page->magic == VMGENC_PAGE_MAGIC && page->generation == event.generation &&
		      page->changed_ns == event.changed_ns && page->size == sizeof(*page),
	      "vmgenc_page_is_the_same");
	check(ask(fd, VMGENC_SYNC, (void *)8) == -EFAULT, "vmgenc_bad_address");
	check(ask(fd, 0xE404u, NULL) == -ENOTTY, "vmgenc_unknown_request");
}

static void sysgenid(void)
{
	long fd = call(OPEN, (long)"/dev/sysgenid", O_RDWR, 0);
	const volatile uint32_t *counter = map(fd);
	uint32_t now = 0;

	check(fd >= 0 && counter, "sysgenid_opens_and_maps");
	if (fd < 0 || !counter)
		return;
	uint32_t before = *counter;

	check(ask(fd, SET_WATCHER_TRACKING, (void *)1) == 0 && !is_readable(fd), "sysgenid_tracks");
	check(ask(fd, TRIGGER_GEN_UPDATE, (void *)(before + 5)) == 0 && *counter == before + 5,
	      "sysgenid_is_set");
	check(is_readable(fd) && call(READ, fd, (long)&now, 4) == 4 && now == before + 5,
	      "sysgenid_polls_and_reads");
	check(ask(fd, WAIT_WATCHERS, (void *)20) == -EINTR, "sysgenid_waits_for_itself");
	check(call(WRITE, fd, (long)&now, 4) == 4 && ask(fd, WAIT_WATCHERS, (void *)20) == 0,
	      "sysgenid_acks_and_waits");
	check(ask(fd, 0xE404u, NULL) == -EINVAL, "sysgenid_unknown_request");
}

void _start(void) __attribute__((force_align_arg_pointer, noreturn));

void _start(void)
{
	vmgenc();
	sysgenid();
	print_number(passed);
	print(" passed, ");
	print_number(failed);
	print(" failed\n");
	for (;;)
		call(EXIT, failed != 0, 0, 0);
}
