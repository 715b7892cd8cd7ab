/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/guard: the calls that the guard replaces, as its test's libraries have them. */
#ifndef GUARD_LIBRARIES_H
#define GUARD_LIBRARIES_H

#include <stddef.h>

extern struct calls {
	unsigned int refresh, draw, nonce, kernel;
} calls;
extern const char *in_a_draw; /* a command that the next draw runs, or NULL */

/* The machine is cloned here, while a draw is under way, once. */
void be_cloned(void);
void gnutls_rnd_refresh(void);
int gnutls_rnd(unsigned int level, void *to, size_t size);
int gnutls_handshake(void *session);
int gnutls_key_generate(void *key, unsigned int size);
int gnutls_session_ticket_key_generate(void *key);
int gnutls_privkey_generate(void *key, int algorithm, unsigned int bits, unsigned int flags);
int gnutls_privkey_generate2(void *key, int algorithm, unsigned int bits, unsigned int flags,
			     const void *data, unsigned int count);
int gnutls_x509_privkey_generate(void *key, int algorithm, unsigned int bits, unsigned int flags);
int gnutls_x509_privkey_generate2(void *key, int algorithm, unsigned int bits, unsigned int flags,
				  const void *data, unsigned int count);
void gcry_create_nonce(void *to, size_t size);

#endif
