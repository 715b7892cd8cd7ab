/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/lib: libvmgenc checks and syncs on a file that is mapped and on one that is read. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <unistd.h>

#include "lib_fixture.h"

#define THREADS 16
#define BUMPS 200

/* Fails if a mark of zeros is taken for a generation: the first check must say changed. */
static void fresh_mark_says_changed(void **state)
{
	const struct vmgenc_mark fresh = {{0}};

	(void)state;
	open_file();
	assert_true(vmgenc_changed(vg, &fresh));
	vmgenc_close(vg);
	sim.page->flags = 0;
	open_file();
	assert_true(vmgenc_changed(vg, &fresh));
}

/* Fails if sync marks anything but the hypervisor's id, or the check is never false. */
static void sync_marks_the_id(void **state)
{
	struct vmgenc_mark mark;

	(void)state;
	open_file();
	mark = synced();
	assert_false(vmgenc_changed(vg, &mark));
	assert_int_equal(mark.seen[0], sim.raw[0]);
	assert_int_equal(mark.seen[1], sim.raw[1]);
}

/* Fails if the check leaves out half of the id. */
static void either_word_counts(void **state)
{
	struct vmgenc_mark mark;

	(void)state;
	open_file();
	mark = synced();
	for (int word = 0; word < 2; word++) {
		sim.raw[word] ^= 1ull << 63;
		assert_true(vmgenc_changed(vg, &mark));
		sim.raw[word] ^= 1ull << 63;
		assert_false(vmgenc_changed(vg, &mark));
	}
}

/* Fails if a clone is seen only after the driver has seen it, or sync does not wait for it. */
static void clone_is_seen_before_the_driver(void **state)
{
	struct vmgenc_mark mark, before;

	(void)state;
	open_file();
	mark = before = synced();
	simfile_bump_raw(&sim);
	assert_true(vmgenc_changed(vg, &mark));
	assert_int_equal(vmgenc_sync(vg, &mark, 0), -ETIMEDOUT);
	assert_int_equal(vmgenc_sync(vg, &mark, 15), -ETIMEDOUT);
	assert_memory_equal(&mark, &before, sizeof(mark));
	simfile_publish(&sim);
	assert_true(vmgenc_changed(vg, &mark));
	assert_int_equal(vmgenc_sync(vg, &mark, 0), 0);
	assert_false(vmgenc_changed(vg, &mark));
}

/* Fails if sync says rekeyed before settled has reached generation. */
static void sync_needs_a_rekey(void **state)
{
	struct vmgenc_mark mark, before;

	(void)state;
	open_file();
	mark = before = synced();
	simfile_bump_raw(&sim);
	simfile_publish_unsettled(&sim);
	assert_int_equal(vmgenc_sync(vg, &mark, 0), -ETIMEDOUT);
	assert_memory_equal(&mark, &before, sizeof(mark));
	assert_int_equal(status().flags, VMGENC_RAW_MAPPABLE | VMGENC_REKEY_FAILED);
	simfile_settle(&sim);
	assert_int_equal(vmgenc_sync(vg, &mark, 0), 0);
	assert_false(vmgenc_changed(vg, &mark));
}

/* Fails if, without the raw page, the driver's counter is not what is compared. */
static void generation_page_alone(void **state)
{
	struct vmgenc_mark mark;

	(void)state;
	sim.page->flags = 0;
	sim.page->id_offset = UINT32_MAX; /* means nothing then */
	open_file();
	assert_int_equal(status().guarantee, VMGENC_NOTIFIED);
	mark = synced();
	assert_int_equal(mark.seen[0], 1);
	assert_int_equal(mark.seen[1], 1);
	simfile_bump_raw(&sim);
	assert_false(vmgenc_changed(vg, &mark));
	simfile_publish_unsettled(&sim);
	assert_true(vmgenc_changed(vg, &mark));
	assert_int_equal(vmgenc_sync(vg, &mark, 0), -ETIMEDOUT);
	simfile_settle(&sim);
	assert_int_equal(vmgenc_sync(vg, &mark, 0), 0);
	assert_false(vmgenc_changed(vg, &mark));
}

/* Fails if an id of zeros passes for one, or one that comes later goes unseen. */
static void id_that_the_host_fills_late(void **state)
{
	struct vmgenc_mark mark;

	(void)state;
	sim.page->flags |= VMGENC_ID_UNFILLED;
	open_file();
	assert_int_equal(status().guarantee, VMGENC_NONE);
	mark = synced();
	assert_false(vmgenc_changed(vg, &mark));
	sim.page->flags &= ~VMGENC_ID_UNFILLED;
	simfile_bump(&sim);
	assert_true(vmgenc_changed(vg, &mark));
	assert_int_equal(status().guarantee, VMGENC_NOTIFIED);
}

static atomic_bool settled_later;

static void *settle_later(void *unused)
{
	(void)unused;
	usleep(35000);
	atomic_store(&settled_later, true);
	simfile_settle(&sim);
	return NULL;
}

/* Fails if sync returns before the rekey it waits for, or never. */
static void sync_waits_for_the_rekey(void **state)
{
	struct vmgenc_mark mark = {{0}};
	pthread_t thread;

	(void)state;
	open_file();
	simfile_publish_unsettled(&sim);
	assert_int_equal(pthread_create(&thread, NULL, settle_later, NULL), 0);
	assert_int_equal(vmgenc_sync(vg, &mark, 60000), 0);
	assert_true(atomic_load(&settled_later));
	pthread_join(thread, NULL);
}

static int alarms;

/* A sync that signals do not end succeeds at last, so that the test fails and does not hang. */
static void on_alarm(int number)
{
	(void)number;
	if (++alarms == 1000)
		simfile_settle(&sim);
}

/* Fails if a signal does not end a sync that waits for ever. */
static void signal_ends_sync(void **state)
{
	const struct itimerval often = {{0, 5000}, {0, 5000}}, never = {{0, 0}, {0, 0}};
	struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	struct vmgenc_mark mark = {{7, 7}};
	int error;

	(void)state;
	open_file();
	simfile_publish_unsettled(&sim);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	error = vmgenc_sync(vg, &mark, -1);
	setitimer(ITIMER_REAL, &never, NULL);
	assert_int_equal(error, -EINTR);
	assert_int_equal(mark.seen[0], 7);
	assert_int_equal(mark.seen[1], 7);
}

static struct vmgenc_mark shared_mark;

static bool child_sees_and_syncs(void)
{
	struct vmgenc_mark mark = shared_mark;

	if (vmgenc_changed(vg, &mark))
		return false;
	simfile_bump(&sim);
	if (!vmgenc_changed(vg, &mark) || vmgenc_sync(vg, &mark, 0))
		return false;
	return !vmgenc_changed(vg, &mark);
}

/* Fails if a child does not see changes through what it inherited, or parent and child interfere.
 */
static void child_goes_on_by_itself(void **state)
{
	(void)state;
	open_file();
	shared_mark = synced();
	assert_int_equal(in_child(child_sees_and_syncs), 0);
	assert_true(vmgenc_changed(vg, &shared_mark));
	assert_int_equal(vmgenc_sync(vg, &shared_mark, 0), 0);
	assert_false(vmgenc_changed(vg, &shared_mark));
}

static atomic_bool all_bumped;

/* Ids of simfile count up, and their words belong together: a mark shows when either is broken. */
static void *check_and_sync(void *wrong)
{
	struct vmgenc_mark mark = {{0}}, last;
	bool end;

	do {
		end = atomic_load(&all_bumped);
		if (!vmgenc_changed(vg, &mark))
			continue;
		last = mark;
		if (vmgenc_sync(vg, &mark, 60000) || mark.seen[0] <= last.seen[0] ||
		    mark.seen[1] != ~mark.seen[0])
			atomic_fetch_add((atomic_int *)wrong, 1);
	} while (!end);
	if (mark.seen[0] != sim.raw[0])
		atomic_fetch_add((atomic_int *)wrong, 1);
	return NULL;
}

/* Fails if a thread marks half an id or an old one, misses the last change, or state is shared. */
static void many_threads_check_while_one_changes(void **state)
{
	pthread_t threads[THREADS];
	atomic_int wrong = 0;

	(void)state;
	open_file();
	atomic_store(&all_bumped, false);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, check_and_sync, &wrong), 0);
	for (int i = 0; i < BUMPS; i++) {
		simfile_bump(&sim);
		usleep(500);
	}
	atomic_store(&all_bumped, true);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(fresh_mark_says_changed),
		BOTH(sync_marks_the_id),
		BOTH(either_word_counts),
		BOTH(clone_is_seen_before_the_driver),
		BOTH(sync_needs_a_rekey),
		BOTH(generation_page_alone),
		BOTH(id_that_the_host_fills_late),
		TEST(sync_waits_for_the_rekey),
		TEST(signal_ends_sync),
		BOTH(child_goes_on_by_itself),
		BOTH(many_threads_check_while_one_changes),
	};

	return cmocka_run_group_tests_name("libvmgenc, sync", tests, NULL, NULL);
}
