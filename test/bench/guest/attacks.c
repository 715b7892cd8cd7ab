/* SPDX-License-Identifier: BSD-2-Clause */
/* test/bench/guest: what a user without privilege can cost others. Runs as root in a guest; the
 * attackers are nobody. Prints wake-up and getrandom(2) of a bystander, without and with each. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../vm/guest.h"
#include "../../vm/rawid.h"

#define SYSGENID "/dev/sysgenid"
#define SET_WATCHER_TRACKING 0xE401u
#define NOBODY 65534
#define DESCRIPTORS 100000u
#define PER_PROCESS 25000u
#define STORM 1000u
#define LOOPERS 4u
#define CHANGES 40u
#define DRAWS 20000u
#define LOST_NS 5000000000ull
#define PAUSE_US 20000 /* between two changes, so that each is told alone */

/* What attackers and bystander tell the process that measures. */
struct reports {
	atomic_uint ready;
	atomic_ullong woken_ns;
	_Atomic long calls;
};

static struct reports *reports;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* The bystander: wakes, and notes when. */
static void poll_for_ever(void)
{
	struct vmgenc_event event;
	int fd;

	/* What the last attack held is given back a little after its end. */
	while ((fd = node_open(O_NONBLOCK)) < 0)
		usleep(1000);
	struct pollfd p = {.fd = fd, .events = POLLIN};

	reports->ready++;
	while (poll(&p, 1, -1) == 1) {
		reports->woken_ns = now();
		if (read(fd, &event, sizeof(event)) < 0)
			continue;
	}
	_exit(1);
}

static pid_t start(void (*what)(void), bool as_root)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	if (!as_root && (setgid(NOBODY) || setuid(NOBODY)))
		_exit(1);
	what();
	_exit(0);
}

static void stop(const pid_t *pids, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		kill(pids[i], SIGKILL);
	for (unsigned int i = 0; i < n; i++)
		waitpid(pids[i], NULL, 0);
}

/* As many descriptors as a process may have, tracked by the driver or watched by epoll. */
static void hold_descriptors(const char *node, bool watched)
{
	int ep = epoll_create1(0);
	struct epoll_event e = {.events = EPOLLIN};

	for (unsigned int i = 0; i < PER_PROCESS; i++) {
		int fd = open(node, O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			break;
		reports->calls++;
		if (watched)
			epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
		else
			ioctl(fd, SET_WATCHER_TRACKING, 1);
	}
	reports->ready++;
	for (;;)
		pause();
}

static void sysgenid_tracked(void)
{
	hold_descriptors(SYSGENID, false);
}
static void sysgenid_watched(void)
{
	hold_descriptors(SYSGENID, true);
}
static void node_watched(void)
{
	hold_descriptors(NODE, true);
}

static void sysgenid_loop(void)
{
	reports->ready++;
	for (;;) {
		int fd = open(SYSGENID, O_RDONLY | O_CLOEXEC);

		ioctl(fd, SET_WATCHER_TRACKING, 1);
		ioctl(fd, SET_WATCHER_TRACKING, 0);
		close(fd);
	}
}

static void sync_loop(void)
{
	int fd = open(NODE, O_RDONLY | O_CLOEXEC);
	struct vmgenc_event event;

	reports->ready++;
	for (;;)
		ioctl(fd, VMGENC_SYNC, &event);
}

/* As many system calls that have nothing to do with us: what a storm costs anyway. */
static void open_loop(void)
{
	reports->ready++;
	for (;;)
		close(open("/dev/null", O_RDONLY | O_CLOEXEC));
}

static void call_loop(void)
{
	char cwd[64];

	reports->ready++;
	for (;;)
		if (!getcwd(cwd, sizeof(cwd)))
			_exit(1);
}

static uint64_t wake_ns(void)
{
	struct vmgenc_event event;
	uint64_t start = now();

	reports->woken_ns = 0;
	rawid_change();
	if (!node_sync(&event) && errno != EIO)
		return 0;
	while (!reports->woken_ns && now() - start < LOST_NS)
		usleep(100);
	return reports->woken_ns > start ? reports->woken_ns - start : LOST_NS;
}

static void print(const char *name, unsigned int attackers, bool wakes)
{
	static uint64_t wake[CHANGES], draw[DRAWS];
	unsigned char bytes[16];

	usleep(200000);
	for (unsigned int i = 0; i < CHANGES && wakes; i++) {
		wake[i] = wake_ns();
		usleep(PAUSE_US);
	}
	qsort(wake, CHANGES, sizeof(*wake), by_size);
	for (unsigned int i = 0; i < DRAWS; i++) {
		uint64_t start = now();

		if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
			exit(1);
		draw[i] = now() - start;
	}
	qsort(draw, DRAWS, sizeof(*draw), by_size);
	printf("%-44s %5u %7ld  wake %8.3f %8.3f ms  getrandom %7.1f %8.1f us\n", name, attackers,
	       (long)reports->calls, wake[CHANGES / 2] / 1e6, wake[CHANGES - 1] / 1e6,
	       draw[DRAWS / 2] / 1e3, draw[DRAWS * 999 / 1000] / 1e3);
	fflush(stdout);
}

static void measure(const char *name, void (*attack)(void), unsigned int n, bool wakes)
{
	static pid_t pids[STORM];
	pid_t bystander;

	reports->ready = 0;
	reports->calls = 0;
	bystander = start(poll_for_ever, true);
	while (reports->ready < 1)
		usleep(1000);
	for (unsigned int i = 0; i < n; i++)
		pids[i] = start(attack, false);
	while (reports->ready < n + 1)
		usleep(10000);
	print(name, n, wakes);
	stop(pids, n);
	stop(&bystander, 1);
}

int main(void)
{
	struct rlimit files = {PER_PROCESS + 64, PER_PROCESS + 64};
	FILE *f = fopen("/proc/sys/fs/file-max", "w"); /* a small guest allows fewer than that */

	if (!f || fprintf(f, "%u\n", 2 * DESCRIPTORS) < 0 || fclose(f))
		return 1;
	reports = mmap(NULL, sizeof(*reports), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	setrlimit(RLIMIT_NOFILE, &files);
	rawid_page();
	if (module_reload("look_ms=0 notify=0"))
		return 1;
	measure("nobody attacks", NULL, 0, true);
	measure("sysgenid: 100,000 descriptors", sysgenid_tracked, DESCRIPTORS / PER_PROCESS, true);
	measure("sysgenid: 100,000 watched by epoll", sysgenid_watched, DESCRIPTORS / PER_PROCESS,
		true);
	measure("vmgenc: 100,000 watched by epoll", node_watched, DESCRIPTORS / PER_PROCESS, true);
	measure("4 processes open and close /dev/null", open_loop, LOOPERS, true);
	measure("4 processes open, track and close sysgenid", sysgenid_loop, LOOPERS, true);
	measure("1,000 processes call getcwd", call_loop, STORM, true);
	measure("1,000 processes sync", sync_loop, STORM, true);
	/* Without the node the module cannot rekey, and each sync fails. */
	if (rename("/dev/urandom", "/dev/urandom.away") || module_reload("look_ms=0 notify=0"))
		return 1;
	measure("the rekey fails: 1,000 processes call getcwd", call_loop, STORM, true);
	measure("the rekey fails: 1,000 processes sync", sync_loop, STORM, true);
	rename("/dev/urandom.away", "/dev/urandom");
	return 0;
}
