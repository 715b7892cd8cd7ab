/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/shared: what the exchange consists of, for the files of this room only.
 */
#ifndef LAB_SHARED_INSIDE_H
#define LAB_SHARED_INSIDE_H

#include "load.h"
#include "shared.h"

struct shared {
	char name[32];
	volatile struct lab_exchange *memory; /* read by load.c only */
	uint64_t size;
	struct lab_exchange given; /* what the host wrote; never read back */
	uint64_t stream_read;	   /* bytes of the ring that were copied */
};

/*
 * The host's half of the exchange comes before the guest's. Fails with LAB_EXIT_GUEST if the guest
 * has overwritten what says where its records are: they are then somewhere else.
 */
#define GUESTS_HALF offsetof(struct lab_exchange, state)
int shared_check_given(const struct shared *s);

#endif
