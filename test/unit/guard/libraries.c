/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/guard: GnuTLS and libgcrypt as the guard finds them: they count their calls. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libraries.h"

struct calls calls;
const char *in_a_draw;

void be_cloned(void)
{
	if (!in_a_draw || system(in_a_draw))
		return;
	in_a_draw = NULL;
}

void gnutls_rnd_refresh(void)
{
	calls.refresh++;
}

int gnutls_rnd(unsigned int level, void *to, size_t size)
{
	be_cloned();
	memset(to, (int)calls.refresh, size);
	calls.draw++;
	return (int)level;
}

int gnutls_handshake(void *session)
{
	be_cloned();
	calls.draw++;
	return session == &calls ? 11 : -1;
}

int gnutls_key_generate(void *key, unsigned int size)
{
	calls.draw++;
	return key == &calls ? (int)size : -1;
}

int gnutls_session_ticket_key_generate(void *key)
{
	calls.draw++;
	return key == &calls ? 12 : -1;
}

int gnutls_privkey_generate(void *key, int algorithm, unsigned int bits, unsigned int flags)
{
	calls.draw++;
	return key == &calls ? algorithm + (int)bits + (int)flags : -1;
}

int gnutls_x509_privkey_generate(void *key, int algorithm, unsigned int bits, unsigned int flags)
{
	return gnutls_privkey_generate(key, algorithm, bits, flags);
}

int gnutls_privkey_generate2(void *key, int algorithm, unsigned int bits, unsigned int flags,
			     const void *data, unsigned int count)
{
	return gnutls_privkey_generate(key, algorithm, bits, flags) + (data == &calls ? (int)count : 0);
}

int gnutls_x509_privkey_generate2(void *key, int algorithm, unsigned int bits, unsigned int flags,
				  const void *data, unsigned int count)
{
	return gnutls_privkey_generate2(key, algorithm, bits, flags, data, count);
}

void gcry_create_nonce(void *to, size_t size)
{
	memset(to, 'n', size);
	calls.nonce++;
}
