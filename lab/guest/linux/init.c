/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/guest/linux: PID 1 of the lab's Linux machines. Mounts the file systems, maps the memory
 * shared with the host, loads the module and calls prove.c or run.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "linux.h"

#define CONSOLE_LEVEL 8
#define WARNINGS_ONLY 4

volatile struct lab_exchange *exchange;

void fail(const char *format, ...)
{
	char text[sizeof(exchange->error)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (!exchange) {
		/* Without the shared memory, use the console; the host shows its end. */
		fprintf(stderr, "vmgenc-lab guest: %s\n", text);
		reboot(RB_POWER_OFF);
	} else {
		memcpy((void *)exchange->error, text, sizeof(text));
		kmsg_copy_tail(exchange->log, sizeof(exchange->log));
		__atomic_store_n(&exchange->state, LAB_FAILED, __ATOMIC_RELEASE);
	}
	for (;;)
		pause();
}

static void mount_all(void)
{
	mkdir("/dev", 0755);
	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mkdir("/tmp", 01777);
	/* The kernel mounts devtmpfs for an initramfs only if it is configured to. */
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	int fd = open("/dev/console", O_RDWR);

	if (fd < 0)
		return;
	dup2(fd, 0);
	dup2(fd, 1);
	dup2(fd, 2);
	if (fd > 2)
		close(fd);
}

/*
 * The memory is a hole in the guest's RAM, reserved by memmap=. lab_exchange=ADDRESS,SIZE is on the
 * kernel's command line; the kernel passes words that it does not know to PID 1's environment.
 */
static void find_exchange(void)
{
	const char *where = getenv("lab_exchange");
	unsigned long address, size;
	int fd = open("/dev/mem", O_RDWR | O_CLOEXEC);

	if (!where || sscanf(where, "%lx,%lx", &address, &size) != 2)
		fail("no lab_exchange= on the kernel's command line");
	if (fd < 0)
		fail("cannot open /dev/mem: %s", strerror(errno));
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)address);

	if (memory == MAP_FAILED)
		fail("cannot map the exchange: %s", strerror(errno));
	close(fd);
	volatile struct lab_exchange *found = memory;

	if (found->magic != LAB_EXCHANGE_MAGIC || found->version != LAB_EXCHANGE_VERSION)
		fail("the host uses another version of the exchange");
	exchange = found;
}

/* lab_lockdown= on the command line, in place of lockdown=: see lab/vm/arguments.c. */
static void lock_down(void)
{
	const char *how = getenv("lab_lockdown");
	int fd;

	if (!how)
		return;
	mount("securityfs", "/sys/kernel/security", "securityfs", 0, NULL);
	fd = open("/sys/kernel/security/lockdown", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, how, strlen(how)) < 0)
		fail("cannot lock the kernel down (lockdown=%s): %s", how, strerror(errno));
	close(fd);
}

/* Credit the seed: it is fresh from the host, and the guest then need not gather entropy. */
static void seed_kernel(void)
{
	struct {
		struct rand_pool_info info;
		uint8_t seed[32];
	} pool = {.info = {.entropy_count = 256, .buf_size = 32}};
	int fd = open("/dev/urandom", O_WRONLY);
	uint8_t byte;

	memcpy(pool.seed, (const void *)exchange->seed, sizeof(pool.seed));
	if (fd < 0 || ioctl(fd, RNDADDENTROPY, &pool))
		fail("cannot seed the kernel's random generator: %s", strerror(errno));
	close(fd);
	if (syscall(SYS_getrandom, &byte, 1, 0) != 1)
		fail("getrandom: %s", strerror(errno));
}

static void load_module(void)
{
	int fd = open("/vmgenc.ko", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || !exchange->load_module)
		return;
	exchange->refused = 0;
	if (syscall(SYS_finit_module, fd, (const char *)exchange->module_args, 0))
		exchange->refused = (uint32_t)errno;
	if (exchange->refused && (!exchange->may_refuse || exchange->refused == ENOEXEC))
		fail("the kernel refused the module: %s%s", strerror(errno),
		     errno == ENOEXEC ? " (it is built for another kernel)" : "");
	close(fd);
	exchange->module_loaded = !exchange->refused;
}

/* Load the module that provides /dev/vmclock0, for the page that the host writes. */
static void load_clock(void)
{
	int fd = open("/vmclock.ko", O_RDONLY | O_CLOEXEC);
	char parameters[40];

	snprintf(parameters, sizeof(parameters), "address=%lu",
		 strtoul(getenv("lab_exchange"), NULL, 16) + LAB_CLOCK_OFFSET);
	if (syscall(SYS_finit_module, fd, parameters, 0))
		fail("the kernel refused /vmclock.ko: %s", strerror(errno));
	close(fd);
}

int main(void)
{
	struct utsname name;

	mount_all();
	catch_crashes();
	find_exchange();
	/* Silence the console: its purpose is served, and the serial line would disturb the draws.
	 */
	klogctl(CONSOLE_LEVEL, NULL, WARNINGS_ONLY);
	uname(&name);
	snprintf((char *)exchange->release, sizeof(exchange->release), "%.64s", name.release);
	seed_kernel();
	firmware_open_hole();
	lock_down();
	load_module();
	if (exchange->vmclock)
		load_clock();
	if (exchange->mode == LAB_MODE_RUN)
		run();
	prove();
}
