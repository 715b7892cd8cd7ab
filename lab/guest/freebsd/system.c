/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/guest/freebsd: the system's part of guest.h for prove.c, on FreeBSD.
 */
#include <string.h>

#include "system.h"

#define STACK_SIZE 65536
#define THREADS (LAB_MAX_CPUS + 2)
#define ARC4RAND "debug.vmgenc_arc4rand"
#define EVENT "!system=ACPI subsystem=VMGenerationCounter"

/* sys/thr.h */
struct thr_param {
	void (*start)(void *);
	void *argument;
	char *stack;
	size_t stack_size;
	char *tls;
	size_t tls_size;
	long *child, *parent;
	int flags;
	void *priority;
	void *spare[3];
};

struct start {
	void *(*body)(void *);
	void *argument;
	int cpu;
	long *ended;
};

static char stacks[THREADS][STACK_SIZE] __attribute__((aligned(64)));
static struct start starts[THREADS];
static long ended[THREADS];
static int watchers; /* threads that are not bound to a CPU */
static volatile uint64_t announced_at;
static int arandom[24] = {1, 37}; /* kern.arandom */
static int arc4rand[24], arc4rand_words;

void sleep_ns(uint64_t ns)
{
	struct fb_timespec t = {(int64_t)(ns / 1000000000), (int64_t)(ns % 1000000000)};

	fb_syscall(SYS_nanosleep, &t, NULL);
}

/* The generation page's clock on FreeBSD. */
uint64_t clock_boottime(void)
{
	struct fb_timespec t = {0, 0};

	fb_syscall(SYS_clock_gettime, (long)FB_CLOCK_UPTIME, &t);
	return (uint64_t)t.seconds * 1000000000 + (uint64_t)t.nanoseconds;
}

void clock_source(volatile char *to, size_t size)
{
	long n = fb_sysctl("kern.timecounter.hardware", (void *)to, size - 1);

	to[n > 0 ? n : 0] = '\0';
}

static long draw_by_sysctl(const int *words, int count, void *to, size_t size)
{
	size_t got = size;
	long err = fb_syscall(SYS_sysctl, words, (long)count, to, &got, NULL, 0l);

	return err ? err : (long)got;
}

void system_random(enum lab_generator kind, void *to, size_t size)
{
	long got;

	if (kind == LAB_ARANDOM)
		got = draw_by_sysctl(arandom, 2, to, size);
	else if (kind == LAB_ARC4RAND)
		got = draw_by_sysctl(arc4rand, arc4rand_words, to, size);
	else
		got = fb_syscall(SYS_getrandom, to, size, 0l);
	if (got != (long)size)
		fail("generator %d drew %d of %u bytes", (int)kind, (int)got, (unsigned int)size);
}

uint32_t system_generators(void)
{
	arc4rand_words = fb_sysctl_number(ARC4RAND, arc4rand);
	return 1u << LAB_GETRANDOM | 1u << LAB_ARANDOM | 1u << LAB_UNGUARDED |
	       (arc4rand_words > 0 ? 1u << LAB_ARC4RAND : 0);
}

void *system_memory(uint64_t size)
{
	long memory = fb_syscall(SYS_mmap, NULL, size, (long)(FB_PROT_READ | FB_PROT_WRITE),
				 (long)(FB_MAP_PRIVATE | FB_MAP_ANON), -1l, 0l);

	if (memory < 0)
		fail("no memory for the draws: %llu bytes", (unsigned long long)size);
	memset((void *)memory, 0, size);
	return (void *)memory;
}

static void begin(void *argument)
{
	struct start *s = argument;
	uint64_t set[4] = {0}; /* of 256 CPUs, as 12.x has them */

	set[0] = 1ull << s->cpu;
	/* CPU_LEVEL_WHICH, CPU_WHICH_TID, this thread */
	if (s->cpu >= 0 && fb_syscall(SYS_cpuset_setaffinity, 3l, 1l, -1l, sizeof(set), set)) {
		uint64_t larger[16] = {set[0]};
		long err = fb_syscall(SYS_cpuset_setaffinity, 3l, 1l, -1l, sizeof(larger), larger);

		if (err)
			fail("cannot run a thread on CPU %d: error %d", s->cpu, (int)-err);
	}
	s->body(s->argument);
	fb_syscall(SYS_thr_exit, s->ended);
}

/* A CPU has one thread at a time, and its stack. */
void thread_start(struct thread *t, int cpu, void *(*body)(void *), void *argument)
{
	int slot = cpu >= 0 ? cpu : LAB_MAX_CPUS + watchers++;
	long child;
	struct thr_param p = {.start = begin,
			      .argument = &starts[slot],
			      .stack = stacks[slot],
			      .stack_size = STACK_SIZE,
			      .child = &child,
			      .parent = &child};

	if (slot >= THREADS)
		fail("too many threads");
	ended[slot] = 0;
	starts[slot] = (struct start){body, argument, cpu, &ended[slot]};
	t->id = (unsigned long)slot;
	long err = fb_syscall(SYS_thr_new, &p, sizeof(p));

	if (err)
		fail("cannot start a thread: error %d", (int)-err);
}

/* The kernel sets it when the thread no longer needs its stack. */
void thread_join(struct thread *t)
{
	while (!__atomic_load_n(&ended[t->id], __ATOMIC_ACQUIRE))
		sleep_ns(1000000);
}

/* Block in poll(2) like an event loop, and record when a change wakes it. */
static void *wait_for_events(void *argument)
{
	struct vmgenc_event event;
	struct fb_pollfd p = {.fd = vmgenc_fd(argument), .events = FB_POLLIN};
	long got = fb_syscall(SYS_read, (long)p.fd, &event, sizeof(event));

	while (got == sizeof(event)) {
		if (fb_syscall(SYS_poll, &p, 1l, -1l) != 1 || !(p.revents & FB_POLLIN))
			continue;
		woken_at = clock_boottime();
		got = fb_syscall(SYS_read, (long)p.fd, &event, sizeof(event));
		woken_generation = event.generation;
	}
	fail("cannot read /dev/vmgenc: error %d", (int)-got);
}

/* Like devd(8). */
static void *wait_for_devctl(void *argument)
{
	static char line[1024];
	long fd = fb_syscall(SYS_open, "/dev/devctl", (long)(FB_O_RDONLY | FB_O_CLOEXEC), 0l);
	long got;

	(void)argument;
	if (fd < 0)
		fail("cannot open /dev/devctl: error %d", (int)-fd);
	while ((got = fb_syscall(SYS_read, fd, line, sizeof(line) - 1)) >= 0) {
		line[got] = '\0';
		if (memcmp(line, EVENT, sizeof(EVENT) - 1) != 0)
			continue;
		announced_at = clock_boottime();
		if (got && line[got - 1] == '\n')
			line[got - 1] = '\0';
		memcpy((void *)exchange->event, line, sizeof(exchange->event) - 1);
	}
	fail("cannot read /dev/devctl: error %d", (int)-got);
}

void watch(struct vmgenc *vg)
{
	struct thread thread;

	thread_start(&thread, -1, wait_for_devctl, NULL);
	if (vg)
		thread_start(&thread, -1, wait_for_events, vg);
}

static char log_text[131072];

void log_copy_tail(volatile char *to, size_t size)
{
	size_t length = fb_log(log_text, sizeof(log_text));
	size_t skip = length < size ? 0 : length - size + 1;

	memcpy((void *)to, log_text + skip, length - skip + 1);
}

void report_system(uint64_t start)
{
	long size = fb_sysctl("dev.vmgenc.0.guid", (void *)exchange->guid, sizeof(exchange->guid));

	exchange->guid_size = size > 0 ? (uint64_t)size : 0;
	if (announced_at > start)
		exchange->announced_ns = announced_at - start;
	log_copy_tail(exchange->log, sizeof(exchange->log));
	fb_complaint(log_text, (char *)exchange->complaint, sizeof(exchange->complaint));
}
