/* SPDX-License-Identifier: BSD-2-Clause */
/* guard: detects clones for the calls that it replaces, draws from the kernel, and finds the
 * replaced functions. */
#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "guard.h"
#include "source.h"

/* Opened before the program runs, because it may confine itself. It is never closed. */
static struct provider_source source;

__attribute__((constructor)) static void begin(void)
{
	provider_source_init(&source);
}

bool guard_changed(struct vmgenc_mark *mark)
{
	int error;
	struct vmgenc *vg = provider_source_get(&source, &error);

	if (!vg)
		return error == SOURCE_UNSEEN;
	if (!vmgenc_changed(vg, mark))
		return false;
	/* If it fails, the mark stays old, so the next draw refreshes again. */
	provider_source_sync(&source, mark, false);
	return true;
}

bool guard_cloned(const struct vmgenc_mark *mark)
{
	int error;
	struct vmgenc *vg = provider_source_get(&source, &error);

	return vg && vmgenc_changed(vg, mark);
}

bool guard_draw(void *to, size_t size)
{
	unsigned char *at = to;
	ssize_t n;

	while (size) {
		n = getrandom(at, size, 0);
		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0) {
			at += n;
			size -= (size_t)n;
		}
	}
	return true;
}

guard_function *guard_find(guard_function *_Atomic *found, const char *library, const char *name)
{
	guard_function *function = *found;
	void *handle, *symbol;

	if (function)
		return function;
	/* A library that a plugin brought along is not in the global scope. */
	handle = dlopen(library, RTLD_LAZY | RTLD_NOLOAD);
	symbol = dlsym(handle ? handle : RTLD_NEXT, name);
	memcpy(&function, &symbol, sizeof(function));
	if (function)
		*found = function;
	return function;
}
