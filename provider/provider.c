/* SPDX-License-Identifier: BSD-2-Clause */
/* provider: vmgenc.so as OpenSSL 3 sees it: loading, settings, errors, warnings. */
#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <stdarg.h>
#include <stdio.h>
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

	p->new_error(p->core);
	p->set_error_debug(p->core, OPENSSL_FILE, OPENSSL_LINE, OPENSSL_FUNC);
	va_start(args, format);
	p->vset_error(p->core, (uint32_t)reason, format, args);
	va_end(args);
}

/*
 * To the system's log. Never to standard error unless that is a terminal: in other people's
 * programs descriptor 2 may be a socket by now.
 */
static void warn_once(const char *why)
{
	static atomic_flag warned = ATOMIC_FLAG_INIT;
	char text[160];

	if (atomic_flag_test_and_set(&warned))
		return;
	snprintf(text, sizeof(text),
		 "vmgenc: OpenSSL here cannot tell whether this machine was cloned: %s", why);
	syslog(LOG_AUTHPRIV | LOG_WARNING, "%s", text);
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "%s\n", text);
}

bool provider_tolerates(struct provider *p, const char *why)
{
	if (p->on_missing == ON_MISSING_FAIL) {
		provider_error(p, REASON_NO_SOURCE, "%s, and on_missing = fail", why);
		return false;
	}
	if (p->on_missing == ON_MISSING_WARN)
		warn_once(why);
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

bool provider_source(struct provider *p, struct vmgenc **vg)
{
	struct vmgenc_status st = {.size = sizeof(st)};
	char text[100];
	int error;

	*vg = source_get(&p->source, &error);
	if (!*vg)
		return provider_tolerates(p, explain(error, text, sizeof(text)));
	if (!vmgenc_status(*vg, &st) && st.guarantee == VMGENC_NONE &&
	    !provider_tolerates(p, "the host has not filled in a VM Generation ID")) {
		*vg = NULL;
		return false;
	}
	return true;
}

static enum on_missing parse_on_missing(const char *text)
{
	static const char *const names[] = {"warn", "fail", "ignore"};

	for (int i = 0; text && i < ON_MISSING_WRONG; i++) {
		if (!strcmp(text, names[i]))
			return (enum on_missing)i;
	}
	return text ? ON_MISSING_WRONG : ON_MISSING_WARN;
}

/* A wrong value is reported by each new DRBG: errors of loading are lost on applications. */
static int read_settings(struct provider *p, OSSL_FUNC_core_get_params_fn *get_params)
{
	char *text = NULL;
	OSSL_PARAM wanted[] = {OSSL_PARAM_utf8_ptr("on_missing", &text, 0), OSSL_PARAM_END};

	if (!get_params || !get_params(p->core, wanted))
		return 0;
	p->on_missing = parse_on_missing(text);
	p->on_missing_text = OPENSSL_strdup(text ? text : "");
	return p->on_missing_text != NULL;
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

static int get(void *provctx, OSSL_PARAM params[])
{
	static const char *const texts[][2] = {
		{OSSL_PROV_PARAM_NAME, "vmgenc: random numbers that no clone repeats"},
		{OSSL_PROV_PARAM_VERSION, VMGENC_VERSION},
		{OSSL_PROV_PARAM_BUILDINFO, VMGENC_VERSION},
	};
	OSSL_PARAM *param;

	(void)provctx;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		param = OSSL_PARAM_locate(params, texts[i][0]);
		if (param && !OSSL_PARAM_set_utf8_ptr(param, texts[i][1]))
			return 0;
	}
	param = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_STATUS);
	return !param || OSSL_PARAM_set_int(param, 1);
}

static void teardown(void *provctx)
{
	struct provider *p = provctx;

	wrapped_forget(&p->wrapped);
	OSSL_LIB_CTX_free(p->libctx);
	source_end(&p->source);
	pthread_mutex_destroy(&p->lock);
	OPENSSL_free(p->on_missing_text);
	OPENSSL_free(p);
}

static const OSSL_DISPATCH provider_calls[] = {
	{OSSL_FUNC_PROVIDER_TEARDOWN, (void (*)(void))teardown},
	{OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, (void (*)(void))gettable},
	{OSSL_FUNC_PROVIDER_GET_PARAMS, (void (*)(void))get},
	{OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query},
	{OSSL_FUNC_PROVIDER_GET_REASON_STRINGS, (void (*)(void))get_reasons},
	{0, NULL},
};

static OSSL_FUNC_core_get_params_fn *take_core(struct provider *p, const OSSL_DISPATCH *in)
{
	OSSL_FUNC_core_get_params_fn *get_params = NULL;

	for (; in->function_id; in++) {
		if (in->function_id == OSSL_FUNC_CORE_NEW_ERROR)
			p->new_error = OSSL_FUNC_core_new_error(in);
		else if (in->function_id == OSSL_FUNC_CORE_SET_ERROR_DEBUG)
			p->set_error_debug = OSSL_FUNC_core_set_error_debug(in);
		else if (in->function_id == OSSL_FUNC_CORE_VSET_ERROR)
			p->vset_error = OSSL_FUNC_core_vset_error(in);
		else if (in->function_id == OSSL_FUNC_CORE_GET_PARAMS)
			get_params = OSSL_FUNC_core_get_params(in);
	}
	return get_params;
}

int OSSL_provider_init(const OSSL_CORE_HANDLE *core, const OSSL_DISPATCH *in,
		       const OSSL_DISPATCH **out, void **provctx)
{
	struct provider *p = OPENSSL_zalloc(sizeof(*p));

	if (!p)
		return 0;
	p->core = core;
	if (pthread_mutex_init(&p->lock, NULL))
		goto no_lock;
	source_init(&p->source);
	if (!read_settings(p, take_core(p, in)))
		goto no_context;
	p->libctx = OSSL_LIB_CTX_new_child(core, in);
	if (!p->libctx)
		goto no_context;
	*provctx = p;
	*out = provider_calls;
	return 1;

no_context:
	OPENSSL_free(p->on_missing_text);
	source_end(&p->source);
	pthread_mutex_destroy(&p->lock);
no_lock:
	OPENSSL_free(p);
	return 0;
}
