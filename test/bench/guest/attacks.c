/* SPDX-License-Identifier: BSD-2-Clause */
/* test/bench/guest: what a user without privilege can cost others. Runs as root in a guest; the
 * attackers are nobody. Bystanders are measured under each attack and, alternating with it, while
 * as many processes do the same to something that is not ours. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../vm/guest.h"
#include "../../vm/rawid.h"
#include "measure.h"

#define SYSGENID "/dev/sysgenid"
#define KERNELS_OWN                                                                                \
	"/dev/userfaultfd" /* a device of the same kind, which does nothing when opened */
#define SET_WATCHER_TRACKING 0xE401u
#define NOBODY 65534
#define SOMEBODY 1000
#define DESCRIPTORS 100000u
#define PER_PROCESS 25000u
#define STORM 1000u
#define LOOPERS 4u
#define ROUNDS_MAX 9u
#define CHANGES 8u  /* in each round, without and with the attack */
#define DRAWS 4000u /* likewise, as far as DRAWING_NS allows */
#define DRAWING_NS 3000000000ull
#define LOST_NS 20000000000ull
#define PAUSE_US 20000 /* between two changes, so that each is told alone */

enum bystander { ROOT, ANOTHER, BYSTANDERS };

/* What attackers and bystanders tell the process that measures. */
struct reports {
	atomic_uint ready;
	atomic_ullong woken_ns[BYSTANDERS]; /* stored before generation */
	atomic_ullong generation[BYSTANDERS];
	atomic_uint held;
};

/* All rounds of an attack, or of its control. */
struct samples {
	uint64_t wake[BYSTANDERS][ROUNDS_MAX * CHANGES];
	uint64_t draw[ROUNDS_MAX * DRAWS];
	unsigned int changes, draws, held;
};

/* The control costs as much, scheduling and memory included, and has nothing to do with us. */
struct attack {
	const char *name;
	void (*what)(void);
	unsigned int processes; /* 0: as many as hold the descriptors */
	void (*control)(void);
};

static struct reports *reports;

static void poll_for_ever(enum bystander who)
{
	struct vmgenc_event event;
	int fd;

	/* What the last attack held is given back a little after its end. */
	while ((fd = node_open(O_NONBLOCK)) < 0)
		usleep(1000);
	struct pollfd p = {.fd = fd, .events = POLLIN};

	reports->ready++;
	while (poll(&p, 1, -1) == 1) {
		if (read(fd, &event, sizeof(event)) < 0)
			continue;
		reports->woken_ns[who] = now();
		reports->generation[who] = event.generation;
	}
	_exit(1);
}

static void root_polls(void)
{
	poll_for_ever(ROOT);
}

static void another_polls(void)
{
	poll_for_ever(ANOTHER);
}

/* Starting a thousand that do not rest, or ending them, would otherwise take many minutes. */
static void hurry(bool yes)
{
	if (setpriority(PRIO_PROCESS, 0, yes ? -20 : 0))
		exit(1);
}

static pid_t start(void (*what)(void), uid_t user)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	hurry(false);
	if (user && (setgid(user) || setuid(user)))
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

static void hold(void)
{
	reports->ready++;
	for (;;)
		pause();
}

/* Opens as many descriptors as a process may have. */
static void hold_many(const char *node, bool track)
{
	for (unsigned int i = 0; i < PER_PROCESS; i++) {
		int fd = open(node, O_RDONLY | O_CLOEXEC);

		if (track)
			ioctl(fd, SET_WATCHER_TRACKING, 1);
		reports->held += fd >= 0;
	}
	hold();
}

/* The driver refuses to track them. */
static void sysgenid_opened(void)
{
	hold_many(SYSGENID, true);
}

static void own_opened(void)
{
	hold_many(KERNELS_OWN, true);
}

static bool watch(int ep, int fd)
{
	struct epoll_event e = {.events = EPOLLIN};

	return !epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
}

/* Without a node, descriptors that nobody ever wakes. */
static void watch_many(const char *node)
{
	int ep = epoll_create1(0);

	for (unsigned int i = 0; i < PER_PROCESS; i++)
		reports->held += watch(ep, node ? open(node, O_RDONLY | O_CLOEXEC) : eventfd(0, 0));
	hold();
}

static void sysgenid_watched(void)
{
	watch_many(SYSGENID);
}

static void node_watched(void)
{
	watch_many(NODE);
}

static void own_watched(void)
{
	watch_many(NULL);
}

static void watch_often(int fd)
{
	for (unsigned int i = 0; i < PER_PROCESS; i++)
		reports->held += watch(epoll_create1(0), fd);
	hold();
}

/* One descriptor. It has been read, so that only a change makes it readable. */
static void node_watched_often(void)
{
	watch_often(node_open(O_NONBLOCK | O_CLOEXEC));
}

static void own_watched_often(void)
{
	watch_often(eventfd(0, 0));
}

static void open_loop(const char *node, bool track)
{
	reports->ready++;
	for (;;) {
		int fd = open(node, O_RDONLY | O_CLOEXEC);

		if (track) {
			ioctl(fd, SET_WATCHER_TRACKING, 1);
			ioctl(fd, SET_WATCHER_TRACKING, 0);
		}
		close(fd);
	}
}

static void node_loop(void)
{
	open_loop(NODE, false);
}

static void own_loop(void)
{
	open_loop(KERNELS_OWN, false);
}

static void sysgenid_loop(void)
{
	open_loop(SYSGENID, true);
}

static void own_track_loop(void)
{
	open_loop(KERNELS_OWN, true);
}

static void sync_loop(void)
{
	int fd = open(NODE, O_RDONLY | O_CLOEXEC);
	struct vmgenc_event event;

	reports->ready++;
	for (;;)
		ioctl(fd, VMGENC_SYNC, &event);
}

static void call_loop(void)
{
	int fd = open(KERNELS_OWN, O_RDONLY | O_CLOEXEC);
	struct vmgenc_event event;

	reports->ready++;
	for (;;)
		ioctl(fd, VMGENC_SYNC, &event);
}

static bool all_woken(uint64_t generation)
{
	return reports->generation[ROOT] >= generation &&
	       reports->generation[ANOTHER] >= generation;
}

/*
 * While the rekey fails, a sync returns no event, so it is read. Nothing is opened here: what waits
 * for the lock that the kernel holds while it opens a device is not the wake-up.
 */
static void change(struct samples *s, int fd)
{
	struct vmgenc_event event;
	uint64_t start = now();

	rawid_change();
	if ((ioctl(fd, VMGENC_SYNC, &event) && errno != EIO) || read(fd, &event, sizeof(event)) < 0)
		exit(1);
	while (!all_woken(event.generation) && now() - start < LOST_NS)
		usleep(100);
	for (int who = 0; who < BYSTANDERS; who++) {
		bool woken = reports->generation[who] >= event.generation;

		s->wake[who][s->changes] = woken ? reports->woken_ns[who] - start : LOST_NS;
	}
	s->changes++;
}

static void draw(struct samples *s)
{
	uint64_t begin = now();
	unsigned char bytes[16];

	for (unsigned int i = 0; i < DRAWS && now() - begin < DRAWING_NS; i++) {
		uint64_t start = now();

		if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
			exit(1);
		s->draw[s->draws++] = now() - start;
	}
}

static void measure(struct samples *s, void (*attack)(void), unsigned int n)
{
	static pid_t pids[STORM];
	pid_t bystanders[BYSTANDERS];
	int fd = node_open(O_NONBLOCK);

	reports->ready = 0;
	reports->held = 0;
	for (int who = 0; who < BYSTANDERS; who++)
		reports->generation[who] = 0;
	hurry(true);
	bystanders[ROOT] = start(root_polls, 0);
	bystanders[ANOTHER] = start(another_polls, SOMEBODY);
	while (reports->ready < BYSTANDERS)
		usleep(1000);
	for (unsigned int i = 0; i < n; i++)
		pids[i] = start(attack, NOBODY);
	while (reports->ready < n + BYSTANDERS)
		usleep(10000);
	hurry(false);
	usleep(200000);
	for (unsigned int i = 0; i < CHANGES; i++) {
		change(s, fd);
		usleep(PAUSE_US);
	}
	draw(s);
	s->held = reports->held;
	hurry(true);
	stop(pids, n);
	stop(bystanders, BYSTANDERS);
	hurry(false);
	close(fd);
}

/* Median and worst of both; of draws, the worst but one in a thousand. */
static void compare(const char *what, uint64_t *without, unsigned int n, uint64_t *with,
		    unsigned int m, double permille)
{
	qsort(without, n, sizeof(*without), by_size);
	qsort(with, m, sizeof(*with), by_size);
	printf("  %-22s %10.3f %10.3f   %10.3f %10.3f ms   %6.2f times\n", what,
	       (double)without[n / 2] / 1e6, (double)without[(size_t)((n - 1) * permille)] / 1e6,
	       (double)with[m / 2] / 1e6, (double)with[(size_t)((m - 1) * permille)] / 1e6,
	       (double)with[m / 2] / (double)without[n / 2]);
	fflush(stdout);
}

static void try(const struct attack *a, unsigned int rounds, unsigned int descriptors)
{
	static struct samples without, with;
	unsigned int processes = a->processes ? a->processes : descriptors / PER_PROCESS;

	memset(&without, 0, sizeof(without));
	memset(&with, 0, sizeof(with));
	for (unsigned int i = 0; i < rounds; i++) {
		measure(&without, a->control, processes);
		measure(&with, a->what, processes);
	}
	printf("%s; %u processes, %u held\n", a->name, processes, with.held);
	compare("root's poll(2) wakes", without.wake[ROOT], without.changes, with.wake[ROOT],
		with.changes, 1);
	compare("a user's poll(2) wakes", without.wake[ANOTHER], without.changes,
		with.wake[ANOTHER], with.changes, 1);
	compare("getrandom(2)", without.draw, without.draws, with.draw, with.draws, 0.999);
}

/* A small guest allows fewer than that. */
static bool allow(const char *path, unsigned int n)
{
	FILE *f = fopen(path, "w");

	if (!f)
		return false;
	fprintf(f, "%u\n", n);
	return !fclose(f);
}

static const struct attack attacks[] = {
	{"sysgenid: descriptors", sysgenid_opened, 0, own_opened},
	{"sysgenid: descriptors in epoll", sysgenid_watched, 0, own_watched},
	{"vmgenc: descriptors in epoll", node_watched, 0, own_watched},
	{"vmgenc: a descriptor for each process, in 25,000 epolls", node_watched_often, 0,
	 own_watched_often},
	{"open, track and close sysgenid", sysgenid_loop, LOOPERS, own_track_loop},
	{"open and close vmgenc", node_loop, LOOPERS, own_loop},
	{"sync", sync_loop, STORM, call_loop},
	{"sync while the rekey fails", sync_loop, STORM, call_loop},
};

/* Arguments: the number of rounds, the only attack to run, and the number of descriptors. */
int main(int argc, char **argv)
{
	struct rlimit files = {PER_PROCESS + 64, PER_PROCESS + 64};
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 5;
	unsigned int descriptors =
		argc > 3 ? (unsigned int)strtoul(argv[3], NULL, 10) : DESCRIPTORS;
	size_t n = sizeof(attacks) / sizeof(*attacks);

	rounds = rounds < 1 ? 1 : rounds > ROUNDS_MAX ? ROUNDS_MAX : rounds;
	if (!allow("/proc/sys/fs/file-max", 3 * descriptors) ||
	    !allow("/proc/sys/fs/epoll/max_user_watches", 3 * descriptors))
		return 1;
	reports = mmap(NULL, sizeof(*reports), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	setrlimit(RLIMIT_NOFILE, &files);
	if (chmod(KERNELS_OWN, 0444))
		return 1;
	rawid_page();
	printf("%lu rounds; median and worst beside the same done to " KERNELS_OWN
	       " or eventfd(2), then with the attack; medians' ratio\n",
	       rounds);
	for (size_t i = 0; i < n; i++) {
		bool fails = i == n - 1;

		if (argc > 2 && i != strtoul(argv[2], NULL, 10))
			continue;
		/* Without the node the module cannot rekey, and each sync fails. */
		if (fails && rename("/dev/urandom", "/dev/urandom.away"))
			return 1;
		if (module_reload("look_ms=0 notify=0"))
			return 1;
		try(&attacks[i], (unsigned int)rounds, descriptors);
	}
	return 0;
}
