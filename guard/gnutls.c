/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guard: GnuTLS. Each thread has generators of its own there, which gnutls_rnd_refresh(3) seeds
 * anew; so this is called by the thread that draws, before it draws.
 */
#include "guard.h"

#define LIBRARY "libgnutls.so.30"
#define NOT_THERE (-1250) /* GNUTLS_E_UNIMPLEMENTED_FEATURE */

static _Thread_local struct vmgenc_mark mark;

static void refresh(void)
{
	static guard_function *_Atomic found;
	guard_function *call;

	if (!guard_changed(&mark))
		return;
	call = guard_find(&found, LIBRARY, "gnutls_rnd_refresh");
	if (call)
		call();
}

/* Nothing but draws a value, so it can draw it again. */
GUARD_EXPORT int gnutls_rnd(unsigned int level, void *to, size_t size);
GUARD_EXPORT int gnutls_rnd(unsigned int level, void *to, size_t size)
{
	static guard_function *_Atomic found;
	int (*call)(unsigned int, void *, size_t) =
		(int (*)(unsigned int, void *, size_t))guard_find(&found, LIBRARY, "gnutls_rnd");
	int code = NOT_THERE;

	for (int tries = 0; call && tries < GUARD_TRIES; tries++) {
		refresh();
		code = call(level, to, size);
		if (!guard_cloned(&mark))
			break;
	}
	return code;
}

/* These do more than draw, so a draw under way at the snapshot may repeat. */
#define BEFORE(name, parameters, arguments)                                                        \
	GUARD_EXPORT int name parameters;                                                          \
	GUARD_EXPORT int name parameters                                                           \
	{                                                                                          \
		static guard_function *_Atomic found;                                              \
		int(*call) parameters = (int(*) parameters)guard_find(&found, LIBRARY, #name);     \
                                                                                                   \
		refresh();                                                                         \
		return call ? call arguments : NOT_THERE;                                          \
	}

BEFORE(gnutls_handshake, (void *session), (session))
BEFORE(gnutls_key_generate, (void *key, unsigned int size), (key, size))
BEFORE(gnutls_session_ticket_key_generate, (void *key), (key))
BEFORE(gnutls_privkey_generate, (void *key, int algorithm, unsigned int bits, unsigned int flags),
       (key, algorithm, bits, flags))
BEFORE(gnutls_privkey_generate2,
       (void *key, int algorithm, unsigned int bits, unsigned int flags, const void *data,
	unsigned int count),
       (key, algorithm, bits, flags, data, count))
BEFORE(gnutls_x509_privkey_generate,
       (void *key, int algorithm, unsigned int bits, unsigned int flags),
       (key, algorithm, bits, flags))
BEFORE(gnutls_x509_privkey_generate2,
       (void *key, int algorithm, unsigned int bits, unsigned int flags, const void *data,
	unsigned int count),
       (key, algorithm, bits, flags, data, count))
