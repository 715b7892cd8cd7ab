/* SPDX-License-Identifier: BSD-2-Clause */
/* test/vm: how the module reaches the kernel's generator, what it says while it cannot, and what a
 * sibling's owner knows. Needs test/vm/listener: vmgenc-lab run --file listener.ko ... rekey */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "check.h"
#include "guest.h"
#include "rawid.h"

#define LOADER "rekey_from=1"
#define WORKER "rekey_from=2"
#define CALLER "rekey_from=4"
#define NOBODY "rekey_from=0"
#define NOT_HAD "nothing can be rekeyed: no /dev/urandom is found"
#define HAD "is rekeyed now"

static struct vmgenc_page page(void)
{
	struct vmgenc_page copy = { .magic = 0 };
	int fd = open(NODE, O_RDONLY | O_CLOEXEC);
	void *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);

	close(fd);
	CHECK(p != MAP_FAILED);
	memcpy(&copy, p, sizeof(copy));
	munmap(p, 4096);
	return copy;
}

static bool settled(const struct vmgenc_page *p)
{
	return p->settled == p->generation && !(p->flags & VMGENC_LACKS_REKEY);
}

static void change_is_settled(void)
{
	struct vmgenc_event event;

	rawid_change();
	CHECK(node_sync(&event));
	CHECK(event.settled == event.generation);
}

/* Fails if a boot on which nothing is wrong counts a failure, which would make alarms worthless. */
static void healthy_boot_counts_no_failure(void)
{
	struct vmgenc_page p = page();

	CHECK(settled(&p));
	CHECK(p.rekeys >= 1);
	CHECK(p.rekey_failures == 0);
	CHECK(!(p.flags & VMGENC_REKEY_FAILED));
}

/* Fails if the loader's root alone is not enough. */
static void loader_is_enough(void)
{
	struct vmgenc_page p;
	int log = log_open();

	CHECK(module_reload("look_ms=0 " LOADER) == 0);
	p = page();
	CHECK(settled(&p) && p.rekey_failures == 0);
	change_is_settled();
	CHECK(!log_has(log, NOT_HAD));
	close(log);
}

/* Fails if a thread without a root, as of 7.3, is not made up for by the first that opens. */
static void caller_is_enough(void)
{
	struct vmgenc_event event;
	struct vmgenc_page p;
	int log = log_open();

	CHECK(module_reload("look_ms=0 " CALLER) == 0);
	CHECK(log_has(log, NOT_HAD));
	CHECK(node_sync(&event) && event.settled == 1);
	p = page();
	CHECK(settled(&p));
	CHECK(log_comes(log, HAD));
	change_is_settled();
	close(log);
}

/* Fails if opening without a sync leaves the machine as it is. */
static void opening_is_enough(void)
{
	int fd, log = log_open();

	CHECK(module_reload("look_ms=0 " CALLER) == 0);
	fd = open(NODE, O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK(log_comes(log, HAD));
	CHECK(page().settled == 1);
	close(fd);
	close(log);
}

/* The thread's root is the machine's before 7.3 and empty since: the page says which. */
static void worker_says_what_it_has(void)
{
	struct vmgenc_page p;
	int log = log_open();

	CHECK(module_reload("look_ms=0 " WORKER) == 0);
	p = page();
	CHECK(settled(&p) != log_has(log, NOT_HAD));
	CHECK(settled(&p) == !(p.flags & VMGENC_LACKS_REKEY));
	printf("# a kernel thread %s /dev/urandom here\n", settled(&p) ? "finds" : "does not find");
	close(log);
}

/* Fails if it is claimed, said more than once, or stops those who draw. */
static void nobody_is_said_once(void)
{
	struct vmgenc_event event;
	struct vmgenc_page p;
	char value[16];
	int log = log_open();

	CHECK(module_reload("look_ms=1 " NOBODY) == 0);
	for (int i = 0; i < 50; i++) {
		CHECK(!node_sync(&event) && errno == EIO);
		CHECK(getrandom(value, sizeof(value), 0) == sizeof(value));
		usleep(1000);
	}
	p = page();
	CHECK(p.settled == 0 && p.generation == 1);
	CHECK(p.flags & VMGENC_LACKS_REKEY && p.flags & VMGENC_REKEY_FAILED);
	CHECK(p.rekey_failures > 0 && p.rekeys == 0);
	CHECK(log_count(log, NOT_HAD) == 1);
	close(log);
}

/* Whatever lies in the place of /dev/urandom: it is neither waited for nor taken. */
static void in_its_place(int (*make)(void))
{
	struct vmgenc_event event;
	struct vmgenc_page p;
	bool refused;

	CHECK(rename("/dev/urandom", "/dev/urandom.away") == 0);
	refused = make() == 0 && module_reload("look_ms=0") == 0 && !node_sync(&event) &&
		  errno == EIO && page().flags & VMGENC_LACKS_REKEY;
	unlink("/dev/urandom");
	CHECK(rename("/dev/urandom.away", "/dev/urandom") == 0);
	CHECK(refused);
	CHECK(node_sync(&event));
	p = page();
	CHECK(settled(&p));
	change_is_settled();
}

static int nothing(void)
{
	return 0;
}

static int fifo(void)
{
	return mkfifo("/dev/urandom", 0666);
}

static int zeros(void)
{
	return mknod("/dev/urandom", S_IFCHR | 0666, makedev(1, 5));
}

static int dangling(void)
{
	return symlink("/dev/urandom", "/dev/urandom");
}

static void other_things_are_not_taken(void)
{
	in_its_place(nothing);
	in_its_place(fifo);
	in_its_place(zeros);
	in_its_place(dangling);
}

/* A guest that was paused during its samples, twice in a row, is rightly told that they do not
 * count. So such a change is made again. */
static bool jitter_counts_at_last(void)
{
	for (int tries = 0; tries < 20; tries++) {
		change_is_settled();
		if (!(page().flags & VMGENC_PREDICTABLE))
			return true;
	}
	return false;
}

/* Fails if jitter does not count where there is a cycle counter, or is said to. */
static void jitter_counts(void)
{
	CHECK(module_reload("look_ms=0") == 0);
	for (int i = 0; i < 20; i++)
		CHECK(jitter_counts_at_last());
}

static void put(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);

	CHECK(fd >= 0);
	CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

/* The samples that the kernel was given last: the first, and the last of those that must be. */
static void traced(unsigned int *first, unsigned int *last)
{
	static char text[65536];
	int fd = open("/tracing/trace", O_RDONLY | O_CLOEXEC);
	ssize_t n, size = 0;

	CHECK(fd >= 0);
	while ((n = read(fd, text + size, sizeof(text) - 1 - (size_t)size)) > 0)
		size += n;
	close(fd);
	text[size] = '\0';
	*first = *last = 0;
	for (const char *at = text; (at = strstr(at, "first=")) != NULL; at++)
		CHECK(sscanf(at, "first=%u last=%u", first, last) == 2);
}

/* Fails if jitter counts that the kernel was not given: a probe sees what it is given. */
static void samples_reach_the_kernel(void)
{
	unsigned int first, last;

	CHECK(module_reload("look_ms=0") == 0);
	CHECK(mkdir("/tracing", 0700) == 0 && !mount("tracefs", "/tracing", "tracefs", 0, NULL));
	put("/tracing/kprobe_events", "p:samples add_device_randomness "
				      "size=%si:u32 first=+0(%di):u32 last=+2044(%di):u32");
	put("/tracing/events/kprobes/samples/filter", "size == 4096");
	put("/tracing/events/kprobes/samples/enable", "1");
	CHECK(jitter_counts_at_last());
	put("/tracing/events/kprobes/samples/enable", "0");
	traced(&first, &last);
	put("/tracing/kprobe_events", "-:samples");
	CHECK(umount("/tracing") == 0);
	CHECK(first && last && first != last);
}

static bool has_processor_random(void)
{
	const char *cpu = file_text("/proc/cpuinfo");

	return strstr(cpu, "rdrand") || strstr(cpu, "rdseed");
}

/* Fails if a machine is called settled without a word where its owner's other clone knows all. */
static void predictable_is_said(void)
{
	struct vmgenc_page p;
	int log = log_open();

	CHECK(module_reload("look_ms=0 jitter=0") == 0);
	change_is_settled();
	p = page();
	CHECK(settled(&p));
	CHECK(!(p.flags & VMGENC_PREDICTABLE) == has_processor_random());
	if (!has_processor_random())
		CHECK(log_comes(log, "parted, but predictable by a sibling's owner"));
	close(log);
}

static bool rekeys_reach(uint64_t count)
{
	for (int tries = 0; tries < PATIENCE_S * 100; tries++) {
		if (page().rekeys >= count)
			return true;
		usleep(10000);
	}
	return false;
}

/* Fails if a machine is not rekeyed again, or if that is told as a change. */
static void again_is_no_change(void)
{
	struct vmgenc_event before, event;
	struct vmgenc_page p;
	int fd;

	CHECK(module_reload("look_ms=10") == 0);
	change_is_settled();
	fd = node_open(O_NONBLOCK);
	CHECK(fd >= 0);
	CHECK(node_sync(&before));
	CHECK(rekeys_reach(page().rekeys + 1));
	CHECK_ERRNO(read(fd, &event, sizeof(event)), EAGAIN);
	CHECK(node_sync(&event));
	CHECK(memcmp(&event, &before, sizeof(event)) == 0);
	p = page();
	CHECK(p.changes == 1 && p.rekey_failures == 0);
	close(fd);
}

/* Fails if what a hardware generator gave after the change does not count, once it is fresh. */
static void hardware_generator_counts_late(void)
{
	CHECK(module_reload("look_ms=10 jitter=0") == 0);
	change_is_settled();
	CHECK(!(page().flags & VMGENC_PREDICTABLE) == has_processor_random());
	CHECK(rekeys_reach(page().rekeys + 1)); /* a look has begun to count */
	CHECK(module_load("/listener.ko", "hwrng=1 mistakes=0") == 0);
	for (int tries = 0; page().flags & VMGENC_PREDICTABLE && tries < PATIENCE_S * 100; tries++)
		usleep(10000);
	CHECK(module_unload("listener") == 0);
	CHECK(!(page().flags & VMGENC_PREDICTABLE));
}

int main(void)
{
	rawid_page();
	RUN(healthy_boot_counts_no_failure);
	RUN(loader_is_enough);
	RUN(caller_is_enough);
	RUN(opening_is_enough);
	RUN(worker_says_what_it_has);
	RUN(nobody_is_said_once);
	RUN(other_things_are_not_taken);
	RUN(jitter_counts);
	RUN(samples_reach_the_kernel);
	RUN(predictable_is_said);
	RUN(again_is_no_change);
	RUN(hardware_generator_counts_late);
	return check_result();
}
