// SPDX-License-Identifier: BSD-2-Clause
/* test/freebsd/unit: the reseed, under each condition that Fortuna and others can be in. */
#include "fixture.h"

static void change(uint64_t a, uint64_t b)
{
	kernel_set_id(a, b);
	kernel_notify(0x80);
	kernel_run();
}

/* Fails if the last reseed, by however little it is too recent, leaves the clone unseeded. */
static void test_gate(void **state)
{
	int ms;

	for (ms = 0; ms <= 110; ms++) {
		kernel_random.lasttime = getsbinuptime() - ms * SBT_1MS;
		change(100 + (uint64_t)ms, 1);
		assert_generation(2 + (uint64_t)ms, 2 + (uint64_t)ms);
	}
}

/* Fails if a thread that loses its processor between two looks at the clock sleeps for less than 0.
 */
static void test_late_thread(void **state)
{
	int ms;

	for (ms = 0; ms <= 110; ms++) {
		kernel.late = ms * SBT_1MS;
		change(100 + (uint64_t)ms, 1);
		assert_generation(2 + (uint64_t)ms, 2 + (uint64_t)ms);
	}
	kernel.late = 0;
}

/* Fails if jitter is not fed to the pool that reseeds, or a counter that shows none counts. */
static void test_jitter(void **state)
{
	unsigned int before = kernel_random.first_pool;

	change(B);
	assert_generation(2, 2);
	assert_true(kernel_random.first_pool - before >= 512);
	assert_false(page_now().flags & VMGENC_PREDICTABLE);
	kernel.noise = 0;
	change(C);
	assert_generation(3, 3);
	assert_true(page_now().flags & VMGENC_PREDICTABLE);
	kernel.noise = 1;
	change(B);
	assert_generation(4, 4);
	assert_false(page_now().flags & VMGENC_PREDICTABLE);
}

static void look_after(int seconds)
{
	kernel.now += seconds * SBT_1S;
	kernel_tick();
	kernel_run();
}

/* Fails if entropy that comes later is not used, for how long and often it may be, or announced. */
static void test_again(void **state)
{
	uint64_t rekeys;

	kernel.noise = 0;
	change(B);
	rekeys = page_now().rekeys;
	look_after(0);
	assert_int_equal(page_now().rekeys, rekeys);
	assert_true(page_now().flags & VMGENC_PREDICTABLE);
	kernel.noise = 1;
	look_after(2);
	assert_int_equal(page_now().rekeys, rekeys + 1);
	assert_false(page_now().flags & VMGENC_PREDICTABLE);
	look_after(2);
	assert_int_equal(page_now().rekeys, rekeys + 1);
	look_after(11);
	look_after(101);
	look_after(301);
	look_after(3000);
	assert_int_equal(page_now().rekeys, rekeys + 4);
	change(C);
	look_after(0);
	look_after(2);
	assert_int_equal(page_now().rekeys, rekeys + 6);
	assert_generation(3, 3);
}

static void draw(void)
{
	kernel_draw();
}

/* Fails if settled relies on doing the reseed itself, when somebody else's read may. */
static void test_reader_meanwhile(void **state)
{
	kernel_random.lasttime = getsbinuptime() - 50 * SBT_1MS;
	kernel.on_pause = draw;
	change(B);
	assert_generation(2, 2);
}

/* Fails if a pool that the administrator made larger is not filled, in whole numbers or not. */
static void test_pool_size(void **state)
{
	const u_int sizes[] = {16, 64, 65, 127, 1000, 65536};
	size_t i;

	for (i = 0; i < nitems(sizes); i++) {
		kernel_random.minpoolsize = sizes[i];
		change(10 + i, 1);
		assert_generation(2 + i, 2 + i);
	}
}

static void assert_refused(int before)
{
	struct vmgenc_page page = page_now();

	assert_sound();
	assert_int_equal(page.generation, before + 1);
	assert_int_equal(page.settled, before);
	assert_true(page.flags & VMGENC_REKEY_FAILED);
	assert_true(page.rekey_failures > 0);
	assert_null(strstr(kernel.trace, "devctl"));
}

static void assert_unseeded(int before)
{
	struct vmgenc_page page = page_now();

	assert_sound();
	assert_int_equal(page.generation, before + 1);
	assert_int_equal(page.settled, before);
	assert_false(page.flags & VMGENC_REKEY_FAILED);
	assert_int_equal(page.rekey_failures, 0);
	assert_int_equal(page.unseeded, 1);
	assert_null(strstr(kernel.trace, "devctl"));
}

static void assert_later_settles(uint64_t generation)
{
	kernel_tick();
	kernel_run();
	assert_generation(generation, generation);
	assert_non_null(strstr(kernel.trace, "devctl"));
}

/* Fails if a pool size that is not known or absurd is taken for 64, or said at every look. */
static void test_pool_size_unknown(void **state)
{
	kernel_random.no_minpoolsize = true;
	change(B);
	assert_refused(1);
	kernel_tick();
	kernel_run();
	assert_int_equal(lines_with("minpoolsize cannot be read or is out of range"), 1);
	assert_int_equal(lines_with("generation 2: the random generator was NOT rekeyed"), 1);
	kernel_random.no_minpoolsize = false;
	kernel_random.minpoolsize = 0x7fffffff;
	kernel_tick();
	kernel_run();
	assert_refused(1);
	kernel_random.minpoolsize = 64;
	assert_later_settles(2);
	assert_int_equal(lines_with("generation 2: the random generator is rekeyed now"), 1);
}

/* Fails if an unseeded generator is waited for, called reseeded, or forgotten. */
static void test_unseeded(void **state)
{
	struct vmgenc_event event;
	struct kernel_file *file;
	int error;

	kernel_random.seeded = false;
	change(B);
	assert_unseeded(1);
	assert_int_equal(lines_with("generation 2: the random generator is not seeded yet"), 1);
	file = kernel_open(FREAD, &error);
	assert_int_equal(kernel_ioctl(file, VMGENC_SYNC, &event), ENOATTR);
	kernel_close(file);
	kernel_random.seeded = true;
	assert_later_settles(2);
}

#if STANDIN_HAVE_VMGENID
/* Fails if events are sent to a kernel that drops them, and settled all the same. */
static void test_source_refused(void **state)
{
	hc_source_mask &= ~(1u << RANDOM_PURE_VMGENID);
	change(B);
	assert_refused(1);
	assert_int_equal(lines_with("random(4) does not accept events of VMGENID"), 1);
	hc_source_mask |= 1u << RANDOM_PURE_VMGENID;
	assert_later_settles(2);
}
#else
/* Fails if a read that gave nothing is taken for a reseed. */
static void test_source_refused(void **state)
{
	unsigned int n;

	for (n = 1; n < 3; n++) {
		kernel_set_id(100 + n, 1);
		kernel.fail_at = kernel.calls + 1 + n;
		kernel_notify(0x80);
		kernel_run();
		assert_string_equal(kernel.failed, "read_random");
		kernel.failed = NULL;
		kernel_tick();
		kernel_run();
		assert_generation(1 + n, 1 + n);
	}
}
#endif

static void no_pause(void)
{
	kernel_broken("Fenestras X needs no waiting");
}

#if __FreeBSD_version >= 1500000
/* Fails if samples that random(4) discards are called a reseed, or a test that can end does not. */
static void test_health(void **state)
{
	kernel_health_ondemand();
	change(B);
	assert_generation(2, 2);
	assert_int_equal(kernel_random.health, STEADY);
	change(C); /* the samples of a generation must not be those of another */
	change(B);
	change(C);
	assert_generation(5, 5);
	kernel.trace[0] = 0;
	kernel_random.health = FAILED;
	change(A);
	assert_refused(5);
	kernel_tick();
	kernel_run();
	assert_refused(5);
	assert_int_equal(lines_with("discards events of VMGENID: they failed its health test"), 1);
	kernel_health_ondemand();
	assert_later_settles(6);
}

/* Fails if a test that begins between the samples and the reseed is not noticed. */
static void test_health_meanwhile(void **state)
{
	kernel_set_id(B);
	kernel.on_cycles = kernel_health_ondemand;
	kernel.cycles_left = 600;
	kernel_notify(0x80);
	kernel_run();
	assert_int_equal(kernel.cycles_left, 0);
	assert_generation(2, 2); /* tried again */
}
#endif

/* Fails if Fenestras X is not reseeded with the id and the jitter at once. */
static void test_fenestras(void **state)
{
	unsigned int before = kernel_random.reseeds;

	strcpy(kernel_random.ident, "fenestrasX");
	kernel_fenestras_timer();
	kernel.on_pause = no_pause;
	change(B);
	assert_generation(2, 2);
	assert_true(kernel_random.reseeds - before >= 3);
	kernel.noise = 0;
	change(C);
	assert_generation(3, 3);
	assert_true(page_now().flags & VMGENC_PREDICTABLE);
}

/* Fails if a generator that says nothing is called reseeded. */
static void test_unknown_generator(void **state)
{
	strcpy(kernel_random.ident, "other");
	change(B);
	kernel_tick();
	kernel_run();
	assert_refused(1);
	assert_int_equal(lines_with("a generator that this driver does not know"), 1);
	strcpy(kernel_random.ident, "Fortuna");
	assert_later_settles(2);
}

static uint64_t drawn[2];
static int paused;

static void draw_at_gate(void)
{
	if (!paused++) {
		drawn[0] = kernel_draw();
		drawn[1] = kernel_draw_arc4(KERNEL_CPUS - 1);
	}
}

static void clone_once(uint64_t a, uint64_t b, uint64_t out[2])
{
	attached(NULL);
	/* The gate is closed: nothing fresh can get into the generator yet. */
	kernel_random.lasttime = getsbinuptime();
	kernel.on_pause = draw_at_gate;
	paused = 0;
	change(a, b);
	memcpy(out, drawn, sizeof(drawn));
	detached(NULL);
}

/*
 * Fails if two clones draw the same while Fortuna does not reseed yet; ids that differ in one bit
 * only, wherever it is, are the hardest.
 */
static void test_clones_diverge(void **state)
{
	uint64_t one[2], same[2], other[2];
	int bit;

	assert_int_equal(detached(NULL), 0);
	clone_once(B, one);
	clone_once(B, same);
	assert_memory_equal(one, same, sizeof(one)); /* else the draws below say nothing */
	for (bit = 0; bit < 128; bit++) {
		uint64_t id[2] = {B};

		id[bit / 64] ^= 1ul << bit % 64;
		clone_once(id[0], id[1], other);
		assert_int_not_equal(one[0], other[0]);
		assert_int_not_equal(one[1], other[1]);
	}
	assert_int_equal(attached(state), 0);
}

/* Fails if the interrupt does not make arc4random(9) reseed, or does so without a change. */
static void test_interrupt_restirs(void **state)
{
	kernel_sci();
	assert_int_equal(arc4rand_iniseed_state, ARC4_ENTR_SEED);
	kernel_set_id(B);
	kernel_sci();
	assert_int_equal(arc4rand_iniseed_state, ARC4_ENTR_HAVE);
	kernel_run();
	assert_generation(2, 2);
	/* Not seeded by random(4) yet: it is not ours to say that it is. */
	arc4rand_iniseed_state = ARC4_ENTR_NONE;
	kernel_set_id(C);
	kernel_sci();
	assert_int_equal(arc4rand_iniseed_state, ARC4_ENTR_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		row_attached(test_gate),
		row_attached(test_late_thread),
		row_attached(test_jitter),
		row_attached(test_again),
		row_attached(test_reader_meanwhile),
		row_attached(test_pool_size),
		row_attached(test_pool_size_unknown),
		row_attached(test_unseeded),
		row_attached(test_source_refused),
		row_attached(test_fenestras),
		row_attached(test_unknown_generator),
		row_attached(test_clones_diverge),
		row_attached(test_interrupt_restirs),
#if __FreeBSD_version >= 1500000
		row_attached(test_health),
		row_attached(test_health_meanwhile),
#endif
	};

	return cmocka_run_group_tests_name("freebsd rekey", tests, NULL, free_page);
}
