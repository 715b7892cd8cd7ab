/* SPDX-License-Identifier: BSD-2-Clause */
/* lib: the generation page, validated and read consistently. */
#ifndef VMGENC_LIB_PAGE_H
#define VMGENC_LIB_PAGE_H

#include "view.h"
#include "vmgenc_abi.h"

/* Returns 0, -EINVAL for what is not a generation page, or -EPROTO for an unknown version. */
int page_validate(const struct vmgenc_page *page, uint32_t page_size);

/* Makes a consistent copy. Returns 0, -EAGAIN if it is always being written, -EIO if it is gone. */
int page_read(const struct view *v, struct vmgenc_page *copy);

#endif
