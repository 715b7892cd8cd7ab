/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/guest/linux: the system's part of guest.h for prove.c, on Linux.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "linux.h"
#include "vdso.h"

#define CLOCK_SOURCE "/sys/devices/system/clocksource/clocksource0/current_clocksource"

void sleep_ns(uint64_t ns)
{
	struct timespec t = {.tv_sec = (time_t)(ns / 1000000000),
			     .tv_nsec = (long)(ns % 1000000000)};

	nanosleep(&t, NULL);
}

uint64_t clock_boottime(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void clock_source(volatile char *to, size_t size)
{
	int fd = open(CLOCK_SOURCE, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, (char *)to, size - 1);

	if (fd >= 0)
		close(fd);
	to[n > 0 ? n : 0] = '\0';
	to[strcspn((const char *)to, "\n")] = '\0';
}

/* The state belongs to the thread; its page is kept when the thread ends. */
static ssize_t draw_by_vdso(void *to, size_t size)
{
	static __thread void *state;

	if (!state)
		state = vdso_state();
	if (!state)
		fail("no memory for the state of the vDSO");
	return vdso_draw(to, size, state);
}

/* Long enough for most snapshots to fall into a read. What is drawn first is returned. */
static ssize_t draw_by_read(void *to, size_t size)
{
	static __thread char buffer[16384];
	static __thread int fd = -1;

	if (fd < 0)
		fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
	if (read(fd, buffer, sizeof(buffer)) < (ssize_t)size)
		return -1;
	memcpy(to, buffer, size);
	return (ssize_t)size;
}

/* Do not use glibc's wrapper: newer ones draw from the vDSO, which is another generator. */
void system_random(enum lab_generator kind, void *to, size_t size)
{
	ssize_t got;

	if (kind == LAB_VDSO)
		got = draw_by_vdso(to, size);
	else if (kind == LAB_URANDOM)
		got = draw_by_read(to, size);
	else
		got = syscall(SYS_getrandom, to, size, 0);
	if (got != (ssize_t)size)
		fail("generator %d drew %zd bytes: %s", (int)kind, got, strerror(errno));
}

uint32_t system_generators(void)
{
	return 1u << LAB_GETRANDOM | 1u << LAB_URANDOM | 1u << LAB_UNGUARDED |
	       (vdso_find() ? 1u << LAB_VDSO : 0) | probe_generators();
}

void *system_memory(uint64_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (memory == MAP_FAILED)
		fail("no memory for the draws: %llu bytes", (unsigned long long)size);
	return memory;
}

void thread_start(struct thread *t, int cpu, void *(*body)(void *), void *argument)
{
	pthread_attr_t attributes;
	cpu_set_t set;

	pthread_attr_init(&attributes);
	if (cpu >= 0) {
		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		pthread_attr_setaffinity_np(&attributes, sizeof(set), &set);
	}
	int err = pthread_create(&t->id, &attributes, body, argument);

	pthread_attr_destroy(&attributes);
	if (err)
		fail("cannot start a thread on CPU %d: %s", cpu, strerror(err));
}

void thread_join(struct thread *t)
{
	pthread_join(t->id, NULL);
}

/* Block in poll(2) like an event loop, and record when a change wakes it. */
static void *wait_for_events(void *argument)
{
	struct vmgenc *vg = argument;
	struct vmgenc_event event;
	struct pollfd p = {.fd = vmgenc_fd(vg), .events = POLLIN};

	if (p.fd < 0 || read(p.fd, &event, sizeof(event)) != sizeof(event))
		fail("cannot read /dev/vmgenc: %s", strerror(errno));
	for (;;) {
		if (poll(&p, 1, -1) != 1 || !(p.revents & POLLIN))
			continue;
		woken_at = clock_boottime();
		if (read(p.fd, &event, sizeof(event)) != sizeof(event))
			fail("cannot read /dev/vmgenc: %s", strerror(errno));
		woken_generation = event.generation;
	}
}

void watch(struct vmgenc *vg)
{
	struct thread thread;

	firmware_begin();
	if (vg)
		thread_start(&thread, -1, wait_for_events, vg);
}

void report_system(uint64_t start)
{
	exchange->logged_ns = kmsg_reseeded_after(start);
	firmware_report();
	kmsg_copy_tail(exchange->log, sizeof(exchange->log));
}
