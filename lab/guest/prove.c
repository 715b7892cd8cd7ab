/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest: draws on every CPU until a snapshot of it is resumed, keeps what is drawn from then
 * on, and reports it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest.h"

/* Threads are counted as drawing once they have made this many draws: they are then warm. */
#define WARM 1000

struct worker {
	pthread_t thread;
	unsigned int cpu;
	struct generator generator;
	struct lab_draw *records; /* ns holds ticks until they are reported */
	uint64_t count;
	uint64_t resumed; /* ticks: the last draw that was over before the resume began */
};

static struct worker workers[LAB_MAX_CPUS];
static volatile uint32_t stop;
static uint32_t drawing;  /* workers that are warm */
static uint32_t recorded; /* workers that have recorded since the last report */
static volatile uint64_t woken_at, woken_generation;
static uint64_t max_ticks;

static void record(struct worker *w, const uint8_t first[LAB_VALUE_SIZE], uint64_t ticks)
{
	uint64_t i = 1, draws = report->draws, deadline = ticks + max_ticks;

	memcpy(w->records[0].value, first, LAB_VALUE_SIZE);
	w->records[0].ns = ticks;
	for (; i < draws && ticks < deadline; i++) {
		generator_draw(&w->generator, w->records[i].value);
		ticks = clock_ticks();
		w->records[i].ns = ticks;
	}
	w->count = i;
	__atomic_add_fetch(&recorded, 1, __ATOMIC_ACQ_REL);
}

static void *work(void *argument)
{
	struct worker *w = argument;
	uint8_t value[LAB_VALUE_SIZE];
	uint32_t seen = report->lineage;
	uint64_t last = clock_ticks();

	for (uint64_t n = 1; !stop; n++) {
		uint64_t begin = clock_ticks();
		uint32_t lineage = generator_draw(&w->generator, value);

		if (lineage != seen) {
			seen = lineage;
			w->resumed = last;
			record(w, value, clock_ticks());
		}
		last = begin;
		if (n == WARM)
			__atomic_add_fetch(&drawing, 1, __ATOMIC_ACQ_REL);
	}
	return NULL;
}

/* Blocks in poll(2) like an event loop would, and notes when a change wakes it. */
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

static void start_workers(enum lab_generator kind, struct vmgenc *vg)
{
	if (kind == LAB_GUARDED && !vg)
		fail("there is no /dev/vmgenc for the guarded generator");
	stop = drawing = recorded = 0;
	for (unsigned int i = 0; i < report->cpus; i++) {
		struct worker *w = &workers[i];
		pthread_attr_t attributes;
		cpu_set_t set;

		w->count = 0;
		generator_init(&w->generator, kind, vg);
		CPU_ZERO(&set);
		CPU_SET(i, &set);
		pthread_attr_init(&attributes);
		pthread_attr_setaffinity_np(&attributes, sizeof(set), &set);
		int err = pthread_create(&w->thread, &attributes, work, w);

		pthread_attr_destroy(&attributes);
		if (err)
			fail("cannot start a thread on CPU %u: %s", i, strerror(err));
	}
	while (__atomic_load_n(&drawing, __ATOMIC_ACQUIRE) < report->cpus)
		sleep_ms(1);
	__atomic_store_n(&report->state, LAB_DRAWING, __ATOMIC_RELEASE);
}

static void stop_workers(void)
{
	stop = 1;
	for (unsigned int i = 0; i < report->cpus; i++)
		pthread_join(workers[i].thread, NULL);
	__atomic_store_n(&report->state, LAB_READY, __ATOMIC_RELEASE);
}

static void report_draws(uint64_t resumed)
{
	struct lab_draw *to = (struct lab_draw *)((char *)report + report->records);

	for (unsigned int i = 0; i < report->cpus; i++, to += report->draws) {
		struct worker *w = &workers[i];

		for (uint64_t j = 0; j < w->count; j++) {
			w->records[j].ns = clock_ticks_to_ns(w->records[j].ns - resumed);
			to[j] = w->records[j];
		}
		report->counts[i] = w->count;
	}
}

/* Where the clocks' conversion puts what came after the resume before it, it is 0. */
static uint64_t elapsed(uint64_t from, uint64_t to)
{
	return to > from ? to - from : 0;
}

/* Both clocks read now give the boot time of the resume without having disturbed the draws. */
static void report_times(struct vmgenc *vg, uint64_t resumed)
{
	struct vmgenc_status st = {.size = sizeof(st)};
	uint64_t now, ticks;

	clock_both(&now, &ticks);
	uint64_t start = now - clock_ticks_to_ns(ticks - resumed);

	report->logged_ns = kmsg_reseeded_after(start);
	report->rekeyed_ns = report->woken_ns = LAB_NEVER;
	if (!vg || vmgenc_status(vg, &st))
		return;
	if (st.generation != report->generation) {
		report->rekeyed_ns = elapsed(start, st.changed_ns);
		if (woken_generation == st.generation)
			report->woken_ns = elapsed(start, woken_at);
	}
	report->generation = st.generation;
	report->settled = st.settled;
	report->changes = st.changes;
	report->spurious = st.spurious;
	report->rekeys = st.rekeys;
	report->rekey_failures = st.rekey_failures;
}

static void report_clone(struct vmgenc *vg)
{
	uint64_t resumed = 0;

	/* A guest's clocks stand still between snapshot and resume: this is both, but for a draw.
	 */
	for (unsigned int i = 0; i < report->cpus; i++) {
		if (workers[i].resumed > resumed)
			resumed = workers[i].resumed;
	}
	clock_calibrate();
	report_times(vg, resumed);
	report_draws(resumed);
	kmsg_copy_tail(report->log, sizeof(report->log));
	/* A clone of this clone records again. */
	__atomic_store_n(&recorded, 0, __ATOMIC_RELEASE);
	__atomic_store_n(&report->state, LAB_RECORDED, __ATOMIC_RELEASE);
}

/* Touched now: a page fault during the recording would be in the way of the draws. */
static void allocate_records(void)
{
	for (unsigned int i = 0; i < report->cpus; i++) {
		void *memory =
			mmap(NULL, report->draws * sizeof(struct lab_draw), PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		if (memory == MAP_FAILED)
			fail("no memory for %llu draws", (unsigned long long)report->draws);
		workers[i].cpu = i;
		workers[i].records = memory;
	}
}

static struct vmgenc *open_device(void)
{
	struct vmgenc_status st = {.size = sizeof(st)};
	struct vmgenc *vg = NULL;
	pthread_t thread;
	int err = vmgenc_open(&vg, "dev:/dev/vmgenc");

	if (err == -ENODEV)
		return NULL;
	if (err)
		fail("vmgenc_open: %s", strerror(-err));
	err = vmgenc_status(vg, &st);
	if (err)
		fail("vmgenc_status: %s", strerror(-err));
	report->generation = st.generation;
	err = pthread_create(&thread, NULL, wait_for_events, vg);
	if (err)
		fail("cannot start a thread: %s", strerror(err));
	report->device = 1;
	return vg;
}

void prove(void)
{
	uint32_t command = LAB_IDLE;

	clock_calibrate();
	max_ticks = clock_ns_to_ticks(report->nanoseconds);
	allocate_records();
	struct vmgenc *vg = open_device();

	__atomic_store_n(&report->state, LAB_READY, __ATOMIC_RELEASE);
	for (;; sleep_ms(2)) {
		uint32_t wanted = __atomic_load_n(&report->command, __ATOMIC_ACQUIRE);

		if (command != wanted && wanted == LAB_DRAW)
			start_workers((enum lab_generator)report->generator, vg);
		if (command != wanted && wanted == LAB_IDLE)
			stop_workers();
		command = wanted;
		if (command == LAB_DRAW &&
		    __atomic_load_n(&recorded, __ATOMIC_ACQUIRE) == report->cpus)
			report_clone(vg);
	}
}
