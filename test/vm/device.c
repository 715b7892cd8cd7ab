/* SPDX-License-Identifier: BSD-2-Clause */
/* test/vm: /dev/vmgenc's read, poll and sync. The module looks at nothing by itself here, but
 * for the slow look's own test, so that each test decides when the driver notices. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "check.h"
#include "guest.h"
#include "rawid.h"

#define ONLY_SYNC "look_ms=0 notify=0"
/* An address that is never mapped; volatile keeps the compiler from knowing better. */
static void *volatile nowhere = (void *)8;
#define EVENT_SIZE ((ssize_t)sizeof(struct vmgenc_event))

static int take(int fd, struct vmgenc_event *event)
{
	return read(fd, event, sizeof(*event)) == EVENT_SIZE ? 0 : -1;
}

static void change(struct vmgenc_event *event)
{
	rawid_change();
	CHECK(node_sync(event));
}

/* Fails if misc.mode is not 0444, or the node is not a character device. */
static void node_is_for_everyone_to_read(void)
{
	struct stat st;

	CHECK(stat(NODE, &st) == 0);
	CHECK(S_ISCHR(st.st_mode));
	CHECK((st.st_mode & 07777) == 0444);
}

/* Fails if the first read waits, gives another size, is not settled or has another id. */
static void first_read_returns_at_once(void)
{
	struct vmgenc_event event;
	uint8_t raw[RAWID_SIZE];
	char more[sizeof(event) + 8];
	int fd = open(NODE, O_RDONLY | O_NONBLOCK);

	CHECK(fd >= 0);
	CHECK(read(fd, more, sizeof(more)) == EVENT_SIZE);
	memcpy(&event, more, sizeof(event));
	CHECK(EVENT_SIZE == 40);
	CHECK(event.generation >= 1);
	CHECK(event.settled == event.generation);
	CHECK(event.changed_ns != 0);
	rawid_read(raw);
	CHECK(memcmp(event.id, raw, sizeof(raw)) == 0);
	close(fd);
}

/* Fails if an event is given twice to a descriptor, or O_NONBLOCK is not heeded. */
static void second_read_has_nothing_new(void)
{
	struct vmgenc_event event;
	int fd = node_open(O_NONBLOCK);

	CHECK(fd >= 0);
	CHECK_ERRNO(read(fd, &event, sizeof(event)), EAGAIN);
	CHECK_ERRNO(read(fd, &event, sizeof(event)), EAGAIN);
	close(fd);
}

/* Fails if a short buffer gets a cut event, or takes the event away. */
static void short_buffer_is_refused(void)
{
	struct vmgenc_event event;
	int fd = open(NODE, O_RDONLY | O_NONBLOCK);

	CHECK_ERRNO(read(fd, &event, sizeof(event) - 1), EINVAL);
	CHECK_ERRNO(read(fd, &event, 0), EINVAL);
	CHECK(take(fd, &event) == 0);
	close(fd);
}

/* Fails if the event counts as read before it has been copied. */
static void bad_pointer_loses_no_event(void)
{
	struct vmgenc_event event;
	int fd = open(NODE, O_RDONLY | O_NONBLOCK);

	CHECK_ERRNO(read(fd, nowhere, sizeof(event)), EFAULT);
	CHECK(take(fd, &event) == 0);
	close(fd);
}

/* Fails if a change does not wake a sleeping read(2). */
static void change_wakes_a_reader(void)
{
	struct vmgenc_event event, now;
	int fd = node_open(0);
	pid_t pid = fork();

	if (pid == 0)
		_exit(take(fd, &event) == 0 ? (int)(event.generation & 0x7f) : 255);
	CHECK(child_sleeps(pid));
	change(&now);
	CHECK(child_end(pid) == (int)(now.generation & 0x7f));
	close(fd);
}

/* Fails if poll(2) does not register on the readers' queue, or is not woken: with a time limit it
 * would look again. */
static void change_wakes_a_poller(void)
{
	struct vmgenc_event event;
	int fd = node_open(O_NONBLOCK);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	pid_t pid = fork();

	if (pid == 0)
		_exit(poll(&p, 1, -1) == 1 ? 7 : 1);
	CHECK(child_sleeps(pid));
	change(&event);
	CHECK(child_end(pid) == 7);
	close(fd);
}

/* Fails if poll(2) says readable with nothing to read, or not with something. */
static void poll_says_what_read_finds(void)
{
	int fd = open(NODE, O_RDONLY | O_NONBLOCK);
	struct pollfd p = {.fd = fd, .events = POLLIN | POLLRDNORM | POLLOUT};
	struct vmgenc_event event;

	CHECK(poll(&p, 1, 0) == 1 && p.revents == (POLLIN | POLLRDNORM));
	CHECK(take(fd, &event) == 0);
	CHECK(poll(&p, 1, 0) == 0);
	change(&event);
	CHECK(poll(&p, 1, 0) == 1 && p.revents == (POLLIN | POLLRDNORM));
	CHECK(take(fd, &event) == 0);
	CHECK(poll(&p, 1, 0) == 0);
	close(fd);
}

/* Fails if descriptors share what they have read. */
static void two_readers_get_each_event_once(void)
{
	int fds[2] = {node_open(O_NONBLOCK), node_open(O_NONBLOCK)};
	struct vmgenc_event event, now;

	for (int round = 0; round < 3; round++) {
		change(&now);
		for (int i = 0; i < 2; i++) {
			CHECK(take(fds[i], &event) == 0);
			CHECK(memcmp(&event, &now, sizeof(now)) == 0);
			CHECK_ERRNO(read(fds[i], &event, sizeof(event)), EAGAIN);
		}
	}
	close(fds[0]);
	close(fds[1]);
}

/* Fails if a child of fork(2) has a position of its own. */
static void fork_shares_the_position(void)
{
	struct vmgenc_event event;
	int fd = node_open(O_NONBLOCK);
	pid_t pid;

	change(&event);
	pid = fork();
	if (pid == 0)
		_exit(take(fd, &event) == 0 ? 7 : 1);
	CHECK(child_end(pid) == 7);
	CHECK_ERRNO(read(fd, &event, sizeof(event)), EAGAIN);
	close(fd);
}

static int shared_fd;
static atomic_int taken, arrived, go;

/* Into memory that is not there yet: the fault in the copy gives the other its time. */
static void *taker(void *unused)
{
	void *buffer = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	arrived++;
	while (!go)
		;
	if (take(shared_fd, buffer) == 0)
		taken++;
	munmap(buffer, 4096);
	return unused;
}

/* Fails if two threads of one descriptor can both take an event: read without its lock. */
static void threads_share_each_event_out(void)
{
	struct vmgenc_event event;
	pthread_t threads[2];

	shared_fd = node_open(O_NONBLOCK);
	for (int round = 0; round < 200; round++) {
		taken = arrived = go = 0;
		change(&event);
		for (int i = 0; i < 2; i++)
			CHECK(pthread_create(&threads[i], NULL, taker, NULL) == 0);
		while (arrived != 2)
			sched_yield();
		go = 1;
		for (int i = 0; i < 2; i++)
			pthread_join(threads[i], NULL);
		CHECK(taken == 1);
	}
	close(shared_fd);
}

static void on_signal(int number)
{
	(void)number;
}

static int read_until_signal(void)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct vmgenc_event event;
	int fd = node_open(0);

	sigaction(SIGUSR1, &action, NULL);
	return take(fd, &event) == -1 && errno == EINTR ? 7 : 1;
}

/* Fails if the wait is not interruptible. The first signals may come before it begins. */
static void signal_interrupts_a_read(void)
{
	int status = 0;
	pid_t pid = fork(), ended = 0;

	if (pid == 0)
		_exit(read_until_signal());
	CHECK(child_sleeps(pid));
	for (int tries = 0; tries < PATIENCE_S * 100 && !ended; tries++) {
		kill(pid, SIGUSR1);
		usleep(10000);
		ended = waitpid(pid, &status, WNOHANG);
	}
	if (!ended)
		child_end(pid);
	CHECK(ended == pid && WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

/* Fails if the device is writable or seekable in any way. */
static void nothing_writes_or_seeks(void)
{
	struct vmgenc_event event = {0};
	int fd = open(NODE, O_RDWR | O_NONBLOCK);

	CHECK(fd >= 0);
	CHECK_ERRNO(write(fd, &event, sizeof(event)), EINVAL);
	CHECK_ERRNO(lseek(fd, 0, SEEK_SET), ESPIPE);
	CHECK_ERRNO(pread(fd, &event, sizeof(event), 0), ESPIPE);
	close(fd);
	fd = open(NODE, O_RDONLY);
	CHECK_ERRNO(write(fd, &event, sizeof(event)), EBADF);
	close(fd);
}

/* Fails if ioctl(2) takes a command for sync that is not, down to the size in its number. */
static void unknown_ioctl_is_refused(void)
{
	struct vmgenc_event event;
	int fd = open(NODE, O_RDONLY);

	CHECK_ERRNO(ioctl(fd, _IO('G', 0xE2), &event), ENOTTY);
	CHECK_ERRNO(ioctl(fd, _IOW('G', 0xE1, struct vmgenc_event), &event), ENOTTY);
	CHECK_ERRNO(ioctl(fd, _IOR('G', 0xE1, uint64_t), &event), ENOTTY);
	close(fd);
}

/* Fails if sync trusts its argument. */
static void sync_with_a_bad_pointer(void)
{
	int fd = open(NODE, O_RDONLY);

	CHECK_ERRNO(ioctl(fd, VMGENC_SYNC, nowhere), EFAULT);
	CHECK_ERRNO(ioctl(fd, VMGENC_SYNC, -4096L), EFAULT);
	close(fd);
}

/* Fails if sync returns before the change is published and settled. */
static void sync_returns_the_new_generation(void)
{
	struct vmgenc_event before, after;
	uint8_t raw[RAWID_SIZE];

	CHECK(node_sync(&before));
	for (int round = 0; round < 20; round++, before = after) {
		change(&after);
		rawid_read(raw);
		CHECK(after.generation == before.generation + 1);
		CHECK(after.settled == after.generation);
		CHECK(memcmp(after.id, raw, sizeof(raw)) == 0);
		CHECK(after.changed_ns >= before.changed_ns && after.changed_ns % (1 << 20) == 0);
	}
}

static void sync_as_nobody(void)
{
	struct vmgenc_event event;

	CHECK(node_sync(&event));
	CHECK(event.settled == event.generation);
}

/* Fails if the rekey needs a privilege of the program that asks: its id is only seen by sync. */
static void nobody_may_sync(void)
{
	struct vmgenc_event before, after;

	CHECK(node_sync(&before));
	rawid_change();
	CHECK(as_nobody(sync_as_nobody) == 0);
	CHECK(node_sync(&after));
	CHECK(after.generation == before.generation + 1);
}

/* Fails if an id that is the same, or that has become zero, counts as a change. */
static void no_change_is_no_generation(void)
{
	static const uint8_t zero[RAWID_SIZE];
	struct vmgenc_event before, after;
	uint8_t raw[RAWID_SIZE];

	CHECK(node_sync(&before));
	rawid_read(raw);
	rawid_write(raw);
	CHECK(node_sync(&after));
	CHECK(memcmp(&before, &after, sizeof(after)) == 0);
	rawid_write(zero);
	CHECK(node_sync(&after));
	CHECK(memcmp(&before, &after, sizeof(after)) == 0);
	rawid_write(raw);
	CHECK(node_sync(&after));
	CHECK(memcmp(&before, &after, sizeof(after)) == 0);
}

static void *syncer(void *event)
{
	while (!go)
		sched_yield();
	return node_sync(event) ? event : NULL;
}

/* Fails if two syncs of one change do its work twice, or one returns before it is done. */
static void syncs_at_once_do_the_work_once(void)
{
	struct vmgenc_event before, after[8];
	pthread_t threads[8];
	void *good;

	for (int round = 0; round < 50; round++) {
		go = 0;
		CHECK(node_sync(&before));
		for (int i = 0; i < 8; i++)
			CHECK(pthread_create(&threads[i], NULL, syncer, &after[i]) == 0);
		rawid_change();
		go = 1;
		for (int i = 0; i < 8; i++) {
			pthread_join(threads[i], &good);
			CHECK(good != NULL);
			CHECK(after[i].generation == before.generation + 1);
			CHECK(after[i].settled == after[i].generation);
		}
	}
}

/* Fails if a change is published without a rekey, or counted more or less than once. */
static void each_change_rekeys_once(void)
{
	const volatile struct vmgenc_page *page;
	uint64_t rekeys, changes, more = 0;
	struct vmgenc_event event;
	int fd = open(NODE, O_RDONLY);

	page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(page != MAP_FAILED);
	CHECK(page->rekeys >= 1);
	/* A rekey for more entropy may come in between, but not each time. */
	for (int tries = 0; tries < 5 && more != 2; tries++) {
		rekeys = page->rekeys;
		changes = page->changes;
		CHECK(node_sync(&event));
		change(&event);
		change(&event);
		more = page->rekeys - rekeys;
		CHECK(more >= 2);
		CHECK(page->changes == changes + 2);
	}
	CHECK(more == 2);
	CHECK(page->rekey_failures == 0);
	CHECK(!(page->flags & VMGENC_REKEY_FAILED));
	munmap((void *)page, 4096);
	close(fd);
}

/*
 * The look is deferrable: it runs on a processor that is awake and has its timer, so this keeps
 * each of them awake in turn.
 */
static bool readable_while_awake(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	time_t end = time(NULL) + PATIENCE_S;
	cpu_set_t set;

	for (unsigned int i = 0; time(NULL) <= end; i++) {
		CPU_ZERO(&set);
		CPU_SET(i / 1000 % cpus, &set);
		if (i % 1000 == 0)
			sched_setaffinity(0, sizeof(set), &set);
		if (poll(&p, 1, 0) == 1)
			return true;
	}
	return false;
}

/* Fails if no look comes when the host does not notify and no program syncs. */
static void slow_look_notices(void)
{
	struct vmgenc_event event;
	uint8_t raw[RAWID_SIZE];
	int fd;

	CHECK(module_reload("look_ms=20 notify=0") == 0);
	fd = node_open(O_NONBLOCK);
	for (int round = 0; round < 2; round++) {
		rawid_change();
		CHECK(readable_while_awake(fd));
		CHECK(take(fd, &event) == 0);
		rawid_read(raw);
		CHECK(event.generation == 2u + (unsigned int)round);
		CHECK(memcmp(event.id, raw, sizeof(raw)) == 0);
	}
	close(fd);
}

static void loads(void)
{
	CHECK(module_reload(ONLY_SYNC) == 0);
}

int main(void)
{
	RUN(loads);
	RUN(node_is_for_everyone_to_read);
	RUN(first_read_returns_at_once);
	RUN(second_read_has_nothing_new);
	RUN(short_buffer_is_refused);
	RUN(bad_pointer_loses_no_event);
	RUN(change_wakes_a_reader);
	RUN(change_wakes_a_poller);
	RUN(poll_says_what_read_finds);
	RUN(two_readers_get_each_event_once);
	RUN(fork_shares_the_position);
	RUN(threads_share_each_event_out);
	RUN(signal_interrupts_a_read);
	RUN(nothing_writes_or_seeks);
	RUN(unknown_ioctl_is_refused);
	RUN(sync_with_a_bad_pointer);
	RUN(sync_returns_the_new_generation);
	RUN(nobody_may_sync);
	RUN(no_change_is_no_generation);
	RUN(syncs_at_once_do_the_work_once);
	RUN(each_change_rekeys_once);
	RUN(slow_look_notices);
	return check_result();
}
