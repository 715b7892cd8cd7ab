/* SPDX-License-Identifier: BSD-2-Clause */
/* lib: an open source, between open.c, which makes it, and vmgenc.c, which looks at it. */
#ifndef VMGENC_LIB_SOURCE_H
#define VMGENC_LIB_SOURCE_H

#include <sys/types.h>

#include "page.h"
#include "vmclock.h"
#include "vmgenc.h"

enum kind { KIND_DEVICE, KIND_FILE, KIND_VMCLOCK, KIND_SYSCTL };

/* Read-only after vmgenc_open(), so any thread may use it without a lock. */
struct source {
	struct vmgenc public; /* first: what the caller holds */
	enum kind kind;
	int fd;		/* KIND_SYSCTL: of generation */
	int settled_fd; /* KIND_SYSCTL */
	uint32_t page_size;
	mode_t mode;
	bool notifies;	  /* a VMClock whose descriptor can be polled */
	bool may_map;	  /* it cannot shrink under a mapping */
	bool race_free;	  /* the words that are compared are the hypervisor's own */
	struct view page; /* the generation page, or the VMClock page */
	struct view raw;  /* the hypervisor's page, if race_free and not VMClock's */
	uint32_t id_offset;
	bool hot_is_mapped;
	struct view hot; /* else what vmgenc_differs() looks at */
	uint64_t no_id[2];
	char name[64];
};

static inline const struct source *source_of(const struct vmgenc *vg)
{
	return (const struct source *)vg;
}

/* A live writer that lost its processor half-way gets it back; a dead one does not. */
#define WRITER_MS 20

/* page_read() and vmclock_read(), patient with a writer that is alive. */
int source_page(const struct source *s, struct vmgenc_page *copy);
int source_clock(const struct source *s, struct vmclock *clock);

#endif
