// SPDX-License-Identifier: BSD-2-Clause
/* test/unit/core: driver/core under real threads - programs that sync, triggers, and a host. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "machine.h"

#define ROUNDS 4000
#define PATIENCE 100000000 /* turns to wait for a change to be seen: hours */

/* What a program was given; held against what was told when all threads are done. */
struct program {
	struct machine *m;
	struct vmgenc_event *events; /* one for each generation that it saw */
	size_t count;
	const char *wrong;
};

static bool over;

static bool is_over(void)
{
	return __atomic_load_n(&over, __ATOMIC_RELAXED);
}

/* Whether what is counted at this place moves on. */
static bool noticed(const uint64_t *generation, uint64_t before)
{
	unsigned int turns;

	for (turns = 0; turns < PATIENCE; turns++) {
		if (__atomic_load_n(generation, __ATOMIC_RELAXED) > before)
			return true;
		sched_yield();
	}
	return false;
}

/*
 * Each id is used once, and its second word follows from its first. Three of four come at any
 * moment; the fourth is left in place until it is seen, and each 16th until it is told, so that
 * a storm is never over at once.
 */
static void *host(void *arg)
{
	struct machine *m = arg;
	bool lost = false;
	uint64_t n;

	for (n = 1; n <= ROUNDS && !lost; n++) {
		uint64_t before = __atomic_load_n(&m->page->generation, __ATOMIC_RELAXED);
		uint64_t told = __atomic_load_n(&m->told_user, __ATOMIC_RELAXED);

		machine_set_id(m, n, ~n);
		if (n % 4 == 0)
			lost = !noticed(&m->page->generation, before);
		if (n % 16 == 0)
			lost |= !noticed(&m->told_user, told);
	}
	__atomic_store_n(&over, true, __ATOMIC_RELAXED);
	return lost ? arg : NULL;
}

static void *triggers(void *arg)
{
	struct machine *m = arg;

	while (!is_over()) {
		vmgenc_core_look(&m->core, VMGENC_TRIGGER_EARLY);
		vmgenc_core_look(&m->core, VMGENC_TRIGGER_NOTIFY);
	}
	return NULL;
}

static void *worker(void *arg)
{
	while (!is_over())
		machine_worker(arg);
	return NULL;
}

static void remember(struct program *p, const struct vmgenc_event *event)
{
	const struct vmgenc_event *last = p->count ? &p->events[p->count - 1] : NULL;

	if (last && event->generation < last->generation)
		p->wrong = "the generation went back";
	if (last && event->settled < last->settled)
		p->wrong = "settled went back";
	if (event->settled > event->generation)
		p->wrong = "settled is ahead of generation";
	if (last && event->generation == last->generation && event->settled == last->settled) {
		if (memcmp(last, event, sizeof(*event)))
			p->wrong = "one generation has two events";
		return;
	}
	if (p->count < 4 * ROUNDS)
		p->events[p->count++] = *event;
}

static void *program(void *arg)
{
	struct vmgenc_event event;
	struct program *p = arg;

	do {
		if (!vmgenc_core_sync(&p->m->core, &event)) {
			if (event.settled != event.generation)
				p->wrong = "sync returned 0, and the event is not settled";
			remember(p, &event);
		}
		vmgenc_core_event(&p->m->core, &event);
		remember(p, &event);
	} while (!is_over() && !p->wrong);
	return NULL;
}

/* Under the core's lock, so it needs none. */
static void fail_some(struct machine *m, enum machine_call call)
{
	static unsigned int rekeys;

	if (call == CALL_REKEY && ++rekeys % 8 == 0)
		m->refuse[CALL_REKEY] = 4;
}

/* A settled event that a program saw was told, field by field, or else a later one was. */
static void assert_told(const struct machine *m, const struct program *p)
{
	size_t i, t = 0;

	for (i = 0; i < p->count; i++) {
		const struct vmgenc_event *event = &p->events[i];

		if (event->settled != event->generation || event->generation == 1)
			continue;
		while (t < m->told_count && m->told[t].generation < event->generation)
			t++;
		assert_true(t < m->told_count);
		if (m->told[t].generation == event->generation)
			assert_memory_equal(&m->told[t], event, sizeof(*event));
	}
}

/*
 * Fails if two threads rekey, publish or tell at once (the machine notices), if an event mixes
 * two generations, if sync returns 0 unsettled, or if the last change of a storm is lost.
 */
static void test_storm(void **state)
{
	void *lost = NULL;
	pthread_t thread[5];
	struct program programs[2];
	struct machine m;
	int i;

	(void)state;
	machine_start(&m, UINT64_MAX, 0);
	assert_int_equal(vmgenc_core_attach(&m.core, MACHINE_PHYS), 0);
	assert_int_equal(machine_look(&m, VMGENC_TRIGGER_ATTACH), 0);
	m.threaded = true;
	m.hook = fail_some;
	for (i = 0; i < 2; i++) {
		programs[i] = (struct program){.m = &m};
		programs[i].events = calloc(4 * ROUNDS, sizeof(struct vmgenc_event));
		assert_non_null(programs[i].events);
		assert_int_equal(pthread_create(&thread[i], NULL, program, &programs[i]), 0);
	}
	assert_int_equal(pthread_create(&thread[2], NULL, triggers, &m), 0);
	assert_int_equal(pthread_create(&thread[3], NULL, host, &m), 0);
	assert_int_equal(pthread_create(&thread[4], NULL, worker, &m), 0);
	for (i = 0; i < 5; i++)
		assert_int_equal(pthread_join(thread[i], i == 3 ? &lost : NULL), 0);
	assert_null(lost);
	m.hook = NULL;
	m.refuse[CALL_REKEY] = 0;
	assert_int_equal(machine_look(&m, VMGENC_TRIGGER_LOOK), 0);
	machine_worker(&m);
	if (machine_broken(&m))
		fail_msg("%s", machine_broken(&m));
	assert_memory_equal(m.page->id, m.id, sizeof(m.id));
	assert_true(m.page->generation > ROUNDS / 4);
	for (i = 0; i < 2; i++) {
		if (programs[i].wrong)
			fail_msg("%s", programs[i].wrong);
		assert_true(programs[i].count > 0);
		assert_told(&m, &programs[i]);
		free(programs[i].events);
	}
	print_message("           %llu generations, %llu told\n",
		      (unsigned long long)m.page->generation, (unsigned long long)m.told_count);
	vmgenc_core_detach(&m.core);
	machine_stop(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_storm)};

	return cmocka_run_group_tests_name("core threads", tests, NULL, NULL);
}
