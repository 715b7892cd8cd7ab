/* SPDX-License-Identifier: BSD-2-Clause */
/* guard: arc4random(3) of the C library and of libbsd, drawn from the kernel at each call. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "guard.h"

/* A seccomp filter may forbid getrandom(2). arc4random_buf() cannot fail, so then nothing is left
 * but the replaced one, and without that, to end as it does. */
static void draw(void *to, size_t size)
{
	static guard_function *_Atomic found;
	void (*replaced)(void *, size_t);

	if (guard_draw(to, size))
		return;
	replaced = (void (*)(void *, size_t))guard_find(&found, "libc.so.6", "arc4random_buf");
	if (!replaced)
		abort();
	replaced(to, size);
}

GUARD_EXPORT void arc4random_buf(void *to, size_t size)
{
	static _Thread_local struct vmgenc_mark mark;
	int tries = 0, error = errno;

	do {
		guard_changed(&mark);
		draw(to, size);
	} while (guard_cloned(&mark) && ++tries < GUARD_TRIES);
	errno = error;
}

GUARD_EXPORT uint32_t arc4random(void)
{
	uint32_t value;

	arc4random_buf(&value, sizeof(value));
	return value;
}

/* Values below 2^32 modulo bound would make the small ones more likely. */
GUARD_EXPORT uint32_t arc4random_uniform(uint32_t bound)
{
	uint32_t value, least;

	if (bound < 2)
		return 0;
	least = -bound % bound;
	do
		value = arc4random();
	while (value < least);
	return value % bound;
}
