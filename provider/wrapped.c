/* SPDX-License-Identifier: BSD-2-Clause */
/* provider: finds CTR-DRBG and its functions in the provider that the application would use:
 * OpenSSL's default provider, or its FIPS module if the default properties say so. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "properties.h"
#include "provider.h"

#define WRAPPED_NAME "CTR-DRBG"
#define MAX_PROVIDERS 32

/* The active providers of the library context, with a reference to each, and its properties. */
struct active {
	const struct core *core;
	const OSSL_CORE_HANDLE *handles[MAX_PROVIDERS];
	int count;
	char *properties;
};

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

/* All of these are needed; every version of OpenSSL 3 has them. */
static bool complete(const struct wrapped *w)
{
	return w->newctx && w->freectx && w->instantiate && w->uninstantiate && w->generate &&
	       w->reseed && w->enable_locking && w->lock && w->unlock && w->gettable &&
	       w->settable && w->get && w->set && w->verify_zeroization && w->get_seed &&
	       w->clear_seed;
}

/* Called with the lock of OpenSSL's list of providers held, so it only adds to the list. */
static int add_provider(const OSSL_CORE_HANDLE *handle, void *data)
{
	struct active *a = data;

	if (handle != a->core->handle && a->count < MAX_PROVIDERS &&
	    a->core->provider_up_ref(handle, 0))
		a->handles[a->count++] = handle;
	return 1;
}

static int remove_provider(const OSSL_CORE_HANDLE *handle, void *data)
{
	(void)handle;
	(void)data;
	return 1; /* our reference keeps it usable */
}

static int set_properties(const char *properties, void *data)
{
	struct active *a = data;

	free(a->properties);
	a->properties = strdup(properties);
	return a->properties != NULL;
}

static const OSSL_ALGORITHM *query(const struct core *core, const OSSL_CORE_HANDLE *handle)
{
	const OSSL_DISPATCH *call = core->provider_dispatch(handle);
	int no_store;

	for (; call && call->function_id; call++) {
		if (call->function_id == OSSL_FUNC_PROVIDER_QUERY_OPERATION)
			return OSSL_FUNC_provider_query_operation(call)(
				core->provider_context(handle), OSSL_OP_RAND, &no_store);
	}
	return NULL;
}

/* Chooses the CTR-DRBG that matches the default properties best, or the first of several. */
static void choose(struct wrapped *w, const struct active *a)
{
	int best = -1;

	for (int i = 0; i < a->count; i++) {
		const OSSL_ALGORITHM *all = query(a->core, a->handles[i]);

		for (; all && all->algorithm_names; all++) {
			int fits = is_named(all->algorithm_names, WRAPPED_NAME)
					   ? properties_fit(a->properties, all->property_definition)
					   : -1;

			if (fits <= best)
				continue;
			best = fits;
			w->calls = all->implementation;
			w->provider = a->handles[i];
		}
	}
}

/*
 * Uses the calls that OpenSSL passes to each provider, and not EVP_RAND_fetch(): that would load a
 * second libcrypto into programs that have one linked in statically, and the two would clean up in
 * the wrong order.
 */
bool wrapped_find(struct wrapped *w, const struct core *core)
{
	struct active a = {.core = core};

	if (core->register_child(core->handle, add_provider, remove_provider, set_properties, &a)) {
		core->deregister_child(core->handle);
		choose(w, &a);
	}
	for (const OSSL_DISPATCH *call = w->calls; call && call->function_id; call++)
		take(w, call);
	if (!complete(w))
		memset(w, 0, sizeof(*w));
	if (w->provider)
		w->provctx = core->provider_context(w->provider);
	for (int i = 0; i < a.count; i++) {
		if (a.handles[i] != w->provider)
			core->provider_free(a.handles[i], 0);
	}
	free(a.properties);
	return w->provider != NULL;
}

void wrapped_forget(struct wrapped *w, const struct core *core)
{
	if (w->provider)
		core->provider_free(w->provider, 0);
	memset(w, 0, sizeof(*w));
}
