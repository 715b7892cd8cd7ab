/* SPDX-License-Identifier: BSD-2-Clause */
/* lib: an open source, which open.c opens and vmgenc.c reads. */
#ifndef VMGENC_LIB_SOURCE_H
#define VMGENC_LIB_SOURCE_H

#include <sys/types.h>

#include "page.h"
#include "vmclock.h"
#include "vmgenc.h"

enum kind { KIND_DEVICE, KIND_FILE, KIND_VMCLOCK, KIND_SYSCTL };

/* Not written after vmgenc_open(), so any thread may use it without a lock. */
struct source {
	struct vmgenc public; /* first, since the caller has a pointer to it */
	enum kind kind;
	int fd;		/* KIND_SYSCTL: the file generation */
	int settled_fd; /* KIND_SYSCTL: the file settled; otherwise -1 */
	int flags_fd;	/* KIND_SYSCTL: the file flags, or -1 if the driver has none */
	uint32_t page_size;
	mode_t mode;
	bool notifies;	  /* a VMClock whose descriptor can be polled */
	bool may_map;	  /* the file cannot shrink under a mapping */
	bool race_free;	  /* the compared words are the hypervisor's own */
	struct view page; /* the generation page, or the VMClock page */
	struct view raw;  /* the hypervisor's page, if race_free and not VMClock's */
	uint32_t id_offset;
	bool hot_is_mapped;
	struct view hot; /* otherwise the words that vmgenc_differs() reads */
	uint64_t no_id[2];
	char name[64];
};

static inline const struct source *source_of(const struct vmgenc *vg)
{
	return (const struct source *)vg;
}

/* How long to wait for a writer that was preempted half-way; after that, it is taken for dead. */
#define WRITER_MS 20

/* As page_read() and vmclock_read(), but wait up to WRITER_MS for a writer. */
int source_page(const struct source *s, struct vmgenc_page *copy);
int source_clock(const struct source *s, struct vmclock *clock);

#endif
