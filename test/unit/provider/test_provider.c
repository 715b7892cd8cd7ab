/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/provider: the OpenSSL provider in clones of a process, on a file that plays the
 * hypervisor. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "openssl.h"
#include "simfile.h"

#define THREADS 4
#define THREAD_DRAWS 2000

static struct simfile sim;
static OSSL_LIB_CTX *ctx;

static int setup(void **state)
{
	(void)state;
	pid_is_fixed = false;
	if (simfile_create(&sim) || setenv("VMGENC_SOURCE", sim.source, 1))
		return -1;
	ctx = context("fail", "");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	on_time = NULL;
	OSSL_LIB_CTX_free(ctx);
	simfile_remove(&sim);
	return 0;
}

static void draw_public(OSSL_LIB_CTX *c, unsigned char *out, size_t size)
{
	assert_int_equal(RAND_bytes_ex(c, out, size, 0), 1);
}

static void draw_private(OSSL_LIB_CTX *c, unsigned char *out, size_t size)
{
	assert_int_equal(RAND_priv_bytes_ex(c, out, size, 0), 1);
}

static void draw_primary(OSSL_LIB_CTX *c, unsigned char *out, size_t size)
{
	assert_int_equal(EVP_RAND_generate(RAND_get0_primary(c), out, size, 0, 0, NULL, 0), 1);
}

/* Half a block first: what is left of a block must not survive either. */
static void draw_by_bytes(OSSL_LIB_CTX *c, unsigned char *out, size_t size)
{
	for (size_t i = 0; i < size; i++)
		assert_int_equal(RAND_bytes_ex(c, out + i, 1, 0), 1);
}

static void bump(void)
{
	simfile_bump(&sim);
}

static unsigned int number(EVP_RAND_CTX *rand, const char *key)
{
	unsigned int value = 0;
	OSSL_PARAM params[] = {OSSL_PARAM_uint(key, &value), OSSL_PARAM_END};

	assert_int_equal(EVP_RAND_CTX_get_params(rand, params), 1);
	return value;
}

/* Fails if the snippet in dist/ does not switch it on for all three generators. */
static void switched_on_by_configuration(void **state)
{
	EVP_RAND_CTX *const all[] = {RAND_get0_primary(ctx), RAND_get0_public(ctx),
				     RAND_get0_private(ctx)};

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_non_null(all[i]);
		assert_string_equal(EVP_RAND_get0_name(EVP_RAND_CTX_get0_rand(all[i])),
				    "VMGENC-DRBG");
	}
}

/* Keeps the tests below honest: without a change, clones do repeat each other. */
static void clones_without_a_change_repeat(void **state)
{
	(void)state;
	assert_true(clones_draw_the_same(ctx, draw_public, NULL));
	assert_true(clones_draw_the_same(ctx, draw_private, NULL));
	assert_true(clones_draw_the_same(ctx, draw_primary, NULL));
}

/* Fails if generating does not look at the id, or does not reseed. */
static void clones_differ(void **state)
{
	(void)state;
	assert_false(clones_draw_the_same(ctx, draw_public, bump));
	assert_false(clones_draw_the_same(ctx, draw_private, bump));
	assert_false(clones_draw_the_same(ctx, draw_primary, bump));
	assert_false(clones_draw_the_same(ctx, draw_by_bytes, bump));
}

static void bump_in_draw(void)
{
	on_time = NULL;
	simfile_bump(&sim);
}

static void resumed_within_draw(void)
{
	on_time = bump_in_draw;
}

/* Fails if the second look, after generating and before returning, is missing. */
static void clones_resumed_within_a_draw_differ(void **state)
{
	(void)state;
	assert_false(clones_draw_the_same(ctx, draw_public, resumed_within_draw));
	assert_false(clones_draw_the_same(ctx, draw_primary, resumed_within_draw));
}

/* A DRBG of OpenSSL's own below ours takes its new seed from ours with get_seed. */
static EVP_RAND_CTX *foreign_child;

static void draw_foreign(OSSL_LIB_CTX *c, unsigned char *out, size_t size)
{
	(void)c;
	assert_int_equal(EVP_RAND_reseed(foreign_child, 0, NULL, 0, NULL, 0), 1);
	assert_int_equal(EVP_RAND_generate(foreign_child, out, size, 0, 0, NULL, 0), 1);
}

/* Fails if get_seed does not look at the id, before and after. */
static void foreign_children_of_clones_differ(void **state)
{
	EVP_RAND *rand = EVP_RAND_fetch(ctx, "CTR-DRBG", NULL);
	char cipher[] = "AES-256-CTR";
	OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string(OSSL_DRBG_PARAM_CIPHER, cipher, sizeof(cipher) - 1),
		OSSL_PARAM_END};

	(void)state;
	foreign_child = EVP_RAND_CTX_new(rand, RAND_get0_primary(ctx));
	assert_int_equal(EVP_RAND_instantiate(foreign_child, 0, 0, NULL, 0, params), 1);
	assert_true(clones_draw_the_same(ctx, draw_foreign, NULL));
	assert_false(clones_draw_the_same(ctx, draw_foreign, bump));
	assert_false(clones_draw_the_same(ctx, draw_foreign, resumed_within_draw));
	EVP_RAND_CTX_free(foreign_child);
	EVP_RAND_free(rand);
}

/* Fails if the child takes its new seed from a primary that did not get one from the kernel. */
static void a_change_reaches_the_kernel(void **state)
{
	unsigned char out[16];
	unsigned int draws, primary, public;

	(void)state;
	draw_public(ctx, out, sizeof(out));
	draws = kernel_draws;
	draw_public(ctx, out, sizeof(out));
	assert_int_equal(kernel_draws, draws);

	primary = number(RAND_get0_primary(ctx), OSSL_DRBG_PARAM_RESEED_COUNTER);
	public = number(RAND_get0_public(ctx), OSSL_DRBG_PARAM_RESEED_COUNTER);
	bump();
	draw_public(ctx, out, sizeof(out));
	assert_true(kernel_draws > draws);
	assert_true(number(RAND_get0_primary(ctx), OSSL_DRBG_PARAM_RESEED_COUNTER) > primary);
	assert_true(number(RAND_get0_public(ctx), OSSL_DRBG_PARAM_RESEED_COUNTER) > public);

	draws = kernel_draws;
	for (int i = 0; i < 1000; i++)
		draw_public(ctx, out, sizeof(out));
	assert_int_equal(kernel_draws, draws);
}

/* Fails if a seed from a predictable kernel is kept, or each draw takes a new one meanwhile. */
static void predictable_seed_is_replaced(void **state)
{
	unsigned char out[16];
	unsigned int draws;

	(void)state;
	sim.page->flags |= VMGENC_PREDICTABLE;
	bump();
	draw_public(ctx, out, sizeof(out));
	draws = kernel_draws;
	draw_public(ctx, out, sizeof(out));
	assert_int_equal(kernel_draws, draws);

	sim.page->flags &= ~VMGENC_PREDICTABLE;
	draw_public(ctx, out, sizeof(out));
	assert_true(kernel_draws > draws);
	draws = kernel_draws;
	draw_public(ctx, out, sizeof(out));
	assert_int_equal(kernel_draws, draws);
}

static void bump_unsettled(void)
{
	simfile_bump_raw(&sim);
	simfile_publish_unsettled(&sim);
}

/* Fails if bytes leave while the kernel is not rekeyed, or if a failure is remembered. */
static void on_unsettled_fail_lets_no_bytes_leave(void **state)
{
	static const unsigned char zeros[16];
	OSSL_LIB_CTX *strict = context("fail", "[vmgenc_sect]\non_unsettled = fail\n");
	unsigned char out[16];

	(void)state;
	draw_public(strict, out, sizeof(out));
	memset(out, 0, sizeof(out));
	bump_unsettled();
	assert_int_equal(RAND_bytes_ex(strict, out, sizeof(out), 0), 0);
	assert_true(failed_with("the kernel is not rekeyed"));
	assert_memory_equal(out, zeros, sizeof(out));
	simfile_settle(&sim);
	assert_int_equal(RAND_bytes_ex(strict, out, sizeof(out), 0), 1);
	OSSL_LIB_CTX_free(strict);
}

static void bump_unsettled_in_draw(void)
{
	on_time = NULL;
	bump_unsettled();
}

static void resumed_unsettled_within_draw(void)
{
	on_time = bump_unsettled_in_draw;
}

/* Fails if a kernel that cannot rekey ends the service, if its copies draw the same, if nobody is
 * warned, if it waits for long, or if it is not tried again. */
static void unsettled_kernel_is_mixed_with_what_differs(void **state)
{
	unsigned char out[16];
	unsigned int before = warnings;

	(void)state;
	kernel_repeats = true;
	assert_true(clones_draw_the_same(ctx, draw_public, NULL));
	assert_false(clones_draw_the_same(ctx, draw_public, bump_unsettled));
	assert_false(clones_draw_the_same(ctx, draw_public, resumed_unsettled_within_draw));
	/* Clones that both noticed, with one id: what tells them apart is the time. */
	bump_unsettled();
	draw_public(ctx, out, sizeof(out));
	draw_public(ctx, out, sizeof(out));
	assert_int_equal(warnings, before + 1);
	assert_non_null(strstr(last_warning, "not rekeyed"));
	assert_false(clones_draw_the_same(ctx, draw_public, NULL));
	kernel_repeats = false;
	before = kernel_draws;
	draw_public(ctx, out, sizeof(out));
	assert_true(kernel_draws > before);
	simfile_settle(&sim);
	draw_public(ctx, out, sizeof(out));
	before = kernel_draws;
	draw_public(ctx, out, sizeof(out));
	assert_int_equal(kernel_draws, before);
}

static void *draw_much(void *arg)
{
	unsigned char(*out)[16] = arg;

	for (int i = 0; i < THREAD_DRAWS; i++) {
		if (i % 2)
			draw_primary(ctx, out[i], sizeof(out[i]));
		else
			draw_public(ctx, out[i], sizeof(out[i]));
	}
	OPENSSL_thread_stop_ex(ctx);
	return NULL;
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, 16);
}

/* Fails if the primary's lock does not reach the wrapped DRBG: threads then share its state. */
static void threads_share_the_primary(void **state)
{
	static unsigned char out[THREADS * THREAD_DRAWS][16];
	pthread_t threads[THREADS];

	(void)state;
	assert_non_null(RAND_get0_primary(ctx));
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, draw_much, out[i * THREAD_DRAWS]), 0);
	for (int i = 0; i < 100; i++) {
		bump();
		usleep(500);
	}
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	qsort(out, THREADS * THREAD_DRAWS, 16, compare);
	for (int i = 1; i < THREADS * THREAD_DRAWS; i++)
		assert_memory_not_equal(out[i - 1], out[i], 16);
}

/* Fails if a child of fork(2) repeats its parent, or no longer sees changes. */
static void children_of_fork_go_on(void **state)
{
	unsigned char ours[16], theirs[16];
	unsigned int draws;
	int pipes[2], status;
	pid_t child;

	(void)state;
	draw_public(ctx, ours, sizeof(ours));
	assert_int_equal(pipe(pipes), 0);
	child = fork();
	if (child == 0) {
		draw_public(ctx, theirs, sizeof(theirs));
		draws = kernel_draws;
		bump();
		draw_private(ctx, ours, sizeof(ours));
		_exit(write(pipes[1], theirs, 16) != 16 || kernel_draws == draws);
	}
	draw_public(ctx, ours, sizeof(ours));
	assert_int_equal(read(pipes[0], theirs, sizeof(theirs)), sizeof(theirs));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_memory_not_equal(ours, theirs, sizeof(ours));
	close(pipes[0]);
	close(pipes[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(switched_on_by_configuration, setup, teardown),
		cmocka_unit_test_setup_teardown(clones_without_a_change_repeat, setup, teardown),
		cmocka_unit_test_setup_teardown(clones_differ, setup, teardown),
		cmocka_unit_test_setup_teardown(clones_resumed_within_a_draw_differ, setup,
						teardown),
		cmocka_unit_test_setup_teardown(foreign_children_of_clones_differ, setup, teardown),
		cmocka_unit_test_setup_teardown(a_change_reaches_the_kernel, setup, teardown),
		cmocka_unit_test_setup_teardown(predictable_seed_is_replaced, setup, teardown),
		cmocka_unit_test_setup_teardown(on_unsettled_fail_lets_no_bytes_leave, setup,
						teardown),
		cmocka_unit_test_setup_teardown(unsettled_kernel_is_mixed_with_what_differs, setup,
						teardown),
		cmocka_unit_test_setup_teardown(threads_share_the_primary, setup, teardown),
		cmocka_unit_test_setup_teardown(children_of_fork_go_on, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
