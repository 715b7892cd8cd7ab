/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guard: libgcrypt's nonces. No call seeds their generator anew, so a nonce is drawn from the
 * strong one, which takes entropy of the kernel's for each draw.
 */
#include "guard.h"

#define LIBRARY "libgcrypt.so.20"
#define STRONG 1 /* GCRY_STRONG_RANDOM */

static void draw(void *to, size_t size)
{
	static guard_function *_Atomic randomize, *_Atomic nonce;
	void (*strong)(void *, size_t, int) =
		(void (*)(void *, size_t, int))guard_find(&randomize, LIBRARY, "gcry_randomize");
	void (*replaced)(void *, size_t);

	if (strong) {
		strong(to, size, STRONG);
		return;
	}
	replaced = (void (*)(void *, size_t))guard_find(&nonce, LIBRARY, "gcry_create_nonce");
	if (replaced)
		replaced(to, size);
}

GUARD_EXPORT void gcry_create_nonce(void *to, size_t size);
GUARD_EXPORT void gcry_create_nonce(void *to, size_t size)
{
	static _Thread_local struct vmgenc_mark mark;
	int tries = 0;

	do {
		guard_changed(&mark);
		draw(to, size);
	} while (guard_cloned(&mark) && ++tries < GUARD_TRIES);
}
