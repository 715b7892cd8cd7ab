/* SPDX-License-Identifier: BSD-2-Clause */
/* lib: the generation page, validated and read consistently. */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "page.h"

/* A writer holds seq odd for nanoseconds: one that does for this long is dead. */
#define READ_TRIES 10000

int page_validate(const struct vmgenc_page *page, uint32_t page_size)
{
	if (page->magic != VMGENC_PAGE_MAGIC)
		return -EINVAL;
	if (page->version != VMGENC_PAGE_VERSION)
		return -EPROTO;
	if (page->size < sizeof(*page) || page->size > page_size)
		return -EINVAL;
	if (page->flags & VMGENC_RAW_MAPPABLE &&
	    (page->id_offset % 8 || page->id_offset > page_size - VMGENC_ID_SIZE))
		return -EINVAL;
	return 0;
}

int page_read(const volatile struct vmgenc_page *page, struct vmgenc_page *copy)
{
	for (int tries = 0; tries < READ_TRIES; tries++) {
		uint32_t before = page->seq;

		atomic_thread_fence(memory_order_acquire);
		memcpy(copy, (const void *)page, sizeof(*copy));
		atomic_thread_fence(memory_order_acquire);
		if (before % 2 == 0 && page->seq == before)
			return 0;
	}
	return -EAGAIN;
}
