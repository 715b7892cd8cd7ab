/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guard: libgcrypt's nonces, drawn from the kernel. No call seeds their generator anew, and what
 * gcry_randomize(3) returns to two clones may differ by their clocks alone.
 */
#include <errno.h>

#include "guard.h"

#define LIBRARY "libgcrypt.so.20"

static void draw(void *to, size_t size)
{
	static guard_function *_Atomic found;
	void (*replaced)(void *, size_t);

	if (guard_draw(to, size))
		return;
	replaced = (void (*)(void *, size_t))guard_find(&found, LIBRARY, "gcry_create_nonce");
	if (replaced)
		replaced(to, size);
}

GUARD_EXPORT void gcry_create_nonce(void *to, size_t size);
GUARD_EXPORT void gcry_create_nonce(void *to, size_t size)
{
	static _Thread_local struct vmgenc_mark mark;
	int tries = 0, error = errno;

	do {
		guard_changed(&mark);
		draw(to, size);
	} while (guard_cloned(&mark) && ++tries < GUARD_TRIES);
	errno = error;
}
