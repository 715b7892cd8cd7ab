/* SPDX-License-Identifier: BSD-2-Clause */
/* lib: the generation page, validated and read consistently. */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "page.h"

/* The size of the first version's structure; later members follow it. */
#define FIRST_SIZE offsetof(struct vmgenc_page, unseeded)

int page_validate(const struct vmgenc_page *page, uint32_t page_size)
{
	if (page->magic != VMGENC_PAGE_MAGIC)
		return -EINVAL;
	if (page->version != VMGENC_PAGE_VERSION)
		return -EPROTO;
	if (page->size < FIRST_SIZE || page->size > page_size)
		return -EINVAL;
	/* Generations start at 1, so that a mark of zeros has seen none. */
	if (page->generation == 0)
		return -EINVAL;
	if (page->flags & VMGENC_RAW_MAPPABLE &&
	    (page->id_offset % 8 || page->id_offset > page_size - VMGENC_ID_SIZE))
		return -EINVAL;
	return 0;
}

/* Sets the members that an older driver does not have to 0. */
static void forget_behind(struct vmgenc_page *page)
{
	if (page->size < sizeof(*page))
		memset((char *)page + page->size, 0, sizeof(*page) - page->size);
}

int page_read(const struct view *v, struct vmgenc_page *copy)
{
	const size_t seq = offsetof(struct vmgenc_page, seq);
	uint32_t before, after;

	for (int tries = 0; tries < view_tries(v); tries++) {
		if (view_word(v, seq, &before) || view_copy(v, 0, copy, sizeof(*copy)) ||
		    view_word(v, seq, &after))
			return -EIO;
		if (before % 2 == 0 && after == before) {
			forget_behind(copy);
			return 0;
		}
	}
	return -EAGAIN;
}
