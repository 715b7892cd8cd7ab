/* SPDX-License-Identifier: BSD-2-Clause */
/* test/fuzz: an openssl.cnf with these bytes, loaded as programs load theirs, and what the provider
 * makes of its section: with a source that tells of clones, and without one. */
#include <openssl/conf.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider.h"
#include "simfile.h"

extern OSSL_provider_init_fn OSSL_provider_init;

static void need(bool what)
{
	if (!what)
		abort();
}

/* Not NCONF_get_string(), which goes on to look in the first section: providers do not. */
static const char *value_of(CONF *conf, const char *section, const char *name)
{
	STACK_OF(CONF_VALUE) *list = section ? NCONF_get_section(conf, section) : NULL;

	for (int i = 0; i < sk_CONF_VALUE_num(list); i++) {
		if (!strcmp(sk_CONF_VALUE_value(list, i)->name, name))
			return sk_CONF_VALUE_value(list, i)->value;
	}
	return NULL;
}

static const char *providers_section(CONF *conf)
{
	return value_of(conf, value_of(conf, "default", "openssl_conf"), "providers");
}

/* Sections below a provider's are OpenSSL's to walk, which versions before 3.4 do without end. */
static bool is_nested(CONF *conf, const char *section)
{
	STACK_OF(CONF_VALUE) *list = NCONF_get_section(conf, section);

	for (int i = 0; i < sk_CONF_VALUE_num(list); i++) {
		if (NCONF_get_section(conf, sk_CONF_VALUE_value(list, i)->value))
			return true;
	}
	return false;
}

/* Names with a dot are further names of the same thing: what counts is then hard to tell. */
static bool is_plain(CONF *conf, const char *section, const char *const *allowed)
{
	STACK_OF(CONF_VALUE) *list = section ? NCONF_get_section(conf, section) : NULL;

	for (int i = 0; i < sk_CONF_VALUE_num(list); i++) {
		const CONF_VALUE *v = sk_CONF_VALUE_value(list, i);
		const char *const *a = allowed;

		while (a && *a && strcmp(v->name, *a))
			a++;
		if ((a && !*a) || strchr(v->name, '.'))
			return false;
		if (!a && (is_nested(conf, v->value) || value_of(conf, v->value, "identity")))
			return false;
	}
	return true;
}

/* No modules of OpenSSL's with a memory beyond the context, such as its table of OIDs. */
static bool is_for_us(CONF *conf)
{
	static const char *const allowed[] = {"providers", "random", "alg_section", NULL};

	return is_plain(conf, value_of(conf, "default", "openssl_conf"), allowed) &&
	       is_plain(conf, providers_section(conf), NULL);
}

/* What vmgenc-provider(7) says of the setting, told apart from the provider's own reading. */
static bool may_draw(const char *on_missing, bool with_source)
{
	if (!on_missing || !strcmp(on_missing, "warn") || !strcmp(on_missing, "ignore"))
		return true;
	return !strcmp(on_missing, "fail") && with_source;
}

static bool draws(OSSL_LIB_CTX *ctx)
{
	static char cipher[] = "AES-256-CTR";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string(OSSL_DRBG_PARAM_CIPHER, cipher, sizeof(cipher) - 1),
		OSSL_PARAM_END};
	EVP_RAND *rand = EVP_RAND_fetch(ctx, "VMGENC-DRBG", "provider=vmgenc");
	EVP_RAND_CTX *drbg = rand ? EVP_RAND_CTX_new(rand, NULL) : NULL;
	unsigned char out[16];
	bool drew;

	drew = drbg && EVP_RAND_instantiate(drbg, 256, 0, NULL, 0, params) == 1 &&
	       EVP_RAND_generate(drbg, out, sizeof(out), 256, 0, NULL, 0) == 1;
	EVP_RAND_CTX_free(drbg);
	EVP_RAND_free(rand);
	return drew;
}

static bool has_drbg_to_wrap(OSSL_LIB_CTX *ctx)
{
	EVP_RAND *rand = EVP_RAND_fetch(ctx, "CTR-DRBG", NULL);

	EVP_RAND_free(rand);
	return rand != NULL;
}

static void use(OSSL_LIB_CTX *ctx, CONF *conf, bool with_source)
{
	const char *section = value_of(conf, providers_section(conf), "vmgenc");
	const char *on_missing = value_of(conf, section, "on_missing");
	bool drew;

	CONF_modules_load(conf, NULL, CONF_MFLAGS_IGNORE_ERRORS);
	if (!section || !OSSL_PROVIDER_available(ctx, "vmgenc")) {
		need(!draws(ctx));
		return;
	}
	ERR_clear_error();
	drew = draws(ctx);
	/* A refusal has a reason that can be shown. */
	need(drew || ERR_peek_error());
	need(drew == (has_drbg_to_wrap(ctx) && may_draw(on_missing, with_source)));
}

static void load(const uint8_t *data, size_t size, bool with_source)
{
	OSSL_LIB_CTX *ctx = OSSL_LIB_CTX_new();
	CONF *conf = NCONF_new_ex(ctx, NULL);
	BIO *text = BIO_new_mem_buf(data, (int)size);

	need(ctx && conf && text && OSSL_PROVIDER_add_builtin(ctx, "vmgenc", OSSL_provider_init));
	if (NCONF_load_bio(conf, text, NULL) > 0 && is_for_us(conf))
		use(ctx, conf, with_source);
	BIO_free(text);
	NCONF_free(conf);
	OSSL_LIB_CTX_free(ctx);
	ERR_clear_error();
}

/*
 * OpenSSL keeps some of what a first use makes, and libFuzzer looks for leaks after each input that
 * left memory behind: forty times slower. The sanitizer looks once, at the end.
 */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static char *list[32], option[] = "-detect_leaks=0";
	int n = *argc < 30 ? *argc : 30;

	memcpy(list, *argv, (size_t)n * sizeof(*list));
	list[n++] = option;
	*argv = list;
	*argc = n;
	return 0;
}

/* Bytes that begin with "=" are the setting alone, at the end of what is shipped. */
static const char before[] = "openssl_conf = init\n[init]\nproviders = list\n[list]\ndefault = on\n"
			     "vmgenc = ours\n[on]\nactivate = 1\n[ours]\nactivate = 1\non_missing ";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t text[sizeof(before) + 4096];
	static struct simfile sim;

	if (!sim.page)
		need(!simfile_create(&sim));
	/* The harness is about the text: no other file, and no module by its path. */
	if (memmem(data, size, ".include", 8) || memmem(data, size, "/", 1))
		return 0;
	if (size && size < 4096 && *data == '=') {
		memcpy(text, before, sizeof(before) - 1);
		memcpy(text + sizeof(before) - 1, data, size);
		data = text;
		size += sizeof(before) - 1;
	}
	setenv("VMGENC_SOURCE", sim.source, 1);
	load(data, size, true);
	setenv("VMGENC_SOURCE", "file:/nonexistent", 1);
	load(data, size, false);
	return 0;
}
