/* SPDX-License-Identifier: BSD-2-Clause */
/* provider: what its parts offer each other. It uses libvmgenc and the C library, nothing else:
 * libcrypto reaches it through the calls that it is handed, whichever libcrypto that is. */
#ifndef PROVIDER_H
#define PROVIDER_H

#include <openssl/core_dispatch.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include "vmgenc.h"

/* What OpenSSL's error queue says; the texts are in provider.c. */
enum reason {
	REASON_SETTING = 1, /* openssl.cnf */
	REASON_NO_SOURCE,
	REASON_NO_DRBG,
	REASON_SYNC,
	REASON_RESEED,
	REASON_UNSTEADY
};

/* The setting on_missing: what to do where nothing tells that the machine was cloned. */
enum on_missing { ON_MISSING_WARN, ON_MISSING_FAIL, ON_MISSING_IGNORE, ON_MISSING_WRONG };

/* The setting on_unsettled: what to do where the kernel is not rekeyed for this clone. */
enum on_unsettled { ON_UNSETTLED_MIX, ON_UNSETTLED_FAIL, ON_UNSETTLED_WRONG };

/* OpenSSL's calls for providers. */
struct core {
	const OSSL_CORE_HANDLE *handle;
	OSSL_FUNC_core_get_params_fn *get_params;
	OSSL_FUNC_core_new_error_fn *new_error;
	OSSL_FUNC_core_set_error_debug_fn *set_error_debug;
	OSSL_FUNC_core_vset_error_fn *vset_error;
	OSSL_FUNC_provider_register_child_cb_fn *register_child;
	OSSL_FUNC_provider_deregister_child_cb_fn *deregister_child;
	OSSL_FUNC_provider_get0_provider_ctx_fn *provider_context;
	OSSL_FUNC_provider_get0_dispatch_fn *provider_dispatch;
	OSSL_FUNC_provider_up_ref_fn *provider_up_ref;
	OSSL_FUNC_provider_free_fn *provider_free;
};

/* source.c: the one source of a library context, shared by its DRBGs. */
struct handle;

struct provider_source {
	_Atomic(struct handle *) handle; /* NULL until there is one; then never another */
};

void provider_source_init(struct provider_source *s);
void provider_source_end(struct provider_source *s);
/*
 * The source, opened now if it was not there before, or NULL and why not in *error:
 * SOURCE_UNSEEN where the driver is there, but its device not within this process's reach.
 */
#define SOURCE_UNSEEN 1
struct vmgenc *provider_source_get(struct provider_source *s, int *error);
/*
 * vmgenc_sync(), though signals come or the program has closed the descriptor; 0 or -errno.
 * patient: wait a second for a kernel that cannot rekey yet.
 */
int provider_source_sync(struct provider_source *s, struct vmgenc_mark *mark, bool patient);

/* fresh.c: what differs between clones, though their kernels draw the same. */
struct fresh {
	struct vmgenc_status status; /* the id */
	uint64_t hot[2];
	struct timespec clocks[2];
	uint64_t cycles;
	uint64_t processor[8]; /* its own random numbers; zeros where it has none */
};

void fresh_collect(struct fresh *f, struct vmgenc *vg);

/* wrapped.c: the DRBG that does the work, called without a way through EVP. */
struct wrapped {
	const OSSL_CORE_HANDLE *provider; /* held */
	void *provctx;
	const OSSL_DISPATCH *calls;
	OSSL_FUNC_rand_newctx_fn *newctx;
	OSSL_FUNC_rand_freectx_fn *freectx;
	OSSL_FUNC_rand_instantiate_fn *instantiate;
	OSSL_FUNC_rand_uninstantiate_fn *uninstantiate;
	OSSL_FUNC_rand_generate_fn *generate;
	OSSL_FUNC_rand_reseed_fn *reseed;
	OSSL_FUNC_rand_enable_locking_fn *enable_locking;
	OSSL_FUNC_rand_lock_fn *lock;
	OSSL_FUNC_rand_unlock_fn *unlock;
	OSSL_FUNC_rand_gettable_ctx_params_fn *gettable;
	OSSL_FUNC_rand_settable_ctx_params_fn *settable;
	OSSL_FUNC_rand_get_ctx_params_fn *get;
	OSSL_FUNC_rand_set_ctx_params_fn *set;
	OSSL_FUNC_rand_verify_zeroization_fn *verify_zeroization;
	OSSL_FUNC_rand_get_seed_fn *get_seed;
	OSSL_FUNC_rand_clear_seed_fn *clear_seed;
};

/* Finds it as the application would, by the context's own default properties. */
bool wrapped_find(struct wrapped *w, const struct core *core);
void wrapped_forget(struct wrapped *w, const struct core *core);

/* provider.c: the provider in one library context */
struct provider {
	struct core core;
	char *wrong_setting; /* "on_missing = x: warn, fail or ignore"; NULL: none */
	enum on_missing on_missing;
	enum on_unsettled on_unsettled;
	struct provider_source source;
	struct wrapped wrapped;
	pthread_mutex_t lock; /* of wrapped, until it is found */
};

/* Puts a reason with a sentence into OpenSSL's error queue. */
void provider_error(const struct provider *p, enum reason reason, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/*
 * Whether a DRBG may work, after warning or raising: with the source in *vg; or with none, and
 * then *each_draw says whether the kernel is to seed each draw anew.
 */
bool provider_may_draw(struct provider *p, struct vmgenc **vg, bool *each_draw);
/* Whether a source that is of no use is put up with, after warning or raising. */
bool provider_tolerates(struct provider *p, const char *why);
/* The same of a kernel that is not rekeyed, for vmgenc_sync()'s error. */
bool provider_mixes(struct provider *p, int error);

/* drbg.c */
extern const OSSL_ALGORITHM drbg_algorithms[];

#endif
