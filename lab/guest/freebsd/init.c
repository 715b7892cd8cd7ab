/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/guest/freebsd: PID 1 of the lab's FreeBSD machines. Maps the memory shared with the host,
 * loads the modules and calls prove.c or run.c. The kernel has already mounted / and /dev.
 */
#include <string.h>

#include "system.h"

#define KENV_GET 0

volatile struct lab_exchange *exchange;

void fail(const char *format, ...)
{
	char text[sizeof(exchange->error)];
	va_list args;

	va_start(args, format);
	fb_format(text, sizeof(text), format, args);
	va_end(args);
	if (!exchange) {
		/* Without the shared memory, use the console; the host shows its end. */
		fb_syscall(SYS_write, 2l, text, fb_length(text));
		fb_syscall(SYS_write, 2l, "\n", 1l);
		fb_syscall(SYS_reboot, (long)FB_RB_POWEROFF);
	} else {
		memcpy((void *)exchange->error, text, sizeof(text));
		log_copy_tail(exchange->log, sizeof(exchange->log));
		__atomic_store_n(&exchange->state, LAB_FAILED, __ATOMIC_RELEASE);
	}
	for (;;)
		sleep_ns(1000000000);
}

static void open_console(void)
{
	long fd = fb_syscall(SYS_open, "/dev/console", (long)FB_O_RDWR, 0l);

	for (long to = 0; fd >= 0 && to < 3; to++)
		fb_syscall(SYS_dup2, fd, to);
}

static uint64_t hexadecimal(const char **text)
{
	uint64_t n = 0;

	for (;; (*text)++) {
		char c = **text;

		if (c >= '0' && c <= '9')
			n = n << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			n = n << 4 | (uint64_t)(c - 'a' + 10);
		else
			return n;
	}
}

/* lab_exchange=ADDRESS,SIZE in the kernel's environment names a hole in the memory map. */
static void find_exchange(void)
{
	char where[64];
	const char *text = where;
	long length = fb_syscall(SYS_kenv, (long)KENV_GET, "lab_exchange", where, sizeof(where));
	long fd = fb_syscall(SYS_open, "/dev/mem", (long)FB_O_RDWR, 0l);

	if (length <= 0)
		fail("no lab_exchange in the kernel's environment");
	if (fd < 0)
		fail("cannot open /dev/mem: error %d", (int)-fd);
	uint64_t address = hexadecimal(&text);

	text++;
	long memory =
		fb_syscall(SYS_mmap, NULL, hexadecimal(&text), (long)(FB_PROT_READ | FB_PROT_WRITE),
			   (long)FB_MAP_SHARED, fd, address);

	if (memory < 0)
		fail("cannot map the exchange: error %d", (int)-memory);
	fb_syscall(SYS_close, fd);
	volatile struct lab_exchange *found = (volatile struct lab_exchange *)memory;

	if (found->magic != LAB_EXCHANGE_MAGIC || found->version != LAB_EXCHANGE_VERSION)
		fail("the host uses another version of the exchange");
	exchange = found;
}

static void load(const char *path)
{
	long id = fb_syscall(SYS_kldload, path);

	if (id < 0 && id != -FB_ENOENT)
		fail("the kernel refused %s: error %d", path, (int)-id);
	if (id >= 0 && !strcmp(path, "/vmgenc.ko"))
		exchange->module_loaded = 1;
}

int main(void)
{
	uint8_t byte;

	open_console();
	find_exchange();
	fb_sysctl("kern.osrelease", (char *)exchange->release, sizeof(exchange->release) - 1);
	/* Complaints of the kernel from here on are about what the lab does. */
	fb_log_clear();
	system_random(LAB_GETRANDOM, &byte, sizeof(byte));
	load("/arc4rand.ko");
	if (exchange->load_module)
		load("/vmgenc.ko");
	load("/companion.ko");
	if (exchange->mode == LAB_MODE_RUN)
		run();
	prove();
}
