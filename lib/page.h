/* SPDX-License-Identifier: BSD-2-Clause */
/* lib: the generation page, validated and read consistently. */
#ifndef VMGENC_LIB_PAGE_H
#define VMGENC_LIB_PAGE_H

#include "view.h"
#include "vmgenc_abi.h"

/* 0, -EINVAL (not a generation page) or -EPROTO (of a version that is not known here). */
int page_validate(const struct vmgenc_page *page, uint32_t page_size);

/*
 * Copies a consistent picture; -EAGAIN if a writer is in the way all the time, -EIO if the
 * page is gone.
 */
int page_read(const struct view *v, struct vmgenc_page *copy);

#endif
