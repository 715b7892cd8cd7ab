/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/guest: draws on every CPU. In a clone, records the draws since the resume and reports them.
 */
#include <errno.h>
#include <string.h>

#include "guest.h"

/* A thread counts as drawing after this many draws, when it is warm. */
#define WARM 1000
#define WARM_PROBE 8 /* real programs are slower */

struct worker {
	struct thread thread;
	unsigned int cpu;
	struct generator generator;
	struct lab_draw *records; /* in ticks until they are reported */
	uint64_t count;
	uint64_t resumed; /* ticks: start of the last draw that ended before the resume */
};

static struct worker workers[LAB_MAX_CPUS];
static volatile uint32_t stop;
static uint32_t drawing;  /* workers that are warm */
static uint32_t recorded; /* workers that have recorded since the last report */
volatile uint64_t woken_at, woken_generation;
static uint64_t max_ticks;
static uint32_t seen_lineage; /* by the clock */

/* The first draw began before the resume, so it may have been under way at the snapshot. */
static void record(struct worker *w, const uint8_t first[LAB_VALUE_SIZE], uint64_t ticks)
{
	uint64_t i = 1, draws = exchange->draws, deadline = ticks + max_ticks;

	memcpy(w->records[0].value, first, LAB_VALUE_SIZE);
	w->records[0].begun_ns = 0;
	w->records[0].ns = ticks;
	for (; i < draws && ticks < deadline; i++) {
		if (exchange->interval)
			sleep_ns(exchange->interval);
		w->records[i].begun_ns = clock_ticks();
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
	uint32_t seen = exchange->lineage;
	uint64_t last = clock_ticks();
	uint64_t warm = generator_table[w->generator.kind].probe ? WARM_PROBE : WARM;

	for (uint64_t n = 1; !stop; n++) {
		uint64_t begin = clock_ticks();
		uint32_t lineage = generator_draw(&w->generator, value);

		if (lineage != seen) {
			seen = lineage;
			w->resumed = last;
			record(w, value, clock_ticks());
		}
		last = begin;
		if (n >= warm && exchange->interval)
			sleep_ns(exchange->interval);
		if (n == warm)
			__atomic_add_fetch(&drawing, 1, __ATOMIC_ACQ_REL);
	}
	return NULL;
}

static void start_workers(enum lab_generator kind, struct vmgenc *vg)
{
	if (!(exchange->generators & 1u << kind))
		fail("this guest has no generator %d", kind);
	stop = drawing = recorded = 0;
	probe_start(kind);
	for (unsigned int i = 0; i < exchange->cpus; i++) {
		struct worker *w = &workers[i];

		w->count = 0;
		generator_init(&w->generator, kind, i, vg);
		if (generator_table[kind].probe)
			probe_open(&w->generator);
		thread_start(&w->thread, (int)i, work, w);
	}
	while (__atomic_load_n(&drawing, __ATOMIC_ACQUIRE) < exchange->cpus)
		sleep_ns(1000000);
	clock_before_stop();
	__atomic_store_n(&exchange->state, LAB_DRAWING, __ATOMIC_RELEASE);
}

static void stop_workers(void)
{
	stop = 1;
	for (unsigned int i = 0; i < exchange->cpus; i++)
		thread_join(&workers[i].thread);
	for (unsigned int i = 0; i < exchange->cpus; i++) {
		if (generator_table[workers[i].generator.kind].probe)
			probe_close(&workers[i].generator);
	}
	probe_stop();
	__atomic_store_n(&exchange->state, LAB_READY, __ATOMIC_RELEASE);
}

/* Return 0 if the conversion of clocks puts an event after the resume before it. */
static uint64_t elapsed(uint64_t from, uint64_t to)
{
	return to > from ? to - from : 0;
}

static void report_draws(uint64_t start)
{
	struct lab_draw *to = (struct lab_draw *)((char *)exchange + exchange->records);

	for (unsigned int i = 0; i < exchange->cpus; i++, to += exchange->draws) {
		struct worker *w = &workers[i];

		for (uint64_t j = 0; j < w->count; j++) {
			if (j)
				w->records[j].begun_ns =
					elapsed(start, clock_after(w->records[j].begun_ns));
			w->records[j].ns = elapsed(start, clock_after(w->records[j].ns));
			to[j] = w->records[j];
		}
		exchange->counts[i] = w->count;
		/* The draw that noticed the resume ended after it. */
		if (to[0].ns < exchange->resume_within_ns)
			exchange->resume_within_ns = to[0].ns;
	}
}

static void report_times(struct vmgenc *vg, uint64_t start)
{
	struct vmgenc_status st = {.size = sizeof(st)};

	exchange->rekeyed_ns = exchange->woken_ns = exchange->announced_ns = LAB_NEVER;
	exchange->logged_ns = exchange->resume_within_ns = LAB_NEVER;
	clock_source(exchange->clock, sizeof(exchange->clock));
	report_system(start);
	if (!vg || vmgenc_status(vg, &st))
		return;
	if (exchange->device && st.generation != exchange->generation) {
		exchange->rekeyed_ns = elapsed(start, st.changed_ns);
		if (woken_generation == st.generation)
			exchange->woken_ns = elapsed(start, woken_at);
	}
	exchange->generation = st.generation;
	exchange->settled = st.settled;
	exchange->changes = st.changes;
	exchange->spurious = st.spurious;
	exchange->rekeys = st.rekeys;
	exchange->rekey_failures = st.rekey_failures;
	memcpy((void *)exchange->id, st.id, sizeof(st.id));
}

/* The boot time does not advance from the snapshot to the resume, so this is the time of both. */
static uint64_t resumed_at(void)
{
	uint64_t ticks = 0;

	for (unsigned int i = 0; i < exchange->cpus; i++) {
		if (workers[i].resumed > ticks)
			ticks = workers[i].resumed;
	}
	return clock_before(ticks);
}

/* Call this as soon as possible after a resume, before converting stamps. */
static void notice_resume(void)
{
	if (seen_lineage != exchange->lineage)
		clock_after_stop();
	seen_lineage = exchange->lineage;
}

static void report_clone(struct vmgenc *vg)
{
	notice_resume();
	clock_calibrate();
	uint64_t start = resumed_at();

	report_times(vg, start);
	report_draws(start);
	/* A clone of this clone records again. */
	__atomic_store_n(&recorded, 0, __ATOMIC_RELEASE);
	clock_before_stop();
	__atomic_store_n(&exchange->state, LAB_RECORDED, __ATOMIC_RELEASE);
}

/* Touch the memory now, to avoid page faults during the recording. */
static void allocate_records(void)
{
	for (unsigned int i = 0; i < exchange->cpus; i++) {
		workers[i].records = system_memory(exchange->draws * sizeof(struct lab_draw));
		workers[i].cpu = i;
	}
}

static struct vmgenc *open_source(void)
{
	struct vmgenc_status st = {.size = sizeof(st)};
	struct vmgenc *vg = NULL;
	int err = vmgenc_open(&vg, exchange->vmclock ? "vmclock:/dev/vmclock0" : "dev:/dev/vmgenc");

	exchange->generators = system_generators();
	if (err && err != -ENODEV)
		fail("vmgenc_open: error %d", -err);
	if (vg && (err = vmgenc_status(vg, &st)) != 0)
		fail("vmgenc_status: error %d", -err);
	if (vg) {
		exchange->generation = st.generation;
		exchange->device = !exchange->vmclock;
		exchange->generators |= 1u << LAB_GUARDED;
	}
	watch(exchange->device ? vg : NULL);
	return vg;
}

void prove(void)
{
	uint32_t command = LAB_IDLE;

	seen_lineage = exchange->lineage;
	clock_begin();
	max_ticks = clock_ns_to_ticks(exchange->nanoseconds);
	allocate_records();
	struct vmgenc *vg = open_source();

	__atomic_store_n(&exchange->state, LAB_READY, __ATOMIC_RELEASE);
	for (;; sleep_ns(2000000)) {
		uint32_t wanted = __atomic_load_n(&exchange->command, __ATOMIC_ACQUIRE);

		notice_resume();
		if (command != wanted && wanted == LAB_DRAW)
			start_workers((enum lab_generator)exchange->generator, vg);
		if (command != wanted && wanted == LAB_IDLE)
			stop_workers();
		command = wanted;
		if (command == LAB_DRAW &&
		    __atomic_load_n(&recorded, __ATOMIC_ACQUIRE) == exchange->cpus)
			report_clone(vg);
	}
}
