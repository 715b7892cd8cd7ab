/* SPDX-License-Identifier: BSD-2-Clause */
/* provider: finds CTR-DRBG and its functions in the provider that the application would get it
 * from: OpenSSL's default provider, or its FIPS module where the default properties say so. */
#include <string.h>
#include <strings.h>

#include "provider.h"

#define WRAPPED_NAME "CTR-DRBG"

/* names: separated by colons */
static bool is_named(const char *names, const char *name)
{
	size_t length = strlen(name);

	for (; names; names = strchr(names, ':') ? strchr(names, ':') + 1 : NULL) {
		if (!strncasecmp(names, name, length) &&
		    (names[length] == ':' || names[length] == '\0'))
			return true;
	}
	return false;
}

static const OSSL_DISPATCH *find_calls(const OSSL_PROVIDER *provider)
{
	const OSSL_DISPATCH *calls = NULL;
	int no_store;
	const OSSL_ALGORITHM *all =
		OSSL_PROVIDER_query_operation(provider, OSSL_OP_RAND, &no_store);

	for (const OSSL_ALGORITHM *a = all; a && a->algorithm_names && !calls; a++) {
		if (is_named(a->algorithm_names, WRAPPED_NAME))
			calls = a->implementation;
	}
	if (all)
		OSSL_PROVIDER_unquery_operation(provider, OSSL_OP_RAND, all);
	return calls;
}

#define CASE(id, name)                                                                             \
	case OSSL_FUNC_RAND_##id:                                                                  \
		w->name = OSSL_FUNC_rand_##name(call);                                             \
		break
#define CASE_AS(id, name, member)                                                                  \
	case OSSL_FUNC_RAND_##id:                                                                  \
		w->member = OSSL_FUNC_rand_##name(call);                                           \
		break

static void take(struct wrapped *w, const OSSL_DISPATCH *call)
{
	switch (call->function_id) {
		CASE(NEWCTX, newctx);
		CASE(FREECTX, freectx);
		CASE(INSTANTIATE, instantiate);
		CASE(UNINSTANTIATE, uninstantiate);
		CASE(GENERATE, generate);
		CASE(RESEED, reseed);
		CASE(ENABLE_LOCKING, enable_locking);
		CASE(LOCK, lock);
		CASE(UNLOCK, unlock);
		CASE_AS(GETTABLE_CTX_PARAMS, gettable_ctx_params, gettable);
		CASE_AS(SETTABLE_CTX_PARAMS, settable_ctx_params, settable);
		CASE_AS(GET_CTX_PARAMS, get_ctx_params, get);
		CASE_AS(SET_CTX_PARAMS, set_ctx_params, set);
		CASE(VERIFY_ZEROIZATION, verify_zeroization);
		CASE(GET_SEED, get_seed);
		CASE(CLEAR_SEED, clear_seed);
	}
}

/* Without one of these our own could not keep its promises; each version of OpenSSL 3 has all. */
static bool complete(const struct wrapped *w)
{
	return w->newctx && w->freectx && w->instantiate && w->uninstantiate && w->generate &&
	       w->reseed && w->enable_locking && w->lock && w->unlock && w->gettable &&
	       w->settable && w->get && w->set && w->verify_zeroization && w->get_seed &&
	       w->clear_seed;
}

bool wrapped_find(struct wrapped *w, OSSL_LIB_CTX *libctx)
{
	const OSSL_PROVIDER *provider;

	w->rand = EVP_RAND_fetch(libctx, WRAPPED_NAME, NULL);
	if (!w->rand)
		return false;
	provider = EVP_RAND_get0_provider(w->rand);
	w->provctx = OSSL_PROVIDER_get0_provider_ctx(provider);
	w->calls = find_calls(provider);
	for (const OSSL_DISPATCH *call = w->calls; call && call->function_id; call++)
		take(w, call);
	if (complete(w))
		return true;
	wrapped_forget(w);
	return false;
}

void wrapped_forget(struct wrapped *w)
{
	EVP_RAND_free(w->rand);
	memset(w, 0, sizeof(*w));
}
