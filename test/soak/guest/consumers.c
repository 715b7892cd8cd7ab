/* SPDX-License-Identifier: BSD-2-Clause */
/* test/soak/guest: readers, pollers and mappers of /dev/vmgenc, and listeners that come and go. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"
#include "soak.h"
#include "vmgenc.h"

#define PAGE 4096
#define LISTENER "/listener.ko"
#define REMAP_EVERY 64

static const char *const names[CONSUMER_KINDS] = {"reader", "poller", "mapper"};

static void __attribute__((format(printf, 2, 3), noreturn))
give_up(struct consumer *me, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(me->why, sizeof(me->why), format, args);
	va_end(args);
	me->failed = true;
	for (;;)
		pause();
}

static void saw(struct consumer *me, uint64_t generation)
{
	uint64_t last = me->generation;

	if (generation < last)
		give_up(me, "generation %llu came after %llu", (unsigned long long)generation,
			(unsigned long long)last);
	me->seen += generation != last;
	me->generation = generation;
}

/* An event that is not settled is followed by one that is, or by a wake-up: not by silence. */
static void saw_event(struct consumer *me, const struct vmgenc_event *event)
{
	if (event->settled == event->generation)
		saw(me, event->generation);
	else if (event->settled > event->generation)
		give_up(me, "settled %llu is ahead of generation %llu",
			(unsigned long long)event->settled, (unsigned long long)event->generation);
}

static void read_on(struct consumer *me)
{
	int fd = open(NODE, O_RDONLY | O_CLOEXEC);
	struct vmgenc_event event;

	for (;;) {
		if (read(fd, &event, sizeof(event)) != (ssize_t)sizeof(event))
			give_up(me, "read: %s", strerror(errno));
		saw_event(me, &event);
	}
}

static void poll_on(struct consumer *me)
{
	struct pollfd p = {.fd = open(NODE, O_RDONLY | O_NONBLOCK | O_CLOEXEC), .events = POLLIN};
	struct vmgenc_event event;

	for (;;) {
		if (poll(&p, 1, -1) != 1 || p.revents != POLLIN)
			give_up(me, "poll: events %x, %s", (unsigned int)p.revents,
				strerror(errno));
		if (read(p.fd, &event, sizeof(event)) != (ssize_t)sizeof(event))
			give_up(me, "read after poll: %s", strerror(errno));
		saw_event(me, &event);
	}
}

/* As a guarded program, with the library. */
static void map_with_library(struct consumer *me, const atomic_bool *sync)
{
	struct vmgenc_status st = {.size = sizeof(st)};
	struct vmgenc_mark mark;
	struct vmgenc *vg;

	for (;;) {
		memset(&mark, 0, sizeof(mark));
		if (vmgenc_open(&vg, "dev:" NODE))
			give_up(me, "vmgenc_open failed");
		for (int i = 0; i < REMAP_EVERY; i++) {
			if (*sync && vmgenc_changed(vg, &mark) && vmgenc_sync(vg, &mark, -1))
				give_up(me, "vmgenc_sync failed");
			if (vmgenc_status(vg, &st))
				give_up(me, "vmgenc_status failed");
			if (st.settled == st.generation)
				saw(me, st.generation);
			usleep(1000);
		}
		vmgenc_close(vg);
	}
}

/* settled is read first: it never runs ahead of a generation that is read later. */
static void look_at(struct consumer *me, const volatile struct vmgenc_page *page)
{
	for (int i = 0; i < REMAP_EVERY; i++) {
		uint64_t settled = __atomic_load_n(&page->settled, __ATOMIC_ACQUIRE);
		uint64_t generation = __atomic_load_n(&page->generation, __ATOMIC_ACQUIRE);

		/* Between the driver's two stores settled is ahead, by one. */
		if (settled > generation + 1)
			give_up(me, "settled %llu is ahead of generation %llu",
				(unsigned long long)settled, (unsigned long long)generation);
		if (settled == generation)
			saw(me, generation);
		usleep(1000);
	}
}

/* Both pages by itself, without a descriptor while they are mapped. */
static void map_alone(struct consumer *me)
{
	for (;;) {
		int fd = open(NODE, O_RDONLY | O_CLOEXEC);
		void *page = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
		void *raw = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, PAGE);

		close(fd);
		if (page == MAP_FAILED || raw == MAP_FAILED)
			give_up(me, "mmap: %s", strerror(errno));
		look_at(me, page);
		munmap(page, PAGE);
		munmap(raw, PAGE);
	}
}

static void follow(struct consumers *c, struct consumer *me)
{
	if (me->kind == READER)
		read_on(me);
	else if (me->kind == POLLER)
		poll_on(me);
	else if (me->number % 2)
		map_alone(me);
	else
		map_with_library(me, &c->mappers_sync);
}

/* Registers with the chain and leaves it in turn. When it stops, it is not registered. */
static void come_and_go(struct consumers *c)
{
	for (unsigned int i = 0; !c->stop; i++) {
		if (module_load(LISTENER, "mistakes=0"))
			_exit(1);
		usleep(1000 * (i % 20));
		while (module_unload("listener")) {
			if (errno != EAGAIN && errno != EBUSY)
				_exit(2);
			usleep(1000);
		}
		c->listeners++;
	}
	_exit(0);
}

/* In the parent alone is the pid stored: both share that memory. */
static bool fork_child(pid_t *stored)
{
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		return true;
	}
	if (pid < 0)
		perror("# fork");
	*stored = pid;
	return false;
}

struct consumers *consumers_new(void)
{
	void *p = mmap(NULL, sizeof(struct consumers), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

bool consumers_start(struct consumers *c, bool mappers_sync)
{
	memset(c->list, 0, sizeof(c->list));
	c->listener = 0;
	c->stop = false;
	c->mappers_sync = mappers_sync;
	for (unsigned int i = 0; i < CONSUMERS; i++) {
		struct consumer *me = &c->list[i];

		me->kind = (enum consumer_kind)(i / OF_EACH);
		me->number = i % OF_EACH;
		if (fork_child(&me->pid))
			follow(c, me);
		if (me->pid < 0)
			return false;
	}
	if (fork_child(&c->listener))
		come_and_go(c);
	return c->listener > 0;
}

static bool one_has_seen(struct consumer *me, uint64_t generation, time_t end)
{
	while (me->generation < generation && !me->failed && time(NULL) < end)
		usleep(500);
	if (me->failed)
		printf("# %s %u: %s\n", names[me->kind], me->number, me->why);
	else if (me->generation < generation)
		printf("# %s %u has seen generation %llu and never %llu\n", names[me->kind],
		       me->number, (unsigned long long)me->generation,
		       (unsigned long long)generation);
	return me->generation >= generation && !me->failed;
}

bool consumers_have_seen(struct consumers *c, uint64_t generation)
{
	time_t end = time(NULL) + PATIENCE_S;
	bool all = true;

	for (int i = 0; i < CONSUMERS; i++)
		all &= one_has_seen(&c->list[i], generation, end);
	return all;
}

bool consumers_stop(struct consumers *c)
{
	c->stop = true;
	for (int i = 0; i < CONSUMERS && c->list[i].pid > 0; i++) {
		kill(c->list[i].pid, SIGKILL);
		waitpid(c->list[i].pid, NULL, 0);
	}
	int code = c->listener > 0 ? child_end(c->listener) : -1;

	if (code)
		printf("# the listener's module could not be %s\n",
		       code == 1 ? "loaded" : "unloaded");
	return code == 0;
}

uint64_t consumers_seen(const struct consumers *c, enum consumer_kind kind)
{
	uint64_t seen = 0;

	for (int i = 0; i < CONSUMERS; i++)
		seen += c->list[i].kind == kind ? c->list[i].seen : 0;
	return seen;
}
