/* SPDX-License-Identifier: BSD-2-Clause */
/* lib: the VMClock page, as Linux's vmclock-abi.h lays it out. */
#ifndef VMGENC_LIB_VMCLOCK_H
#define VMGENC_LIB_VMCLOCK_H

#include "view.h"

#define VMCLOCK_MAGIC 0x4b4c4356u
#define VMCLOCK_VERSION 1
#define VMCLOCK_GENERATION_PRESENT (UINT64_C(1) << 8)
#define VMCLOCK_NOTIFICATION_PRESENT (UINT64_C(1) << 9)
#define VMCLOCK_COUNTER_INVALID 0xff /* counter_id: there is no clock to be read */

/*
 * Little-endian on every machine. These are the offsets that hypervisors and Linux use; the text in
 * UAPI.13 has others. The clock itself is not used.
 */
struct vmclock_page {
	uint32_t magic;
	uint32_t size; /* of the region, this structure included */
	uint16_t version;
	uint8_t counter_id;
	uint8_t time_type;
	uint32_t seq_count; /* odd while the hypervisor writes what follows */
	uint64_t disruption_marker;
	uint64_t flags;
	uint8_t clock[72];
	uint64_t generation;
};

/* A consistent copy, in this machine's byte order. */
struct vmclock {
	uint64_t generation;
	uint64_t disruption_marker;
	uint64_t flags;
};

/* Returns 0, -EINVAL for what is not a VMClock page, or -EPROTO for an unknown version. */
int vmclock_validate(const struct vmclock_page *page, uint32_t page_size);

/*
 * Reads and validates. Returns also -EAGAIN if the page is always being written, and -EIO if it is
 * gone.
 */
int vmclock_read(const struct view *v, uint32_t page_size, struct vmclock *clock);

#endif
