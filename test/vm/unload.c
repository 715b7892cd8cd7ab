/* SPDX-License-Identifier: BSD-2-Clause */
/* test/vm: the module goes away neither under anybody's feet nor with anything left behind. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "check.h"
#include "guest.h"
#include "kernel_state.h"
#include "rawid.h"

#define PAGE 4096
#define TAINT "/proc/sys/kernel/tainted" /* root may add flags */

static struct kernel_state at_start;
/* The program's argument: loads and unloads, and a fifth of the callers that hold one up. */
static unsigned int cycles = 100;

static bool taint(const char *flag)
{
	int fd = open(TAINT, O_WRONLY | O_CLOEXEC);
	bool added = fd >= 0 && write(fd, flag, strlen(flag)) == (ssize_t)strlen(flag);

	if (fd >= 0)
		close(fd);
	return added;
}

/* Fails if a warning from before the test is held against the module, or a later one is not seen. */
static void only_new_taint_counts(void)
{
	struct kernel_state before;

	CHECK(taint("512"));
	kernel_state(&before);
	CHECK(before.taint & 512);
	CHECK(!kernel_is_worse(&before));
	CHECK(taint("32"));
	CHECK(kernel_is_worse(&before));
	kernel_state(&at_start);
}

static void *map_and_close(int number)
{
	int fd = open(NODE, O_RDONLY | O_CLOEXEC);
	void *p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, (off_t)number * PAGE);

	close(fd);
	return p;
}

static bool in_use(void)
{
	errno = 0;
	return module_unload("vmgenc") == -1 &&
	       (errno == EAGAIN || errno == EWOULDBLOCK || errno == EBUSY);
}

/* Fails if a descriptor does not hold the module, or holds it after close(2). */
static void descriptor_holds_the_module(void)
{
	struct vmgenc_event event;
	int fd;

	CHECK(module_reload("look_ms=1") == 0);
	fd = node_open(O_NONBLOCK);
	CHECK(fd >= 0);
	CHECK(in_use());
	rawid_change();
	CHECK(ioctl(fd, VMGENC_SYNC, &event) == 0);
	CHECK(read(fd, &event, sizeof(event)) == (ssize_t)sizeof(event));
	close(fd);
	CHECK(module_unload("vmgenc") == 0);
}

/* Fails if the pages could be freed under a mapping whose descriptor is closed. */
static void mapping_holds_the_module(void)
{
	volatile uint8_t *p;

	for (int number = 0; number < 2; number++) {
		CHECK(module_load(MODULE_FILE, "look_ms=1") == 0);
		p = map_and_close(number);
		CHECK(p != MAP_FAILED);
		CHECK(in_use());
		CHECK(p[number ? RAWID_OFFSET : 0] == p[number ? RAWID_OFFSET : 0]);
		munmap((void *)p, PAGE);
		CHECK(module_unload("vmgenc") == 0);
	}
}

/* Fails if a child's copy of a mapping does not count for itself. */
static void inherited_mapping_holds_the_module(void)
{
	void *p;
	pid_t pid;

	CHECK(module_load(MODULE_FILE, "look_ms=1") == 0);
	p = map_and_close(0);
	CHECK(p != MAP_FAILED);
	pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	munmap(p, PAGE);
	CHECK(in_use());
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	CHECK(module_unload("vmgenc") == 0);
}

/* Fails if a reader that sleeps could be left on a queue that is gone. */
static void sleeping_reader_holds_the_module(void)
{
	struct vmgenc_event event;
	pid_t pid;
	int fd;

	CHECK(module_load(MODULE_FILE, "look_ms=0 notify=0") == 0);
	fd = node_open(0);
	pid = fork();
	if (pid == 0)
		_exit(read(fd, &event, sizeof(event)) == (ssize_t)sizeof(event) ? 7 : 1);
	close(fd);
	CHECK(child_sleeps(pid));
	CHECK(in_use());
	rawid_change();
	CHECK(node_sync(&event));
	CHECK(child_end(pid) == 7);
	CHECK(module_unload("vmgenc") == 0);
}

static pid_t start(void (*step)(void))
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		step();
}

/* Not without a pause: an id that never holds still is rightly refused with EAGAIN. */
static void change_step(void)
{
	rawid_change();
	usleep(200);
}

static void sync_step(void)
{
	struct vmgenc_event event;

	if (!node_sync(&event))
		usleep(100);
}

/* Whoever draws may look, and settle, in the moment that the hook goes. */
static void draw_step(void)
{
	char value[16];

	if (getrandom(value, sizeof(value), 0) < 0)
		usleep(100);
}

static void stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* The syncing child holds the module now and then. */
static bool unload_in_the_end(void)
{
	time_t end = time(NULL) + PATIENCE_S;

	while (module_unload("vmgenc")) {
		if (errno != EAGAIN && errno != EBUSY)
			return false;
		if (time(NULL) > end)
			return false;
		sched_yield();
	}
	return true;
}

static bool cycle(unsigned int number)
{
	/*
	 * Some with every trigger, some with fewer; sometimes unloaded before anything happened.
	 * Taking the hooks of draws away waits for grace periods: seldom, so that it ends in time.
	 */
	static const char *const parameters[] = { "look_ms=1", "look_ms=1 sci=0 draws=0",
						  "look_ms=1 notify=0 draws=0", "look_ms=1 draws=0",
						  "look_ms=0 draws=0" };

	if (module_load(MODULE_FILE, parameters[number % 5]))
		return false;
	if (number % 3)
		usleep(1000 * (number % 7));
	return unload_in_the_end();
}

/* Fails if a node, sysctl, thread or mapping outlives the module. */
static void nothing_is_left(void)
{
	struct vmgenc_event event;
	unsigned int before = kernel_mappings();

	CHECK(module_reload("look_ms=1") == 0);
	CHECK(access(NODE, F_OK) == 0 && access(SYSCTL, F_OK) == 0);
	CHECK(kernel_has_our_thread() && kernel_mappings() == before + 1);
	rawid_change();
	CHECK(node_sync(&event));
	CHECK(module_unload("vmgenc") == 0);
	CHECK(access(NODE, F_OK) == -1 && access(SYSCTL, F_OK) == -1);
	CHECK(access("/proc/sys/dev/vmgenc", F_OK) == -1);
	CHECK(access("/sys/module/vmgenc", F_OK) == -1);
	CHECK(!kernel_has_our_thread());
	CHECK(kernel_mappings() == before);
}

static int changing(unsigned int count, int log)
{
	pid_t changer = start(change_step), syncer = start(sync_step), drawer = start(draw_step);
	unsigned int number = 0;

	while (number < count && cycle(number) && log_is_clean(log))
		number++;
	stop(drawer);
	stop(syncer);
	stop(changer);
	return number == count ? 0 : -1;
}

/*
 * Fails if unloading races with a change under way: the kernel warns or dies (which ends the
 * guest), hangs, or keeps what each load took. 8 MB are 80 KB for each cycle.
 */
static void cycles_with_a_change_in_flight(void)
{
	int log = log_open();
	unsigned int before = kernel_mappings();
	long slab, free_before;

	CHECK(log >= 0);
	CHECK(changing(cycles / 5, log) == 0);
	slab = kernel_memory("SUnreclaim:");
	free_before = kernel_memory("MemFree:");
	CHECK(slab > 0 && free_before > 0);
	CHECK(changing(cycles, log) == 0);
	printf("# %u cycles: SUnreclaim grew by %ld kB, MemFree fell by %ld kB\n", cycles,
	       kernel_memory("SUnreclaim:") - slab, free_before - kernel_memory("MemFree:"));
	CHECK(kernel_memory("SUnreclaim:") - slab < 1024);
	CHECK(free_before - kernel_memory("MemFree:") < 8192);
	CHECK(!kernel_has_our_thread() && kernel_mappings() == before);
	CHECK(!kernel_is_worse(&at_start));
	close(log);
}

#define MAX_CALLERS 500

/* Code is freed when each task has been seen outside: callers that never yield take minutes. */
static void call_until(const int *stop)
{
	static char value[65536];
	unsigned int size;

	for (unsigned int i = 0; !__atomic_load_n(stop, __ATOMIC_ACQUIRE); i++) {
		size = i % 16 ? 16 : sizeof(value);
		if (getrandom(value, size, 0) != (ssize_t)size)
			_exit(1);
		if (i % 16 == 0)
			sched_yield();
	}
	_exit(0);
}

/*
 * Fails if a call that is inside when its probe goes ends with an error, never, or in memory that
 * is gone: hundreds at a time, most of them preempted inside, while the id keeps changing.
 */
static void unload_under_hundreds_of_callers(void)
{
	static pid_t callers[MAX_CALLERS];
	const unsigned int count = cycles < MAX_CALLERS / 5 ? 5 * cycles : MAX_CALLERS;
	int *stop = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int log = log_open(), failed = 0, loads;
	pid_t changer;

	CHECK(stop != MAP_FAILED && log >= 0);
	for (unsigned int i = 0; i < count; i++) {
		callers[i] = fork();
		if (callers[i] == 0) {
			setpriority(PRIO_PROCESS, 0, 19);
			call_until(stop);
		}
	}
	changer = start(change_step);
	for (loads = 0; loads < 4; loads++) {
		if (module_load(MODULE_FILE, "look_ms=1"))
			break;
		usleep(200000);
		if (!unload_in_the_end())
			break;
	}
	__atomic_store_n(stop, 1, __ATOMIC_RELEASE);
	for (unsigned int i = 0; i < count; i++)
		failed += child_end(callers[i]) != 0;
	kill(changer, SIGKILL);
	waitpid(changer, NULL, 0);
	CHECK(loads == 4);
	CHECK(failed == 0);
	CHECK(log_is_clean(log) && !kernel_is_worse(&at_start));
	close(log);
}

int main(int argc, char *argv[])
{
	if (argc > 1)
		cycles = (unsigned int)atoi(argv[1]);
	rawid_page();
	kernel_state(&at_start);
	RUN(only_new_taint_counts);
	RUN(descriptor_holds_the_module);
	RUN(mapping_holds_the_module);
	RUN(inherited_mapping_holds_the_module);
	RUN(sleeping_reader_holds_the_module);
	RUN(nothing_is_left);
	RUN(cycles_with_a_change_in_flight);
	RUN(unload_under_hundreds_of_callers);
	return check_result();
}
