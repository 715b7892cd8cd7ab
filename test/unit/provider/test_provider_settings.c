/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/provider: the OpenSSL provider without a source, with wrong settings, and what of
 * OpenSSL's own parameters and rules it hands through; at last, unchanged programs. */
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "openssl.h"
#include "simfile.h"
#include "vmclock.h"

static struct simfile sim;
static char no_source[80];

static int setup(void **state)
{
	(void)state;
	if (simfile_create(&sim))
		return -1;
	snprintf(no_source, sizeof(no_source), "%s.none", sim.source);
	on_time = NULL;
	ERR_clear_error();
	return setenv("VMGENC_SOURCE", sim.source, 1);
}

static int teardown(void **state)
{
	(void)state;
	simfile_remove(&sim);
	return 0;
}

static int draw(OSSL_LIB_CTX *ctx)
{
	unsigned char out[16];

	return RAND_bytes_ex(ctx, out, sizeof(out), 0);
}

/* Fails if it warns again and again, or not at all. First of all: once in this process. */
static void missing_source_warns_once(void **state)
{
	OSSL_LIB_CTX *ctx;

	(void)state;
	setenv("VMGENC_SOURCE", no_source, 1);
	ctx = context("warn", "");
	assert_int_equal(warnings, 0); /* a program that draws nothing need not care */
	for (int i = 0; i < 100; i++)
		assert_int_equal(draw(ctx), 1);
	assert_non_null(RAND_get0_private(ctx));
	assert_int_equal(warnings, 1);
	assert_non_null(strstr(last_warning, "cannot tell whether this machine was cloned"));
	OSSL_LIB_CTX_free(ctx);
}

static void missing_source_is_ignored(void **state)
{
	OSSL_LIB_CTX *ctx;
	unsigned int before = warnings;

	(void)state;
	setenv("VMGENC_SOURCE", no_source, 1);
	ctx = context("ignore", "");
	assert_int_equal(draw(ctx), 1);
	assert_int_equal(warnings, before);
	OSSL_LIB_CTX_free(ctx);
}

/* Fails if a byte leaves, or if a source that turns up later does not help. */
static void missing_source_fails(void **state)
{
	OSSL_LIB_CTX *ctx;

	(void)state;
	setenv("VMGENC_SOURCE", no_source, 1);
	ctx = context("fail", "");
	assert_int_equal(draw(ctx), 0);
	assert_true(failed_with("on_missing = fail"));
	assert_int_equal(draw(ctx), 0);
	setenv("VMGENC_SOURCE", sim.source, 1);
	assert_int_equal(draw(ctx), 1);
	OSSL_LIB_CTX_free(ctx);
}

/* Fails if a driver that is loaded later is never noticed. */
static void late_source_is_found(void **state)
{
	OSSL_LIB_CTX *ctx;
	unsigned int before;

	(void)state;
	setenv("VMGENC_SOURCE", no_source, 1);
	ctx = context("ignore", "");
	assert_int_equal(draw(ctx), 1);
	setenv("VMGENC_SOURCE", sim.source, 1);
	for (int i = 0; i < 5000; i++)
		assert_int_equal(draw(ctx), 1);
	before = kernel_draws;
	simfile_bump(&sim);
	assert_int_equal(draw(ctx), 1);
	assert_true(kernel_draws > before);
	OSSL_LIB_CTX_free(ctx);
}

static void write_number(const char *directory, const char *name, const char *text)
{
	char path[120];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* Fails if a service that cannot see the device goes on like CTR-DRBG, fails, or does not say so;
 * or if it reads the sysctls at each draw, which sshd(8) and others do not survive. */
static void unseen_device_has_each_draw_seeded(void **state)
{
	char directory[] = "/tmp/vmgenc-sysctl.XXXXXX", source[80], command[80];
	OSSL_LIB_CTX *ctx;
	unsigned int before, warned = warnings;

	(void)state;
	assert_non_null(mkdtemp(directory));
	write_number(directory, "generation", "3\n");
	write_number(directory, "settled", "3\n");
	snprintf(source, sizeof(source), "sysctl:%s", directory);
	setenv("VMGENC_SOURCE", source, 1);
	ctx = context("warn", "");
	assert_int_equal(draw(ctx), 1);
	assert_int_equal(warnings, warned + 1);
	assert_non_null(strstr(last_warning, "NOTIFIED"));
	snprintf(command, sizeof(command), "rm -r %s", directory);
	assert_int_equal(system(command), 0);
	for (int i = 0; i < 5000; i++) { /* it is looked for meanwhile, and is gone */
		before = kernel_draws;
		assert_int_equal(draw(ctx), 1);
		assert_true(kernel_draws > before);
	}
	OSSL_LIB_CTX_free(ctx);
}

/* Fails if a host that never fills in an id counts as protection. */
static void unfilled_id_is_as_missing(void **state)
{
	OSSL_LIB_CTX *ctx;

	(void)state;
	sim.page->flags |= VMGENC_ID_UNFILLED;
	ctx = context("fail", "");
	assert_int_equal(draw(ctx), 0);
	assert_true(failed_with("the host has not filled in"));
	OSSL_LIB_CTX_free(ctx);
	ctx = context("ignore", "");
	assert_int_equal(draw(ctx), 1);
	OSSL_LIB_CTX_free(ctx);
}

static void bump(void)
{
	simfile_bump(&sim);
}

/* Fails if a draw never returns, or bytes leave in spite of on_missing = fail. */
static void source_that_never_rests(void **state)
{
	OSSL_LIB_CTX *ctx = context("fail", "");

	(void)state;
	assert_int_equal(draw(ctx), 1);
	on_time = bump;
	assert_int_equal(draw(ctx), 0);
	assert_true(failed_with("does not come to rest"));
	on_time = NULL;
	assert_int_equal(draw(ctx), 1);
	OSSL_LIB_CTX_free(ctx);
	ctx = context("ignore", "");
	on_time = bump;
	assert_int_equal(draw(ctx), 1);
	on_time = NULL;
	OSSL_LIB_CTX_free(ctx);
}

static volatile struct vmclock_page *create_clock(char source[64], int *fd)
{
	const size_t size = (size_t)sysconf(_SC_PAGESIZE);
	volatile struct vmclock_page *page;

	*fd = memfd_create("vmclock", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_int_equal(ftruncate(*fd, (off_t)size), 0);
	assert_int_equal(fcntl(*fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	assert_true(page != MAP_FAILED);
	page->magic = VMCLOCK_MAGIC;
	page->version = VMCLOCK_VERSION;
	page->size = 4096;
	page->flags = VMCLOCK_GENERATION_PRESENT;
	page->generation = 1;
	snprintf(source, 64, "vmclock:/proc/%d/fd/%d", getpid(), *fd);
	return page;
}

/* Fails if one seed from a kernel that is perhaps a copy still counts as enough, or if all draws
 * of ordinary users fail on a machine with nothing but a VMClock. */
static void clock_without_the_right_to_rekey(void **state)
{
	char source[64];
	int fd;
	volatile struct vmclock_page *page = create_clock(source, &fd);
	OSSL_LIB_CTX *ctx;
	unsigned int before;

	(void)state;
	setenv("VMGENC_SOURCE", source, 1);
	may_not_rekey = true;
	ctx = context("fail", "[vmgenc_sect]\non_unsettled = fail\n");
	assert_int_equal(draw(ctx), 0);
	assert_true(failed_with("lacks the privilege to rekey it"));
	OSSL_LIB_CTX_free(ctx);

	ctx = context("fail", "");
	for (int i = 0; i < 10; i++) {
		before = kernel_draws;
		assert_int_equal(draw(ctx), 1);
		assert_true(kernel_draws > before);
	}
	may_not_rekey = false; /* a privileged process */
	assert_int_equal(draw(ctx), 1);
	before = kernel_draws;
	assert_int_equal(draw(ctx), 1);
	assert_int_equal(kernel_draws, before);
	page->generation++;
	assert_int_equal(draw(ctx), 1);
	assert_true(kernel_draws > before);
	OSSL_LIB_CTX_free(ctx);
	munmap((void *)page, (size_t)sysconf(_SC_PAGESIZE));
	close(fd);
}

/* Fails if a typing error passes for one of the settings. */
static void wrong_setting_is_named(void **state)
{
	OSSL_LIB_CTX *ctx = context("never", "");

	(void)state;
	assert_int_equal(draw(ctx), 0);
	assert_true(failed_with("on_missing = never: warn, fail or ignore"));
	OSSL_LIB_CTX_free(ctx);
	ctx = context("warn", "[vmgenc_sect]\non_unsettled = mixed\n");
	assert_int_equal(draw(ctx), 0);
	assert_true(failed_with("on_unsettled = mixed: mix or fail"));
	OSSL_LIB_CTX_free(ctx);
}

/* Fails if the old DRBG is taken in silence when the module cannot be loaded. */
static void module_that_cannot_be_loaded(void **state)
{
	OSSL_LIB_CTX *ctx = context("warn", "[vmgenc_sect]\nmodule = /nonexistent.so\n");

	(void)state;
	assert_int_equal(draw(ctx), 0);
	assert_true(failed_with("VMGENC-DRBG"));
	OSSL_LIB_CTX_free(ctx);
}

/* Fails if a program that must use FIPS modules only is given this one. */
static void fips_is_not_pretended(void **state)
{
	OSSL_LIB_CTX *ctx = context("warn", "[openssl_init]\nalg_section = properties\n"
					    "[properties]\ndefault_properties = fips=yes\n");

	(void)state;
	assert_int_equal(draw(ctx), 0);
	assert_true(failed_with("no active provider has a CTR-DRBG with the default properties"));
	OSSL_LIB_CTX_free(ctx);
	/* Who does not want what wraps a validated module takes the line out of the snippet. */
	ctx = context("warn", "[openssl_init]\nalg_section = properties\n[vmgenc_random]\n"
			      "properties =\n[properties]\ndefault_properties = fips=yes\n");
	assert_int_equal(draw(ctx), 0);
	assert_true(failed_with("VMGENC-DRBG"));
	OSSL_LIB_CTX_free(ctx);
}

/* Fails if the sentence does not say what is missing. */
static void no_provider_to_wrap(void **state)
{
	OSSL_LIB_CTX *ctx =
		context("warn", "[provider_sect]\ndefault = inactive\n[inactive]\nx = y\n");

	(void)state;
	assert_int_equal(draw(ctx), 0);
	assert_true(failed_with("activate the provider"));
	OSSL_LIB_CTX_free(ctx);
}

struct parameters {
	unsigned int strength, reseed_requests, reseed_counter;
	size_t max_request, max_adinlen, min_entropylen;
	time_t reseed_time_interval;
	int state;
	char cipher[20];
};

static struct parameters parameters_of(EVP_RAND_CTX *rand)
{
	struct parameters p;
	OSSL_PARAM params[] = {
		OSSL_PARAM_uint(OSSL_RAND_PARAM_STRENGTH, &p.strength),
		OSSL_PARAM_uint(OSSL_DRBG_PARAM_RESEED_REQUESTS, &p.reseed_requests),
		OSSL_PARAM_uint(OSSL_DRBG_PARAM_RESEED_COUNTER, &p.reseed_counter),
		OSSL_PARAM_size_t(OSSL_RAND_PARAM_MAX_REQUEST, &p.max_request),
		OSSL_PARAM_size_t(OSSL_DRBG_PARAM_MAX_ADINLEN, &p.max_adinlen),
		OSSL_PARAM_size_t(OSSL_DRBG_PARAM_MIN_ENTROPYLEN, &p.min_entropylen),
		OSSL_PARAM_time_t(OSSL_DRBG_PARAM_RESEED_TIME_INTERVAL, &p.reseed_time_interval),
		OSSL_PARAM_int(OSSL_RAND_PARAM_STATE, &p.state),
		OSSL_PARAM_utf8_string(OSSL_DRBG_PARAM_CIPHER, p.cipher, sizeof(p.cipher)),
		OSSL_PARAM_END};

	memset(&p, 0, sizeof(p));
	assert_int_equal(EVP_RAND_CTX_get_params(rand, params), 1);
	return p;
}

/* Fails if one of OpenSSL's parameters is lost on the way in or out. */
static void parameters_pass_through(void **state)
{
	OSSL_LIB_CTX *ours = context("fail", ""), *plain = OSSL_LIB_CTX_new();
	EVP_RAND_CTX *rand = RAND_get0_public(ours);
	struct parameters a = parameters_of(rand), b = parameters_of(RAND_get0_public(plain));
	unsigned int requests = 2, before;
	size_t max_request = 0;
	OSSL_PARAM alone[] = {OSSL_PARAM_size_t(OSSL_RAND_PARAM_MAX_REQUEST, &max_request),
			      OSSL_PARAM_END};
	OSSL_PARAM params[] = {OSSL_PARAM_uint(OSSL_DRBG_PARAM_RESEED_REQUESTS, &requests),
			       OSSL_PARAM_END};

	(void)state;
	assert_memory_equal(&a, &b, sizeof(a));
	assert_int_equal(EVP_RAND_CTX_get_params(rand, alone), 1); /* as before each draw */
	assert_int_equal(max_request, b.max_request);
	assert_true(OSSL_PARAM_modified(alone));
	assert_non_null(
		OSSL_PARAM_locate_const(EVP_RAND_CTX_settable_params(rand), "reseed_requests"));
	assert_non_null(OSSL_PARAM_locate_const(EVP_RAND_CTX_gettable_params(rand), "max_request"));
	assert_non_null(OSSL_PARAM_locate_const(
		EVP_RAND_settable_ctx_params(EVP_RAND_CTX_get0_rand(rand)), "cipher"));
	assert_int_equal(EVP_RAND_get_strength(rand), 256);
	assert_int_equal(EVP_RAND_verify_zeroization(rand), 0); /* in use */

	assert_int_equal(EVP_RAND_CTX_set_params(rand, params), 1);
	assert_int_equal(parameters_of(rand).reseed_requests, 2);
	draw(ours);
	before = parameters_of(rand).reseed_counter;
	for (int i = 0; i < 10; i++)
		draw(ours);
	assert_true(parameters_of(rand).reseed_counter >= before + 5);
	OSSL_LIB_CTX_free(ours);
	OSSL_LIB_CTX_free(plain);
}

/* More than one request's worth, which OpenSSL splits. */
static void large_draws(void **state)
{
	static unsigned char out[200000], zeros[32];
	OSSL_LIB_CTX *ctx = context("fail", "");

	(void)state;
	assert_int_equal(RAND_bytes_ex(ctx, out, sizeof(out), 0), 1);
	assert_memory_not_equal(out + sizeof(out) - 32, zeros, 32);
	OSSL_LIB_CTX_free(ctx);
}

/* The openssl program as Debian ships it, with the module as it is installed. */
static void unchanged_programs(void **state)
{
	char cnf[CNF_SIZE];

	(void)state;
	cnf_create(cnf, "build/ossl-modules/vmgenc.so", "fail",
		   "[req]\ndistinguished_name = dn\n[dn]\n");
	assert_int_equal(setenv("OPENSSL_CONF", cnf, 1), 0);
	assert_int_equal(
		system("openssl list -random-instances | grep -c VMGENC-DRBG | grep -qx 3"), 0);
	assert_int_equal(system("openssl rand -hex 16 | grep -qE '^[0-9a-f]{32}$'"), 0);
	assert_int_equal(system("sh test/unit/provider/tls_once"), 0);
	setenv("VMGENC_SOURCE", no_source, 1);
	assert_int_not_equal(system("openssl rand -hex 16 2>/dev/null"), 0);
	unsetenv("OPENSSL_CONF");
	unlink(cnf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(missing_source_warns_once, setup, teardown),
		cmocka_unit_test_setup_teardown(missing_source_is_ignored, setup, teardown),
		cmocka_unit_test_setup_teardown(missing_source_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(late_source_is_found, setup, teardown),
		cmocka_unit_test_setup_teardown(unseen_device_has_each_draw_seeded, setup,
						teardown),
		cmocka_unit_test_setup_teardown(unfilled_id_is_as_missing, setup, teardown),
		cmocka_unit_test_setup_teardown(source_that_never_rests, setup, teardown),
		cmocka_unit_test_setup_teardown(clock_without_the_right_to_rekey, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_setting_is_named, setup, teardown),
		cmocka_unit_test_setup_teardown(module_that_cannot_be_loaded, setup, teardown),
		cmocka_unit_test_setup_teardown(fips_is_not_pretended, setup, teardown),
		cmocka_unit_test_setup_teardown(no_provider_to_wrap, setup, teardown),
		cmocka_unit_test_setup_teardown(parameters_pass_through, setup, teardown),
		cmocka_unit_test_setup_teardown(large_draws, setup, teardown),
		cmocka_unit_test_setup_teardown(unchanged_programs, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
