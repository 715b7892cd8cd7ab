/* SPDX-License-Identifier: BSD-2-Clause */
/* test/vm: whom WAIT_WATCHERS of /dev/sysgenid waits for, and for whom it does not. */
#include <stdlib.h>
#include <sys/epoll.h>

#include "sysgenid.h"

#define EPOLLS 900
#define QUEUES 150u	/* that are empty, if each is kept */
#define TWO_QUEUES 512u /* waits that fill two */

static int wait_in_child(int fd, unsigned long ms)
{
	if (!ioctl(fd, WAIT_WATCHERS, ms))
		_exit(7);
	_exit(errno == EINTR ? 8 : errno == ETIME ? 9 : 1);
}

static pid_t start_waiting(int fd, unsigned long ms)
{
	pid_t pid = fork();

	if (pid == 0)
		wait_in_child(fd, ms);
	return pid;
}

/* Fails if an untracked watcher is waited for, or a tracked one is not. */
static void waits_for_tracked_watchers(void)
{
	int tracked = watcher(O_NONBLOCK), untracked = watcher(O_NONBLOCK), caller = watcher(0);
	pid_t pid;

	CHECK(ioctl(caller, WAIT_WATCHERS, 0) == 0);
	CHECK(ioctl(tracked, SET_WATCHER_TRACKING, 1) == 0);
	change();
	CHECK_ERRNO(ioctl(caller, WAIT_WATCHERS, 0), EINTR); /* outdated itself */
	CHECK(ack(caller, *counter) == 4);
	CHECK_ERRNO(ioctl(caller, WAIT_WATCHERS, 20), ETIME);
	pid = start_waiting(caller, 0);
	CHECK(child_sleeps(pid));
	CHECK(ack(tracked, *counter) == 4);
	CHECK(child_end(pid) == 7);
	/* The other one never acknowledged, and was not asked to. */
	CHECK(wait_readable(untracked));
	CHECK(ioctl(caller, WAIT_WATCHERS, 0) == 0);
	close(tracked);
	close(untracked);
	close(caller);
}

/* Fails if a watcher that gives up tracking, or goes, is waited for all the same. */
static void watchers_that_leave(void)
{
	int first = watcher(0), second = watcher(0), caller;

	CHECK(ioctl(first, SET_WATCHER_TRACKING, 1) == 0);
	CHECK(ioctl(second, SET_WATCHER_TRACKING, 1) == 0);
	change();
	caller = watcher(0);
	CHECK_ERRNO(ioctl(caller, WAIT_WATCHERS, 20), ETIME);
	CHECK(ioctl(first, SET_WATCHER_TRACKING, 0) == 0);
	CHECK_ERRNO(ioctl(caller, WAIT_WATCHERS, 20), ETIME);
	close(second);
	CHECK(ioctl(caller, WAIT_WATCHERS, 0) == 0);
	close(first);
	close(caller);
}

/* On a descriptor opened for reading, which is all that nobody has. */
static void cannot_be_waited_for(void)
{
	int fd = open(SYSGENID, O_RDONLY | O_CLOEXEC);

	CHECK(fd >= 0);
	CHECK_ERRNO(open(SYSGENID, O_RDWR | O_CLOEXEC), EACCES);
	CHECK_ERRNO(ioctl(fd, SET_WATCHER_TRACKING, 1), EPERM);
	CHECK(ioctl(fd, SET_WATCHER_TRACKING, 0) == 0);
}

/* Fails if somebody who cannot ack, and need not, holds up those who wait. */
static void nobody_holds_up_the_wait(void)
{
	int caller = watcher(0), reading = open(SYSGENID, O_RDONLY | O_CLOEXEC);

	CHECK(as_nobody(cannot_be_waited_for) == 0);
	CHECK_ERRNO(ioctl(reading, SET_WATCHER_TRACKING, 1), EPERM);
	change();
	CHECK(ack(caller, *counter) == 4);
	CHECK(ioctl(caller, WAIT_WATCHERS, 20) == 0);
	close(reading);
	close(caller);
}

/* Fails if the count of those waited for is wrong after any order of asking, acking and going. */
static void count_stays_right(void)
{
	int a = watcher(0), b = watcher(0), caller;

	CHECK(ioctl(a, SET_WATCHER_TRACKING, 1) == 0 && ioctl(a, SET_WATCHER_TRACKING, 1) == 0);
	change();
	CHECK(ioctl(b, SET_WATCHER_TRACKING, 1) == 0); /* outdated when it asks */
	CHECK(ack(a, *counter) == 4 && ack(a, *counter) == 4);
	caller = watcher(0);
	CHECK_ERRNO(ioctl(caller, WAIT_WATCHERS, 20), ETIME);
	CHECK(ioctl(b, SET_WATCHER_TRACKING, 0) == 0 && ioctl(b, SET_WATCHER_TRACKING, 0) == 0);
	CHECK(ioctl(caller, WAIT_WATCHERS, 20) == 0);
	change();
	CHECK(ack(caller, *counter) == 4);
	CHECK_ERRNO(ioctl(caller, WAIT_WATCHERS, 20), ETIME);
	close(a);
	CHECK(ioctl(caller, WAIT_WATCHERS, 20) == 0);
	close(b);
	close(caller);
}

/* Fails if a change during the wait leaves the caller waiting with old state. */
static void change_ends_the_wait(void)
{
	int tracked = watcher(0), caller;
	pid_t pid;

	CHECK(ioctl(tracked, SET_WATCHER_TRACKING, 1) == 0);
	change();
	caller = watcher(0);
	pid = start_waiting(caller, 0);
	CHECK(child_sleeps(pid));
	change();
	CHECK(child_end(pid) == 8);
	close(tracked);
	close(caller);
}

static int epoll_of(int fd)
{
	struct epoll_event want = {.events = EPOLLIN};
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	return epoll >= 0 && !epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &want) ? epoll : -1;
}

/* How many, up to the first that was not: an epoll lists only what woke it. */
static unsigned int woken(const int *epolls, unsigned int count)
{
	struct epoll_event event;
	unsigned int n = 0;

	while (n < count && epoll_wait(epolls[n], &event, 1, 10000) == 1 && event.events == EPOLLIN)
		n++;
	return n;
}

/* Fails if not all are woken that wait for one descriptor, which are on several queues. */
static void all_of_one_descriptor_are_woken(const char *path)
{
	int epolls[EPOLLS], fd = open(path, O_RDONLY | O_CLOEXEC);
	struct vmgenc_event event;
	unsigned int opened = 0;

	CHECK(fd >= 0);
	if (!strcmp(path, NODE))
		CHECK(read(fd, &event, sizeof(event)) == sizeof(event));
	for (unsigned int i = 0; i < EPOLLS; i++)
		opened += (epolls[i] = epoll_of(fd)) >= 0;
	CHECK(opened == EPOLLS);
	/* Room in every queue, which is filled again. */
	for (unsigned int i = 0; i < EPOLLS; i += 2) {
		close(epolls[i]);
		epolls[i] = epoll_of(fd);
	}
	change();
	CHECK(woken(epolls, EPOLLS) == EPOLLS);
	for (unsigned int i = 0; i < EPOLLS; i++)
		close(epolls[i]);
	close(fd);
}

static void all_of_sysgenid_are_woken(void)
{
	all_of_one_descriptor_are_woken(SYSGENID);
}

static void all_of_vmgenc_are_woken(void)
{
	all_of_one_descriptor_are_woken(NODE);
}

/*
 * How many objects of the size of a queue are in use. Those that a processor keeps for itself count
 * as used until the cache is shrunk.
 */
static unsigned long queues_in_use(const char *cache)
{
	char path[64], line[256];
	unsigned long used = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink", cache);
	f = fopen(path, "w");
	if (!f || fputs("1", f) < 0 || fclose(f))
		return 0;
	f = fopen("/proc/slabinfo", "r");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, cache, strlen(cache)) && line[strlen(cache)] == ' ')
			used = strtoul(line + strlen(cache), NULL, 10);
	if (f)
		fclose(f);
	return used;
}

static bool watch(int epoll, int fd, int operation)
{
	struct epoll_event want = {.events = EPOLLIN};

	return !epoll_ctl(epoll, operation, fd, &want);
}

static unsigned int come_and_go(int epoll, const int *fds)
{
	unsigned int failed = 0;

	for (unsigned int i = 0; i < TWO_QUEUES; i++)
		failed += !watch(epoll, fds[i], EPOLL_CTL_ADD);
	for (unsigned int i = 0; i < TWO_QUEUES; i++)
		failed += !watch(epoll, fds[i], EPOLL_CTL_DEL);
	return failed;
}

/* Fails if a descriptor keeps an empty queue for each 256 waits that came and went. */
static void empty_queues_are_used_again(void)
{
	const char *cache = "kmalloc-cg-32";
	int fds[TWO_QUEUES], epoll = epoll_create1(EPOLL_CLOEXEC);
	unsigned long before;

	fds[0] = node_open(O_NONBLOCK);
	for (unsigned int i = 1; i < TWO_QUEUES; i++)
		fds[i] = dup(fds[0]);
	CHECK(come_and_go(epoll, fds) == 0);
	before = queues_in_use(cache);
	CHECK(before > 0);
	for (unsigned int turn = 0; turn < QUEUES; turn++)
		CHECK(come_and_go(epoll, fds) == 0);
	CHECK(queues_in_use(cache) < before + QUEUES / 3);
	for (unsigned int i = 0; i < TWO_QUEUES; i++)
		close(fds[i]);
	close(epoll);
}

int main(void)
{
	rawid_page();
	if (module_reload(ONLY_SYNC) || !(counter = map_as_awslc())) {
		printf("FAIL there is no %s to map\n0 passed, 1 failed\n", SYSGENID);
		return 1;
	}
	RUN(waits_for_tracked_watchers);
	RUN(watchers_that_leave);
	RUN(nobody_holds_up_the_wait);
	RUN(count_stays_right);
	RUN(change_ends_the_wait);
	RUN(all_of_sysgenid_are_woken);
	RUN(all_of_vmgenc_are_woken);
	RUN(empty_queues_are_used_again);
	return check_result();
}
