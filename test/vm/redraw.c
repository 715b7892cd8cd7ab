/* SPDX-License-Identifier: BSD-2-Clause */
/* test/vm: a system call that is drawing when the id changes draws again: what it had written by
 * then is gone when it returns, whichever way it was asked. */
#include <fcntl.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

#include "check.h"
#include "guest.h"
#include "rawid.h"

#define BIG (16u << 20) /* long enough under way for a change to come in between */
#define TRIES 20
#define ONLY_SYNC "look_ms=0 notify=0 "

static volatile uint8_t *buffer;
static const volatile struct vmgenc_page *page;
static int urandom, file, ends[2];

/* A thread waits for the first bytes to be drawn, keeps them, and changes the id. */
static uint8_t first[16];
static bool changed;

static void *change_when_begun(void *unused)
{
	time_t end = time(NULL) + PATIENCE_S;
	uint8_t sum = 0;

	(void)unused;
	while (!sum && time(NULL) < end)
		for (int i = 0; i < 16; i++)
			sum |= buffer[i];
	for (int i = 0; i < 16; i++)
		first[i] = buffer[i];
	rawid_change();
	changed = sum != 0;
	return NULL;
}

struct way {
	const char *name;
	ssize_t (*draw)(void);
	bool in_buffer; /* it draws into the buffer, where the thread can see it begin */
};

static ssize_t by_getrandom(void)
{
	return getrandom((void *)buffer, BIG, 0);
}

static ssize_t by_read(void)
{
	return read(urandom, (void *)buffer, BIG);
}

static ssize_t by_read_of_random(void)
{
	int fd = open("/dev/random", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, (void *)buffer, BIG);

	close(fd);
	return n;
}

static ssize_t by_readv(void)
{
	struct iovec parts[2] = { { (void *)buffer, BIG / 2 },
				  { (void *)(buffer + BIG / 2), BIG / 2 } };

	return readv(urandom, parts, 2);
}

static ssize_t by_pread(void)
{
	return pread(urandom, (void *)buffer, BIG, 0);
}

static const struct way ways[] = {
	{ "getrandom(2)", by_getrandom, true },
	{ "read(2) of /dev/urandom", by_read, true },
	{ "read(2) of /dev/random", by_read_of_random, true },
	{ "readv(2)", by_readv, true },
	{ "pread(2)", by_pread, true },
};

/* 1: the change came in between and the call drew again; 0: it did not come in between; -1: kept */
static int try_way(const struct way *way, ssize_t *n)
{
	uint64_t before = page->redraws;
	pthread_t thread;

	memset((void *)buffer, 0, 16);
	changed = false;
	if (pthread_create(&thread, NULL, change_when_begun, NULL))
		return -1;
	*n = way->draw();
	pthread_join(thread, NULL);
	if (!changed)
		return 0;
	if (page->redraws == before)
		return memcmp(first, (const void *)buffer, 16) ? -1 : 0;
	return memcmp(first, (const void *)buffer, 16) ? 1 : -1;
}

/* Fails if what was drawn before the change is there after it, or the caller sees an error. */
static void each_way_draws_again(void)
{
	int got, again;
	ssize_t n;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		again = 0;
		for (int tries = 0; tries < TRIES && again < 2; tries++) {
			got = try_way(&ways[i], &n);
			if (got < 0 || n != BIG)
				printf("# %s: %zd bytes, %s\n", ways[i].name, n,
				       got < 0 ? "the old ones" : "drawn again");
			CHECK(got >= 0);
			CHECK(n == BIG);
			again += got;
		}
		printf("# %s: drew again\n", ways[i].name);
		CHECK(again == 2);
	}
}

static ssize_t by_sendfile(void)
{
	lseek(file, 0, SEEK_SET);
	return sendfile(file, urandom, NULL, BIG);
}

static ssize_t by_splice(void)
{
	ssize_t n = splice(urandom, NULL, ends[1], NULL, 65536, 0);

	if (n > 0 && read(ends[0], (void *)buffer, (size_t)n) != n)
		return -1;
	return n;
}

static void *change_all_the_time(void *stop)
{
	while (!__atomic_load_n((int *)stop, __ATOMIC_ACQUIRE)) {
		rawid_change();
		usleep(300);
	}
	return NULL;
}

/* Nobody can look into these while they are under way: that they never fail is what is seen. */
static void goes_on(const char *name, ssize_t (*draw)(void))
{
	uint64_t before = page->redraws;
	int stop = 0;
	pthread_t thread;
	bool failed = false;
	time_t end = time(NULL) + PATIENCE_S;

	CHECK(pthread_create(&thread, NULL, change_all_the_time, &stop) == 0);
	while (!failed && page->redraws < before + 10 && time(NULL) < end)
		failed = draw() <= 0;
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	printf("# %s: drew again %llu times\n", name,
	       (unsigned long long)(page->redraws - before));
	CHECK(!failed);
	CHECK(page->redraws >= before + 10);
}

static void splice_and_sendfile_see_no_error(void)
{
	/* Before 6.0 sendfile(2) takes files and block devices only. */
	if (by_sendfile() > 0 || errno != EINVAL)
		goes_on("sendfile(2)", by_sendfile);
	else
		printf("# sendfile(2): this kernel refuses it for a device\n");
	goes_on("splice(2)", by_splice);
}

/* A ring of one entry; the kernel's two mappings are one from 5.4 on. */
static struct ring {
	int fd;
	uint8_t *rings;
	struct io_uring_params p;
	struct io_uring_sqe *sqes;
} ring;

static bool ring_open(void)
{
	size_t size;

	memset(&ring, 0, sizeof(ring));
	ring.fd = (int)syscall(SYS_io_uring_setup, 1, &ring.p);
	if (ring.fd < 0)
		return false;
	/* The array of requests comes last; 5.10 refuses to map more than there is. */
	size = ring.p.sq_off.array + ring.p.sq_entries * sizeof(uint32_t);
	ring.rings = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd,
			  IORING_OFF_SQ_RING);
	ring.sqes = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd, IORING_OFF_SQES);
	return ring.rings != MAP_FAILED && (void *)ring.sqes != MAP_FAILED;
}

static unsigned int *ring_word(uint32_t offset)
{
	return (unsigned int *)(ring.rings + offset);
}

static ssize_t by_io_uring(void)
{
	struct io_uring_cqe *cqe;
	unsigned int head = *ring_word(ring.p.cq_off.head);
	unsigned int tail = *ring_word(ring.p.sq_off.tail);
	unsigned int at = tail & *ring_word(ring.p.sq_off.ring_mask);
	ssize_t n;

	memset(&ring.sqes[at], 0, sizeof(ring.sqes[at]));
	ring.sqes[at].opcode = IORING_OP_READ;
	ring.sqes[at].fd = urandom;
	ring.sqes[at].addr = (uintptr_t)buffer;
	ring.sqes[at].len = 4096;
	ring_word(ring.p.sq_off.array)[at] = at;
	__atomic_store_n(ring_word(ring.p.sq_off.tail), tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring.fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return errno == EINTR ? 1 : -1;
	if (head == __atomic_load_n(ring_word(ring.p.cq_off.tail), __ATOMIC_ACQUIRE))
		return -1;
	cqe = (struct io_uring_cqe *)(ring.rings + ring.p.cq_off.cqes) +
	      (head & *ring_word(ring.p.cq_off.ring_mask));
	n = cqe->res;
	if (n <= 0)
		printf("# io_uring: result %zd\n", n);
	__atomic_store_n(ring_word(ring.p.cq_off.head), head + 1, __ATOMIC_RELEASE);
	return n;
}

/* Fails if a read by io_uring, which cannot be restarted, ends with an error. */
static void io_uring_sees_no_error(void)
{
	CHECK(ring_open());
	goes_on("io_uring", by_io_uring);
	close(ring.fd);
}

/* Fails if an id that never holds still keeps a call for ever. */
static void restless_id_ends(void)
{
	int stop = 0;
	pthread_t thread;
	char value[16];
	bool failed = false;

	CHECK(pthread_create(&thread, NULL, change_all_the_time, &stop) == 0);
	for (int i = 0; i < 3; i++)
		failed |= by_getrandom() != BIG;
	for (int i = 0; i < 1000; i++)
		failed |= getrandom(value, sizeof(value), 0) != sizeof(value);
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	CHECK(!failed);
}

static volatile sig_atomic_t signals;

static void on_signal(int number)
{
	(void)number;
	signals++;
}

/* Fails if a restart and a signal at once lose the handler, or the call's result. */
static void signals_are_not_lost(void)
{
	struct timespec interval = { .tv_nsec = 500000 };
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec every = { interval, interval };
	uint64_t before = page->redraws;
	int stop = 0;
	pthread_t thread;
	timer_t timer;
	char value[64];
	bool failed = false;
	time_t end = time(NULL) + PATIENCE_S;

	sigaction(SIGUSR1, &action, NULL);
	CHECK(pthread_create(&thread, NULL, change_all_the_time, &stop) == 0);
	CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
	timer_settime(timer, 0, &every, NULL);
	while ((signals < 200 || page->redraws < before + 3) && time(NULL) < end)
		failed |= getrandom(value, sizeof(value), 0) != sizeof(value);
	timer_delete(timer);
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	CHECK(!failed);
	CHECK(signals >= 200);
}

/* Fails if the parameter does nothing, so that the cases above show nothing. */
static void without_it_nothing_is_drawn_again(void)
{
	munmap((void *)page, 4096);
	CHECK(module_reload(ONLY_SYNC "redraw=0") == 0);
	int fd = open(NODE, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	CHECK(page->flags & VMGENC_LACKS_REDRAW);
	for (int tries = 0; tries < 3; tries++)
		CHECK(try_way(&ways[0], &n) == 0 && n == BIG);
	CHECK(page->redraws == 0);
}

static void loads(void)
{
	int fd;

	CHECK(module_reload(ONLY_SYNC) == 0);
	fd = open(NODE, O_RDONLY | O_CLOEXEC);
	page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	CHECK((void *)page != MAP_FAILED);
	CHECK(!(page->flags & (VMGENC_LACKS_DRAWS | VMGENC_LACKS_REDRAW)));
	CHECK(page->redraws == 0 && page->redraws_missed == 0);
	urandom = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
	file = memfd_create("file", MFD_CLOEXEC);
	CHECK(urandom >= 0 && file >= 0 && pipe(ends) == 0);
	buffer = mmap(NULL, BIG, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	CHECK((void *)buffer != MAP_FAILED);
}

int main(void)
{
	rawid_page();
	RUN(loads);
	RUN(each_way_draws_again);
	RUN(splice_and_sendfile_see_no_error);
	RUN(io_uring_sees_no_error);
	RUN(restless_id_ends);
	RUN(signals_are_not_lost);
	RUN(without_it_nothing_is_drawn_again);
	return check_result();
}
