/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit: the OpenSSL provider beside other providers and default properties: it draws from
 * the generator that OpenSSL would take by itself, whichever that is. */
#include <openssl/conf.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "openssl.h"
#include "properties.h"
#include "simfile.h"

#define SECOND 0x5a /* the bytes of the provider "second" */

static struct simfile sim;

static int setup(void **state)
{
	(void)state;
	return simfile_create(&sim) || setenv("VMGENC_SOURCE", sim.source, 1) ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	simfile_remove(&sim);
	return 0;
}

/* A provider with a CTR-DRBG of its own, as FIPS modules and others have. */
static void *second_new(void *provctx, void *parent, const OSSL_DISPATCH *calls)
{
	(void)parent;
	(void)calls;
	return provctx;
}

static void second_free(void *drbg)
{
	(void)drbg;
}

static int second_do(void *drbg)
{
	return drbg != NULL;
}

static int second_instantiate(void *drbg, unsigned int strength, int pr, const unsigned char *text,
			      size_t length, const OSSL_PARAM params[])
{
	(void)strength;
	(void)pr;
	(void)text;
	(void)length;
	(void)params;
	return drbg != NULL;
}

static int second_generate(void *drbg, unsigned char *out, size_t length, unsigned int strength,
			   int pr, const unsigned char *extra, size_t extra_length)
{
	(void)strength;
	(void)pr;
	(void)extra;
	(void)extra_length;
	memset(out, SECOND, length);
	return drbg != NULL;
}

static int second_reseed(void *drbg, int pr, const unsigned char *entropy, size_t length,
			 const unsigned char *extra, size_t extra_length)
{
	(void)pr;
	(void)entropy;
	(void)length;
	(void)extra;
	(void)extra_length;
	return drbg != NULL;
}

static const OSSL_PARAM *second_params(void *drbg, void *provctx)
{
	static const OSSL_PARAM none[] = {OSSL_PARAM_END};

	(void)drbg;
	(void)provctx;
	return none;
}

static int second_get(void *drbg, OSSL_PARAM params[])
{
	OSSL_PARAM *p = OSSL_PARAM_locate(params, OSSL_RAND_PARAM_MAX_REQUEST);

	if (p && !OSSL_PARAM_set_size_t(p, 1024))
		return 0;
	p = OSSL_PARAM_locate(params, OSSL_RAND_PARAM_STRENGTH);
	if (p && !OSSL_PARAM_set_uint(p, 256))
		return 0;
	p = OSSL_PARAM_locate(params, OSSL_RAND_PARAM_STATE);
	return drbg && (!p || OSSL_PARAM_set_int(p, EVP_RAND_STATE_READY));
}

static int second_set(void *drbg, const OSSL_PARAM params[])
{
	(void)params;
	return drbg != NULL;
}

static size_t second_get_seed(void *drbg, unsigned char **seed, int entropy, size_t min, size_t max,
			      int pr, const unsigned char *extra, size_t extra_length)
{
	static unsigned char bytes[64];

	(void)drbg;
	(void)entropy;
	(void)pr;
	(void)extra;
	(void)extra_length;
	memset(bytes, SECOND, sizeof(bytes));
	*seed = bytes;
	return min <= sizeof(bytes) && max >= min ? min : 0;
}

static void second_clear_seed(void *drbg, unsigned char *seed, size_t length)
{
	(void)drbg;
	(void)seed;
	(void)length;
}

static const OSSL_DISPATCH second_calls[] = {
	{OSSL_FUNC_RAND_NEWCTX, (void (*)(void))second_new},
	{OSSL_FUNC_RAND_FREECTX, (void (*)(void))second_free},
	{OSSL_FUNC_RAND_INSTANTIATE, (void (*)(void))second_instantiate},
	{OSSL_FUNC_RAND_UNINSTANTIATE, (void (*)(void))second_do},
	{OSSL_FUNC_RAND_GENERATE, (void (*)(void))second_generate},
	{OSSL_FUNC_RAND_RESEED, (void (*)(void))second_reseed},
	{OSSL_FUNC_RAND_ENABLE_LOCKING, (void (*)(void))second_do},
	{OSSL_FUNC_RAND_LOCK, (void (*)(void))second_do},
	{OSSL_FUNC_RAND_UNLOCK, (void (*)(void))second_free},
	{OSSL_FUNC_RAND_GETTABLE_CTX_PARAMS, (void (*)(void))second_params},
	{OSSL_FUNC_RAND_SETTABLE_CTX_PARAMS, (void (*)(void))second_params},
	{OSSL_FUNC_RAND_GET_CTX_PARAMS, (void (*)(void))second_get},
	{OSSL_FUNC_RAND_SET_CTX_PARAMS, (void (*)(void))second_set},
	{OSSL_FUNC_RAND_VERIFY_ZEROIZATION, (void (*)(void))second_do},
	{OSSL_FUNC_RAND_GET_SEED, (void (*)(void))second_get_seed},
	{OSSL_FUNC_RAND_CLEAR_SEED, (void (*)(void))second_clear_seed},
	{0, NULL},
};

#define SECOND_PROPERTIES "provider=second,fips=yes,version=3,output=red"

static const OSSL_ALGORITHM *second_query(void *provctx, int operation, int *no_store)
{
	static const OSSL_ALGORITHM all[] = {
		{"SECOND-DRBG:CTR-DRBG", SECOND_PROPERTIES, second_calls, NULL},
		{NULL, NULL, NULL, NULL}};

	(void)provctx;
	*no_store = 0;
	return operation == OSSL_OP_RAND ? all : NULL;
}

static OSSL_provider_init_fn second_init;

static int second_init(const OSSL_CORE_HANDLE *core, const OSSL_DISPATCH *in,
		       const OSSL_DISPATCH **out, void **provctx)
{
	static const OSSL_DISPATCH calls[] = {
		{OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))second_query}, {0, NULL}};
	static int something;

	(void)core;
	(void)in;
	*out = calls;
	*provctx = &something;
	return 1;
}

enum drawn { NOTHING, DEFAULTS, SECONDS };

/* Whose bytes an application draws with these default properties, with the provider or without. */
static enum drawn drawn_from(const char *properties, bool with_us)
{
	static unsigned char seconds[32];
	OSSL_LIB_CTX *ctx = OSSL_LIB_CTX_new();
	char cnf[CNF_SIZE], more[400];
	unsigned char out[32] = {0};
	enum drawn drawn = NOTHING;

	snprintf(more, sizeof(more),
		 "[provider_sect]\nsecond = second_sect\n[second_sect]\nactivate = 1\n"
		 "[openssl_init]\nalg_section = properties\n%s"
		 "[properties]\ndefault_properties = \"%s\"\n",
		 with_us ? ""
			 : "random = nothing\n[nothing]\nrandom = CTR-DRBG\n"
			   "properties =\n[vmgenc_sect]\nactivate = 0\n",
		 properties);
	cnf_create(cnf, "build/test/ossl-modules/vmgenc.so", "fail", more);
	assert_int_equal(OSSL_PROVIDER_add_builtin(ctx, "second", second_init), 1);
	assert_int_equal(OSSL_LIB_CTX_load_config(ctx, cnf), 1);
	if (RAND_bytes_ex(ctx, out, sizeof(out), 0) == 1) {
		const char *name =
			EVP_RAND_get0_name(EVP_RAND_CTX_get0_rand(RAND_get0_public(ctx)));

		assert_true(with_us == !strcmp(name, "VMGENC-DRBG"));
		memset(seconds, SECOND, sizeof(seconds));
		drawn = memcmp(out, seconds, sizeof(out)) ? DEFAULTS : SECONDS;
	}
	remove(cnf);
	OSSL_LIB_CTX_free(ctx);
	ERR_clear_error();
	return drawn;
}

/* Fails if a program whose default properties name a provider or fips draws from another
 * generator than it would by itself, or no longer draws, or draws although it would not. */
static void default_properties_choose_as_ever(void **state)
{
	static const char *const queries[] = {
		"",
		"provider=default",
		"provider=second",
		"fips=yes",
		"fips=no",
		"?fips=yes",
		"?provider=second",
		"-fips",
		"fips",
		"provider!=default",
		"fips!=yes",
		"provider = 'second'",
		"PROVIDER=Default",
		"?fips=yes,provider=default",
		"provider=nobody",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		enum drawn without = drawn_from(queries[i], false),
			   with = drawn_from(queries[i], true);

		if (without != with)
			fail_msg("default_properties = %s: %d without, %d with", queries[i],
				 without, with);
	}
}

static bool fetched(const char *query)
{
	OSSL_LIB_CTX *ctx = OSSL_LIB_CTX_new();
	OSSL_PROVIDER *second;
	EVP_RAND *rand;

	assert_int_equal(OSSL_PROVIDER_add_builtin(ctx, "second", second_init), 1);
	second = OSSL_PROVIDER_load(ctx, "second");
	assert_non_null(second);
	rand = EVP_RAND_fetch(ctx, "CTR-DRBG", query);
	EVP_RAND_free(rand);
	OSSL_PROVIDER_unload(second);
	OSSL_LIB_CTX_free(ctx);
	ERR_clear_error();
	return rand != NULL;
}

/* Fails if our reading of a query is not OpenSSL's. */
static void queries_are_read_as_openssl_reads_them(void **state)
{
	static const char *const queries[] = {
		"",
		"version=3",
		"version=0x3",
		"version=4",
		"version!=4",
		"version!=3",
		"version=three",
		"version",
		"output=red",
		"output=RED",
		"Output=red",
		"output='red'",
		"output=\"red\"",
		"output=\"red",
		"output!=red",
		"output!=blue",
		"output != blue , version = 3",
		"output!blue",
		"output=",
		"nothing=1",
		"nothing!=1",
		"nothing=x",
		"nothing!=x",
		"nothing=no",
		"nothing!=no",
		"nothing!=yes",
		"nothing",
		"-nothing",
		"?nothing",
		"? nothing=1",
		"- fips",
		"provider=second,version=3,output=red,fips=yes",
		"provider=second,version=3,output=blue",
		"provider=second,,version=3",
		"?fips=no,version=3",
		"fips=yes=no",
		"fips==yes",
		"version=3 output=red",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		bool theirs = fetched(queries[i]);

		if (theirs != (properties_fit(queries[i], SECOND_PROPERTIES) >= 0))
			fail_msg("\"%s\": OpenSSL says %s", queries[i], theirs ? "yes" : "no");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(default_properties_choose_as_ever, setup, teardown),
		cmocka_unit_test(queries_are_read_as_openssl_reads_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
