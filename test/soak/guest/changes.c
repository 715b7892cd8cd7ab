/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/soak/guest: CHANGES changes of the id in one guest, in rounds between which the module is
 * unloaded and loaded; nothing may be lost, left, or said by the kernel. The last line is JSON.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>
#include <fcntl.h>

#include "guest.h"
#include "kernel_state.h"
#include "rawid.h"
#include "soak.h"

enum { ROUND = 100, WARM_UP = 30 };

/* What notices a change: our sync alone, the module's looks alone, or either. */
enum how { SYNC, LOOK, ANYBODY, HOWS };

static const char *const parameters[HOWS] = {"look_ms=0 notify=0 draws=0",
					     "look_ms=1 notify=0 draws=0", "look_ms=1"};

static struct consumers *consumers;
static struct {
	unsigned int changes, loads, refused, warnings;
	uint64_t generations, seen[CONSUMER_KINDS];
} done;
static int log_fd;

static bool complain(const char *what)
{
	printf("# after %u changes: %s (errno now: %s)\n", done.changes, what, strerror(errno));
	return false;
}

static bool log_says_nothing(void)
{
	while (!log_is_clean(log_fd))
		done.warnings++;
	return !done.warnings || complain("the kernel's log is not clean");
}

/* Whatever still holds the module after its last user was killed goes soon. */
static bool unload(void)
{
	time_t end = time(NULL) + PATIENCE_S;

	while (module_unload("vmgenc")) {
		if ((errno != EAGAIN && errno != EBUSY) || time(NULL) > end)
			return complain("the module cannot be unloaded though nobody holds it");
		usleep(1000);
	}
	if (kernel_has_our_thread())
		return complain("a thread of the module is left");
	done.loads++;
	return true;
}

static bool reload(enum how how)
{
	if (!unload())
		return false;
	return !module_load(MODULE_FILE, parameters[how]) || complain("the module does not load");
}

/* In use it must stay. */
static bool stays_loaded(void)
{
	if (!module_unload("vmgenc"))
		return complain("the module could be unloaded though it is in use");
	done.refused++;
	return errno == EAGAIN || errno == EBUSY || complain("unloading fails otherwise");
}

static bool has_current_id(const volatile struct vmgenc_page *page)
{
	uint8_t id[RAWID_SIZE];

	rawid_read(id);
	return page->settled == page->generation && !memcmp((const void *)page->id, id, sizeof(id));
}

static bool noticed(const volatile struct vmgenc_page *page)
{
	time_t end = time(NULL) + PATIENCE_S;

	while (!has_current_id(page) && time(NULL) < end)
		usleep(500);
	return has_current_id(page) || complain("a change was not noticed");
}

/* Each change is one generation where only we sync, with its id; else it may be part of one. */
static bool change(const volatile struct vmgenc_page *page, enum how how)
{
	uint64_t before = page->generation;
	struct vmgenc_event event;
	uint8_t id[RAWID_SIZE];

	rawid_change();
	done.changes++;
	if (how != SYNC)
		return true;
	rawid_read(id);
	if (!node_sync(&event))
		return complain("sync failed");
	return (event.generation == before + 1 && !memcmp(event.id, id, sizeof(id))) ||
	       complain("a sync did not make exactly one generation of a change");
}

/* Some changes in a row, then all have to have seen the last, or what covers it. */
static bool burst(const volatile struct vmgenc_page *page, enum how how, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		if (!change(page, how))
			return false;
		if (how == ANYBODY && i % 2)
			usleep(1000);
	}
	if (how != SYNC && !noticed(page))
		return false;
	return consumers_have_seen(consumers, page->generation) && log_says_nothing();
}

static bool bursts(const volatile struct vmgenc_page *page, enum how how, unsigned int count)
{
	uint64_t first = page->generation;

	if (!consumers_have_seen(consumers, first))
		return false;
	for (unsigned int left = count, size; left; left -= size) {
		size = 1 + (unsigned int)rand() % 4;
		size = size < left ? size : left;
		if (!burst(page, how, size) || (left % 8 == 0 && !stays_loaded()))
			return false;
	}
	done.generations += page->generation - first;
	return page->generation - first <= count || complain("more generations than changes");
}

static bool round_of(enum how how, unsigned int count)
{
	int fd = open(NODE, O_RDONLY | O_CLOEXEC);
	void *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);

	close(fd);
	if (page == MAP_FAILED)
		return complain("cannot map the generation page");
	bool good = consumers_start(consumers, how == ANYBODY) && bursts(page, how, count);

	good &= consumers_stop(consumers);
	for (int i = 0; i < CONSUMER_KINDS; i++)
		done.seen[i] += consumers_seen(consumers, (enum consumer_kind)i);
	munmap(page, 4096);
	return good;
}

static bool rounds(unsigned int changes, unsigned int size, bool counted)
{
	for (unsigned int i = 0; changes; i++) {
		unsigned int count = changes < size ? changes : size;

		if (!reload((enum how)(i % HOWS)) || !round_of((enum how)(i % HOWS), count))
			return false;
		changes -= count;
		if (counted)
			printf("# %u changes\n", done.changes);
	}
	return reload(SYNC) && log_says_nothing();
}

static void print_result(const struct ledger *before, const struct ledger *after, double seconds,
			 bool ok)
{
	printf("{\"count\":%u,\"seconds\":%.1f,\"ok\":%s,\"warnings\":%u,\"generations\":%llu,",
	       done.changes, seconds, ok ? "true" : "false", done.warnings,
	       (unsigned long long)done.generations);
	printf("\"readers_saw\":%llu,\"pollers_saw\":%llu,\"mappers_saw\":%llu,",
	       (unsigned long long)done.seen[READER], (unsigned long long)done.seen[POLLER],
	       (unsigned long long)done.seen[MAPPER]);
	printf("\"loads\":%u,\"refused\":%u,\"listeners\":%llu,\"memory\":[", done.loads,
	       done.refused, (unsigned long long)consumers->listeners);
	ledger_print(stdout, before, after);
	printf("]}\n");
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	unsigned int changes = argc > 1 ? (unsigned int)atoi(argv[1]) : 300;
	struct ledger before = {{0}}, after = {{0}};
	struct kernel_state at_start;
	double begin = now();

	setvbuf(stdout, NULL, _IOLBF, 0);
	rawid_page();
	kernel_state(&at_start);
	log_fd = log_open();
	consumers = consumers_new();
	/* What is allocated once, for good, is by then. */
	bool ok = consumers && log_fd >= 0 && rounds(HOWS * WARM_UP, WARM_UP, false);

	if (ok) {
		ledger_take(&before);
		memset(&done, 0, sizeof(done));
		consumers->listeners = 0;
		ok = rounds(changes, ROUND, true);
		ledger_take(&after);
		ok &= ledger_is_flat(&before, &after, changes);
	}
	if (kernel_is_worse(&at_start))
		ok = complain("the kernel is tainted by a warning");
	if (consumers)
		print_result(&before, &after, now() - begin, ok);
	return ok ? 0 : 1;
}
