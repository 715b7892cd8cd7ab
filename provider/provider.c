/* SPDX-License-Identifier: BSD-2-Clause */
/* provider: vmgenc.so as OpenSSL 3 sees it: loading, settings, errors, warnings. */
#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "provider.h"

OSSL_provider_init_fn OSSL_provider_init;

static const OSSL_ITEM reasons[] = {
	{REASON_SETTING, "wrong setting in openssl.cnf"},
	{REASON_NO_SOURCE, "cannot tell whether this machine was cloned"},
	{REASON_NO_DRBG, "no DRBG to wrap"},
	{REASON_SYNC, "the kernel is not rekeyed since this machine was cloned"},
	{REASON_RESEED, "no fresh seed since this machine was cloned"},
	{REASON_UNSTEADY, "the VM Generation ID does not come to rest"},
	{0, NULL},
};

void provider_error(const struct provider *p, enum reason reason, const char *format, ...)
{
	va_list args;

	p->core.new_error(p->core.handle);
	p->core.set_error_debug(p->core.handle, OPENSSL_FILE, OPENSSL_LINE, OPENSSL_FUNC);
	va_start(args, format);
	p->core.vset_error(p->core.handle, (uint32_t)reason, format, args);
	va_end(args);
}

/*
 * Writes to the system's log, and to standard error only if that is a terminal: descriptor 2 of the
 * program may be a socket by now.
 */
static void warn_once(atomic_flag *warned, const char *what, const char *why)
{
	char text[200];

	if (atomic_flag_test_and_set(warned))
		return;
	snprintf(text, sizeof(text), "vmgenc: OpenSSL here %s: %s", what, why);
	syslog(LOG_AUTHPRIV | LOG_WARNING, "%s", text);
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "%s\n", text);
}

bool provider_tolerates(struct provider *p, const char *why)
{
	static atomic_flag warned = ATOMIC_FLAG_INIT;

	if (p->on_missing == ON_MISSING_FAIL) {
		provider_error(p, REASON_NO_SOURCE, "%s, and on_missing = fail", why);
		return false;
	}
	if (p->on_missing == ON_MISSING_WARN)
		warn_once(&warned, "cannot tell whether this machine was cloned", why);
	return true;
}

/* This is like a NOTIFIED source, so on_missing = fail accepts it. */
static void warn_unseen(const struct provider *p)
{
	static atomic_flag warned = ATOMIC_FLAG_INIT;

	if (p->on_missing == ON_MISSING_WARN)
		warn_once(&warned, "takes a new seed from the kernel for each draw (NOTIFIED)",
			  "this process cannot see /dev/vmgenc, see vmgenc-provider(7)");
}

static const char *explain_sync(int error)
{
	if (error == -EPERM)
		return "this process lacks the privilege to rekey it for a VMClock";
	return error == -ETIMEDOUT ? "it is not rekeyed yet" : strerror(-error);
}

bool provider_mixes(struct provider *p, int error)
{
	static atomic_flag warned = ATOMIC_FLAG_INIT;

	if (p->on_unsettled == ON_UNSETTLED_FAIL) {
		provider_error(p, REASON_SYNC, "%s, and on_unsettled = fail", explain_sync(error));
		return false;
	}
	warn_once(&warned, "mixes the id and the time into draws from a kernel that is not rekeyed",
		  explain_sync(error));
	return true;
}

static const char *explain(int error, char *text, size_t size)
{
	if (error == -ENODEV)
		return "there is no /dev/vmgenc nor another source (see vmgenc-provider(7))";
	if (error == -EACCES)
		return "/dev/vmgenc may not be opened";
	snprintf(text, size, "vmgenc_open: %s", strerror(-error));
	return text;
}

bool provider_may_draw(struct provider *p, struct vmgenc **vg, bool *each_draw)
{
	struct vmgenc_status st = {.size = sizeof(st)};
	char text[100];
	int error;

	*vg = provider_source_get(&p->source, &error);
	*each_draw = error == SOURCE_UNSEEN;
	if (*each_draw)
		warn_unseen(p);
	else if (!*vg)
		return provider_tolerates(p, explain(error, text, sizeof(text)));
	else if (!vmgenc_status(*vg, &st) && st.guarantee == VMGENC_NONE &&
		 !provider_tolerates(p, "the host has not filled in a VM Generation ID")) {
		*vg = NULL;
		return false;
	}
	return true;
}

/*
 * Returns the index of text in values, or 0 if there is no text. For other values, keeps a text in
 * wrong_setting and returns count.
 */
static int read_setting(struct provider *p, const char *name, const char *text,
			const char *const values[], int count, const char *list)
{
	static const char sentence[] = "%s = %s: %s";
	int length;

	for (int i = 0; i < count; i++) {
		if (!text || !strcmp(text, values[i]))
			return i;
	}
	free(p->wrong_setting);
	length = snprintf(NULL, 0, sentence, name, text, list) + 1;
	p->wrong_setting = malloc((size_t)length);
	if (p->wrong_setting)
		snprintf(p->wrong_setting, (size_t)length, sentence, name, text, list);
	return count;
}

/* Each new DRBG reports a wrong value, because applications do not see errors of loading. */
static bool read_settings(struct provider *p)
{
	static const char *const missing[] = {"warn", "fail", "ignore"};
	static const char *const unsettled[] = {"mix", "fail"};
	char *on_missing = NULL, *on_unsettled = NULL;
	OSSL_PARAM wanted[] = {OSSL_PARAM_utf8_ptr("on_missing", &on_missing, 0),
			       OSSL_PARAM_utf8_ptr("on_unsettled", &on_unsettled, 0),
			       OSSL_PARAM_END};

	if (!p->core.get_params || !p->core.get_params(p->core.handle, wanted))
		return false;
	p->on_missing = (enum on_missing)read_setting(p, "on_missing", on_missing, missing, 3,
						      "warn, fail or ignore");
	p->on_unsettled = (enum on_unsettled)read_setting(p, "on_unsettled", on_unsettled,
							  unsettled, 2, "mix or fail");
	return p->wrong_setting ||
	       (p->on_missing != ON_MISSING_WRONG && p->on_unsettled != ON_UNSETTLED_WRONG);
}

static const OSSL_ALGORITHM *query(void *provctx, int operation, int *no_store)
{
	(void)provctx;
	*no_store = 0;
	return operation == OSSL_OP_RAND ? drbg_algorithms : NULL;
}

static const OSSL_ITEM *get_reasons(void *provctx)
{
	(void)provctx;
	return reasons;
}

static const OSSL_PARAM *gettable(void *provctx)
{
	static const OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_NAME, NULL, 0),
		OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_VERSION, NULL, 0),
		OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_BUILDINFO, NULL, 0),
		OSSL_PARAM_int(OSSL_PROV_PARAM_STATUS, NULL),
		OSSL_PARAM_END,
	};

	(void)provctx;
	return params;
}

static void answer(OSSL_PARAM *param)
{
	static const char name[] = "vmgenc: random numbers that no clone repeats";

	if (!strcmp(param->key, OSSL_PROV_PARAM_STATUS)) {
		if (param->data && param->data_size == sizeof(int))
			*(int *)param->data = 1;
		param->return_size = sizeof(int);
		return;
	}
	if (param->data_type != OSSL_PARAM_UTF8_PTR || !param->data)
		return;
	if (!strcmp(param->key, OSSL_PROV_PARAM_NAME)) {
		*(const char **)param->data = name;
		param->return_size = sizeof(name) - 1;
	} else if (!strcmp(param->key, OSSL_PROV_PARAM_VERSION) ||
		   !strcmp(param->key, OSSL_PROV_PARAM_BUILDINFO)) {
		*(const char **)param->data = VMGENC_VERSION;
		param->return_size = sizeof(VMGENC_VERSION) - 1;
	}
}

static int get(void *provctx, OSSL_PARAM params[])
{
	(void)provctx;
	for (; params && params->key; params++)
		answer(params);
	return 1;
}

/* Calls nothing of libcrypto but the core's calls, since OpenSSL may be cleaning up already. */
static void teardown(void *provctx)
{
	struct provider *p = provctx;

	wrapped_forget(&p->wrapped, &p->core);
	provider_source_end(&p->source);
	pthread_mutex_destroy(&p->lock);
	free(p->wrong_setting);
	free(p);
}

static const OSSL_DISPATCH provider_calls[] = {
	{OSSL_FUNC_PROVIDER_TEARDOWN, (void (*)(void))teardown},
	{OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, (void (*)(void))gettable},
	{OSSL_FUNC_PROVIDER_GET_PARAMS, (void (*)(void))get},
	{OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query},
	{OSSL_FUNC_PROVIDER_GET_REASON_STRINGS, (void (*)(void))get_reasons},
	{0, NULL},
};

#define TAKE(id, function, member)                                                                 \
	case OSSL_FUNC_##id:                                                                       \
		core->member = OSSL_FUNC_##function(in);                                           \
		break

/* Returns false if a call is missing; every version of OpenSSL 3 has all of them. */
static bool take_core(struct core *core, const OSSL_DISPATCH *in)
{
	for (; in->function_id; in++) {
		switch (in->function_id) {
			TAKE(CORE_GET_PARAMS, core_get_params, get_params);
			TAKE(CORE_NEW_ERROR, core_new_error, new_error);
			TAKE(CORE_SET_ERROR_DEBUG, core_set_error_debug, set_error_debug);
			TAKE(CORE_VSET_ERROR, core_vset_error, vset_error);
			TAKE(PROVIDER_REGISTER_CHILD_CB, provider_register_child_cb,
			     register_child);
			TAKE(PROVIDER_DEREGISTER_CHILD_CB, provider_deregister_child_cb,
			     deregister_child);
			TAKE(PROVIDER_GET0_PROVIDER_CTX, provider_get0_provider_ctx,
			     provider_context);
			TAKE(PROVIDER_GET0_DISPATCH, provider_get0_dispatch, provider_dispatch);
			TAKE(PROVIDER_UP_REF, provider_up_ref, provider_up_ref);
			TAKE(PROVIDER_FREE, provider_free, provider_free);
		}
	}
	return core->get_params && core->new_error && core->set_error_debug && core->vset_error &&
	       core->register_child && core->deregister_child && core->provider_context &&
	       core->provider_dispatch && core->provider_up_ref && core->provider_free;
}

int OSSL_provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
		       const OSSL_DISPATCH **out, void **provctx)
{
	struct provider *p = calloc(1, sizeof(*p));

	if (!p)
		return 0;
	p->core.handle = handle;
	if (!take_core(&p->core, in) || !read_settings(p) || pthread_mutex_init(&p->lock, NULL)) {
		free(p->wrong_setting);
		free(p);
		return 0;
	}
	provider_source_init(&p->source);
	*provctx = p;
	*out = provider_calls;
	return 1;
}
