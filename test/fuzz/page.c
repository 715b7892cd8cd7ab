/* SPDX-License-Identifier: BSD-2-Clause */
/* test/fuzz: a file: source with these bytes, opened, checked, synced, cut short and read. */
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "page.h"
#include "source_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view whole = {.mapped = NULL, .fd = source_file(data, size, 2)};
	struct vmgenc_page page;

	/* What passed as consistent and valid must have been both. */
	if (!page_read(&whole, &page) && (page.seq % 2 || page_validate(&page, 4096) > 0))
		abort();
	source_use("file:");
	return 0;
}
