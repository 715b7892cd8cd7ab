/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/lib: what vmgenc_status() and vmgenc_fd() say of a file. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>

#include "lib_fixture.h"

#define INTERRUPTIONS 5000

/* Fails if a field of the status comes from another one of the page. */
static void status_shows_the_page(void **state)
{
	struct vmgenc_status st;

	(void)state;
	simfile_bump(&sim);
	sim.page->spurious = 101;
	sim.page->rekeys = 102;
	sim.page->rekey_failures = 103;
	sim.page->changes = 104;
	sim.page->unseeded = 105;
	sim.page->redraws = 106;
	sim.page->redraws_missed = 107;
	sim.page->settled = 1;
	open_file();
	st = status();
	assert_int_equal(st.size, sizeof(st));
	assert_int_equal(st.guarantee, VMGENC_RACE_FREE);
	assert_int_equal(st.flags, VMGENC_RAW_MAPPABLE);
	assert_int_equal(st.reserved, 0);
	assert_int_equal(st.generation, 2);
	assert_int_equal(st.settled, 1);
	assert_memory_equal(st.id, (const void *)sim.raw, sizeof(st.id));
	assert_int_equal(st.changed_ns, sim.page->changed_ns);
	assert_int_equal(st.spurious, 101);
	assert_int_equal(st.rekeys, 102);
	assert_int_equal(st.rekey_failures, 103);
	assert_int_equal(st.changes, 104);
	assert_string_equal(st.source, sim.source);
	assert_int_equal(st.unseeded, 105);
	assert_int_equal(st.redraws, 106);
	assert_int_equal(st.redraws_missed, 107);
}

/* Fails if a driver of the first version is refused, or what is behind its page is believed. */
static void driver_of_the_first_version(void **state)
{
	struct vmgenc_status st;

	(void)state;
	sim.page->size = 96;
	sim.page->unseeded = sim.page->redraws = sim.page->redraws_missed = 105;
	open_file();
	st = status();
	assert_int_equal(st.generation, 1);
	assert_int_equal(st.unseeded, 0);
	assert_int_equal(st.redraws, 0);
	assert_int_equal(st.redraws_missed, 0);
}

/* Fails if more than size is written, less than the first version accepted, or a tail left over. */
static void status_keeps_to_its_size(void **state)
{
	struct {
		struct vmgenc_status st;
		unsigned char later[16], beyond[8];
	} caller;
	const uint32_t later = offsetof(__typeof__(caller), beyond);
	const uint32_t first = 152; /* the structure of the first version */
	unsigned char before[sizeof(caller)], zeros[16] = {0};

	(void)state;
	open_file();
	for (uint32_t size = 0; size < first; size += first / 8 - 1) {
		memset(&caller, 0xaa, sizeof(caller));
		caller.st.size = size;
		memcpy(before, &caller, sizeof(caller));
		assert_int_equal(vmgenc_status(vg, &caller.st), -EINVAL);
		assert_memory_equal(before, &caller, sizeof(caller));
	}
	caller.st.size = first - 1;
	assert_int_equal(vmgenc_status(vg, &caller.st), -EINVAL);

	memset(&caller, 0xaa, sizeof(caller));
	memcpy(before, &caller, sizeof(caller));
	caller.st.size = first;
	assert_int_equal(vmgenc_status(vg, &caller.st), 0);
	assert_int_equal(caller.st.generation, 1);
	assert_memory_equal(before, (char *)&caller + first, sizeof(caller) - first);

	memset(&caller, 0xaa, sizeof(caller));
	memcpy(before, &caller, sizeof(caller));
	caller.st.size = sizeof(caller.st);
	assert_int_equal(vmgenc_status(vg, &caller.st), 0);
	assert_memory_equal(before, caller.later, sizeof(caller.later));
	caller.st.size = later;
	assert_int_equal(vmgenc_status(vg, &caller.st), 0);
	assert_int_equal(caller.st.size, later);
	assert_memory_equal(zeros, caller.later, sizeof(caller.later));
	assert_memory_equal(before, caller.beyond, sizeof(caller.beyond));
}

/* Fails if a long name overruns the field or loses its end. */
static void status_cuts_a_long_name(void **state)
{
	struct vmgenc_status st;
	char name[256] = "file:/";

	(void)state;
	for (int i = 0; i < 40; i++)
		strcat(name, "./");
	strcat(name, sim.path + 1);
	assert_int_equal(vmgenc_open(&vg, name), 0);
	st = status();
	assert_int_equal(strnlen(st.source, sizeof(st.source)), sizeof(st.source) - 1);
	assert_memory_equal(st.source, name, sizeof(st.source) - 1);
}

/* Fails if a writer that died half-way is waited for without end, or its page believed. */
static void writer_that_died(void **state)
{
	struct vmgenc_status st = {.size = sizeof(st)};
	struct vmgenc_mark mark = {{0}};

	(void)state;
	open_file();
	sim.page->seq++;
	assert_int_equal(vmgenc_status(vg, &st), -EAGAIN);
	assert_int_equal(st.generation, 0);
	assert_int_equal(vmgenc_sync(vg, &mark, 0), -ETIMEDOUT);
	assert_true(vmgenc_changed(vg, &mark));
}

static volatile sig_atomic_t interruptions;

static void bump_on_alarm(int number)
{
	(void)number;
	simfile_bump(&sim);
	interruptions++;
}

/*
 * Fails if a status mixes two generations. The writer interrupts the reader between any two
 * instructions of its copying, thousands of times: another processor would seldom meet it there.
 */
static void status_is_of_one_generation(void **state)
{
	const struct itimerval often = {{0, 50}, {0, 50}}, never = {{0, 0}, {0, 0}};
	struct sigaction action = {.sa_handler = bump_on_alarm};
	struct vmgenc_status st = {.size = sizeof(st)};
	int failed = 0, mixed = 0;
	uint64_t id[2];

	(void)state;
	open_file();
	interruptions = 0;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	while (interruptions < INTERRUPTIONS) {
		failed += vmgenc_status(vg, &st) != 0;
		memcpy(id, st.id, sizeof(id));
		mixed += st.settled != st.generation || st.changes != st.generation - 1 ||
			 id[0] != st.generation || id[1] != ~id[0];
	}
	setitimer(ITIMER_REAL, &never, NULL);
	assert_int_equal(mixed, 0);
	assert_int_equal(failed, 0);
}

/* Fails if a plain file, which polls readable always, is handed out to wait on. */
static void file_has_no_descriptor(void **state)
{
	(void)state;
	open_file();
	assert_int_equal(vmgenc_fd(vg), -ENOTSUP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(status_shows_the_page),	BOTH(driver_of_the_first_version),
		TEST(status_keeps_to_its_size), PLAIN(status_cuts_a_long_name),
		BOTH(writer_that_died),		BOTH(status_is_of_one_generation),
		TEST(file_has_no_descriptor),
	};

	return cmocka_run_group_tests_name("libvmgenc, status", tests, NULL, NULL);
}
