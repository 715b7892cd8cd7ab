/* SPDX-License-Identifier: BSD-2-Clause */
/* test/fuzz: the record of vmgenc hooks. What it takes, it must write so that it takes it again. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hooks/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char path[64], copy[64 + sizeof(STATE_COPY_SUFFIX)];
	struct state first, second;
	char why[256] = "";

	if (state_parse((const char *)data, size, &first, why, sizeof(why))) {
		if (!*why || first.known)
			abort();
		return 0;
	}
	if (!*path) {
		snprintf(path, sizeof(path), "/dev/shm/vmgenc-fuzz-state.%d", getpid());
		snprintf(copy, sizeof(copy), "%s" STATE_COPY_SUFFIX, path);
	}
	if (state_save(path, &first, why, sizeof(why)) || state_load(path, &second, why, sizeof(why)))
		abort();
	unlink(path);
	unlink(copy);
	if (memcmp(&first, &second, sizeof(first)))
		abort();
	return 0;
}
