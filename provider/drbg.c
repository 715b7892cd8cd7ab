/* SPDX-License-Identifier: BSD-2-Clause */
/* provider: VMGENC-DRBG, a CTR-DRBG that checks for a clone before each draw and again before it
 * returns the value. The wrapped DRBG's lock also guards the mark. */
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

#include "provider.h"

/* Cloning takes longer than a draw, so a source that changes during so many is broken. */
#define MAX_ROUNDS 100
/* The number of draws after which to look for a missing source again. */
#define LOOK_AGAIN 4096

struct drbg {
	struct provider *provider;
	const struct wrapped *w;
	void *inner;	   /* the wrapped DRBG */
	struct vmgenc *vg; /* NULL: not found yet */
	struct vmgenc_mark mark;
	struct vmgenc_mark mixed; /* while unsettled: the state that was mixed in last */
	size_t max_request;	  /* of the wrapped DRBG; 0 if not known */
	bool unsettled;		  /* the kernel is not rekeyed, so each draw takes a new seed */
	bool predictable;	  /* seeded while the driver said VMGENC_PREDICTABLE */
	bool each_draw;		  /* no source, but there is a driver, so likewise */
	bool admitted;		  /* the setting on_missing allows it to work */
	unsigned int blind_draws; /* draws without a source */
};

static const OSSL_DISPATCH drbg_calls[];

static bool is_ready(struct provider *p)
{
	bool found;

	pthread_mutex_lock(&p->lock);
	found = p->wrapped.provider || wrapped_find(&p->wrapped, &p->core);
	pthread_mutex_unlock(&p->lock);
	if (!found)
		provider_error(p, REASON_NO_DRBG,
			       "no active provider has a CTR-DRBG with the default properties: "
			       "does openssl.cnf activate the provider \"default\"?");
	return found;
}

/*
 * If the parent is a VMGENC-DRBG, the wrapped DRBG gets the DRBG that the parent wraps as its
 * parent. A reseed with prediction resistance then reseeds all of them, up to the kernel, and each
 * draw checks directly whether the parent was reseeded.
 */
static void *drbg_new(void *provctx, void *parent, const OSSL_DISPATCH *parent_calls)
{
	struct provider *p = provctx;
	struct drbg *d = is_ready(p) ? calloc(1, sizeof(*d)) : NULL;

	if (!d)
		return NULL;
	d->provider = p;
	d->w = &p->wrapped;
	if (parent && parent_calls == drbg_calls) {
		const struct drbg *ours = parent;

		parent_calls = ours->w->calls;
		parent = ours->inner;
	}
	d->inner = d->w->newctx(d->w->provctx, parent, parent_calls);
	if (!d->inner) {
		free(d);
		return NULL;
	}
	return d;
}

static void drbg_free(void *vd)
{
	struct drbg *d = vd;

	if (!d)
		return;
	d->w->freectx(d->inner);
	explicit_bzero(d, sizeof(*d));
	free(d);
}

/* Finds the source, for each new DRBG again. A missing source may be an error (on_missing). */
static bool admit(struct drbg *d)
{
	struct provider *p = d->provider;

	if (p->wrong_setting) {
		provider_error(p, REASON_SETTING, "%s", p->wrong_setting);
		return false;
	}
	d->admitted = provider_may_draw(p, &d->vg, &d->each_draw);
	return d->admitted;
}

/* Makes no system call. A VMClock, whose flag is never cleared, has settled 0. */
static bool is_predictable(struct vmgenc *vg)
{
	struct vmgenc_status st = {.size = sizeof(st)};

	return !vmgenc_status(vg, &st) && st.settled && st.flags & VMGENC_PREDICTABLE;
}

/*
 * Handles a change: rekeys the kernel, then reseeds this DRBG and its parents from it. The mark is
 * set last, so that the next draw retries whatever failed. If the kernel cannot be rekeyed, or this
 * process lacks the privilege, the kernel may draw what other clones draw. Data that differs
 * between clones is then mixed in for each draw, and the mark stays as it is.
 */
static int renew(struct drbg *d)
{
	struct provider *p = d->provider;
	struct vmgenc_mark mark = d->mark;
	struct vmgenc_mark now = {{d->vg->hot[0], d->vg->hot[1]}};
	struct fresh fresh;
	int error = provider_source_sync(&p->source, &mark, p->on_unsettled == ON_UNSETTLED_FAIL);
	bool predictable = is_predictable(d->vg); /* of the kernel that the seed comes from */
	int done;

	d->unsettled = error != 0;
	if (error && !provider_mixes(p, error))
		return 0;
	if (error)
		fresh_collect(&fresh, d->vg);
	done = d->w->reseed(d->inner, 1, NULL, 0, error ? (const unsigned char *)&fresh : NULL,
			    error ? sizeof(fresh) : 0);
	if (!done) {
		provider_error(p, REASON_RESEED, "reseeding failed");
		return 0;
	}
	d->mark = mark; /* unchanged if the sync failed */
	d->mixed = now;
	d->predictable = predictable;
	return 1;
}

/*
 * Whether to draw without a source. If a source appears later, the mark is still empty, so the next
 * draw comes from a new seed.
 */
static bool may_be_blind(struct drbg *d)
{
	int error;

	if (!d->admitted) /* drawn from without instantiate(), which the wrapped DRBG allows */
		return admit(d);
	if (++d->blind_draws % LOOK_AGAIN == 0) {
		d->vg = provider_source_get(&d->provider->source, &error);
		d->each_draw = !d->vg && (d->each_draw || error == SOURCE_UNSEEN);
	}
	return true;
}

/* A seed that another clone's owner may know is replaced once the kernel has a better one. */
static bool has_better_seed(const struct drbg *d)
{
	return d->predictable && !is_predictable(d->vg);
}

/* Returns 1 to draw (again), 0 if the value may leave, or -1 after an error. */
static int begin_round(struct drbg *d, int round)
{
	const struct vmgenc_mark *seen = round > 0 && d->unsettled ? &d->mixed : &d->mark;

	if (!d->vg || (!vmgenc_changed(d->vg, seen) && !has_better_seed(d)))
		return round == 0;
	if (round < MAX_ROUNDS)
		return renew(d) ? 1 : -1;
	if (provider_tolerates(d->provider, "the VM Generation ID does not come to rest"))
		return 0;
	provider_error(d->provider, REASON_UNSTEADY, "after %d draws", MAX_ROUNDS);
	return -1;
}

static int drbg_generate(void *vd, unsigned char *out, size_t length, unsigned int strength,
			 int prediction_resistance, const unsigned char *extra, size_t extra_length)
{
	struct drbg *d = vd;
	int todo;

	if (__builtin_expect(!d->vg, 0) && !may_be_blind(d))
		return 0;
	for (int round = 0; (todo = begin_round(d, round)) > 0; round++) {
		if (!d->w->generate(d->inner, out, length, strength,
				    prediction_resistance || d->each_draw, extra, extra_length))
			return 0;
	}
	if (todo < 0)
		explicit_bzero(out, length);
	return todo == 0;
}

/* For children that are not VMGENC-DRBGs; those seed from the wrapped DRBG and check themselves. */
static size_t drbg_get_seed(void *vd, unsigned char **seed, int entropy, size_t min, size_t max,
			    int prediction_resistance, const unsigned char *extra,
			    size_t extra_length)
{
	struct drbg *d = vd;
	size_t length = 0;
	int todo;

	if (!d->vg && !may_be_blind(d))
		return 0;
	for (int round = 0; (todo = begin_round(d, round)) > 0; round++) {
		if (round > 0)
			d->w->clear_seed(d->inner, *seed, length);
		length = d->w->get_seed(d->inner, seed, entropy, min, max,
					prediction_resistance || d->each_draw, extra, extra_length);
		if (!length)
			return 0;
	}
	if (todo == 0)
		return length;
	if (length)
		d->w->clear_seed(d->inner, *seed, length);
	return 0;
}

static void drbg_clear_seed(void *vd, unsigned char *seed, size_t length)
{
	struct drbg *d = vd;

	d->w->clear_seed(d->inner, seed, length);
}

static int drbg_uninstantiate(void *vd)
{
	struct drbg *d = vd;

	return d->w->uninstantiate(d->inner);
}

static int drbg_reseed(void *vd, int prediction_resistance, const unsigned char *entropy,
		       size_t length, const unsigned char *extra, size_t extra_length)
{
	struct drbg *d = vd;

	return d->w->reseed(d->inner, prediction_resistance, entropy, length, extra, extra_length);
}

static int drbg_enable_locking(void *vd)
{
	struct drbg *d = vd;

	return d->w->enable_locking(d->inner);
}

static int drbg_lock(void *vd)
{
	struct drbg *d = vd;

	return d->w->lock(d->inner);
}

static void drbg_unlock(void *vd)
{
	struct drbg *d = vd;

	d->w->unlock(d->inner);
}

static bool is_max_request_alone(const OSSL_PARAM *params)
{
	return params->key && params->data_type == OSSL_PARAM_UNSIGNED_INTEGER &&
	       params->data_size == sizeof(size_t) && params->data && !params[1].key &&
	       !strcmp(params->key, OSSL_RAND_PARAM_MAX_REQUEST);
}

/*
 * OpenSSL asks for max_request before each draw. The wrapped DRBG compares the key with a dozen
 * names, which takes longer than everything that this file adds to a draw, so answer from a copy.
 */
static int drbg_get(void *vd, OSSL_PARAM params[])
{
	struct drbg *d = vd;

	if (d->max_request && is_max_request_alone(params)) {
		memcpy(params->data, &d->max_request, sizeof(d->max_request));
		params->return_size = sizeof(d->max_request);
		return 1;
	}
	return d->w->get(d->inner, params);
}

/* Called whenever the value may have changed. */
static void keep_max_request(struct drbg *d)
{
	size_t value = 0;
	OSSL_PARAM wanted[] = {OSSL_PARAM_size_t(OSSL_RAND_PARAM_MAX_REQUEST, &value),
			       OSSL_PARAM_END};

	d->max_request = d->w->get(d->inner, wanted) ? value : 0;
}

static int drbg_set(void *vd, const OSSL_PARAM params[])
{
	struct drbg *d = vd;
	int done = d->w->set(d->inner, params);

	keep_max_request(d);
	return done;
}

static int drbg_instantiate(void *vd, unsigned int strength, int prediction_resistance,
			    const unsigned char *personal, size_t length, const OSSL_PARAM params[])
{
	struct drbg *d = vd;

	if (!admit(d) ||
	    !d->w->instantiate(d->inner, strength, prediction_resistance, personal, length, params))
		return 0;
	keep_max_request(d);
	return 1;
}

/* OpenSSL also calls these two without a DRBG, for the algorithm. */
static const OSSL_PARAM *drbg_gettable(void *vd, void *provctx)
{
	const struct provider *p = provctx;
	struct drbg *d = vd;

	if (!is_ready(provctx))
		return NULL;
	return p->wrapped.gettable(d ? d->inner : NULL, p->wrapped.provctx);
}

static const OSSL_PARAM *drbg_settable(void *vd, void *provctx)
{
	const struct provider *p = provctx;
	struct drbg *d = vd;

	if (!is_ready(provctx))
		return NULL;
	return p->wrapped.settable(d ? d->inner : NULL, p->wrapped.provctx);
}

static int drbg_verify_zeroization(void *vd)
{
	struct drbg *d = vd;

	return d->w->verify_zeroization(d->inner);
}

static const OSSL_DISPATCH drbg_calls[] = {
	{OSSL_FUNC_RAND_NEWCTX, (void (*)(void))drbg_new},
	{OSSL_FUNC_RAND_FREECTX, (void (*)(void))drbg_free},
	{OSSL_FUNC_RAND_INSTANTIATE, (void (*)(void))drbg_instantiate},
	{OSSL_FUNC_RAND_UNINSTANTIATE, (void (*)(void))drbg_uninstantiate},
	{OSSL_FUNC_RAND_GENERATE, (void (*)(void))drbg_generate},
	{OSSL_FUNC_RAND_RESEED, (void (*)(void))drbg_reseed},
	{OSSL_FUNC_RAND_ENABLE_LOCKING, (void (*)(void))drbg_enable_locking},
	{OSSL_FUNC_RAND_LOCK, (void (*)(void))drbg_lock},
	{OSSL_FUNC_RAND_UNLOCK, (void (*)(void))drbg_unlock},
	{OSSL_FUNC_RAND_GETTABLE_CTX_PARAMS, (void (*)(void))drbg_gettable},
	{OSSL_FUNC_RAND_SETTABLE_CTX_PARAMS, (void (*)(void))drbg_settable},
	{OSSL_FUNC_RAND_GET_CTX_PARAMS, (void (*)(void))drbg_get},
	{OSSL_FUNC_RAND_SET_CTX_PARAMS, (void (*)(void))drbg_set},
	{OSSL_FUNC_RAND_VERIFY_ZEROIZATION, (void (*)(void))drbg_verify_zeroization},
	{OSSL_FUNC_RAND_GET_SEED, (void (*)(void))drbg_get_seed},
	{OSSL_FUNC_RAND_CLEAR_SEED, (void (*)(void))drbg_clear_seed},
	{0, NULL},
};

/* Not fips=yes: a wrapper around a validated module is not itself validated. */
const OSSL_ALGORITHM drbg_algorithms[] = {
	{"VMGENC-DRBG", "provider=vmgenc", drbg_calls,
	 "CTR-DRBG, reseeded before it draws in a clone"},
	{NULL, NULL, NULL, NULL},
};
