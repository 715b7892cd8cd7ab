/* SPDX-License-Identifier: BSD-2-Clause */
/* test/fuzz: a vmclock: source with these bytes, opened, checked, cut short and read. */
#include <stdint.h>
#include <stdlib.h>

#include "source_file.h"
#include "vmclock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view whole = {.mapped = NULL, .fd = source_file(data, size, 1)};
	struct vmclock_page page;
	struct vmclock clock;

	if (!vmclock_read(&whole, 4096, &clock) &&
	    (view_copy(&whole, 0, &page, sizeof(page)) || page.seq_count % 2 ||
	     page.magic != VMCLOCK_MAGIC || page.size < 112))
		abort();
	source_use("vmclock:");
	return 0;
}
