/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/shared: the words that the lab looks at while a guest runs.
 */
#include "host/host.h"
#include "inside.h"

int shared_state(const struct shared *s, enum lab_state *state)
{
	uint32_t now = load_u32(&s->memory->state);

	/* A program ends in "run" only; in "prove" this would pass for any state. */
	if (now > LAB_FAILED || (now == LAB_EXITED && s->given.mode != LAB_MODE_RUN))
		return lab_fail(LAB_EXIT_GUEST, "guest %s: reports state %u, which it cannot be in",
				s->name, now);
	*state = (enum lab_state)now;
	return 0;
}

uint32_t shared_unsettled(const struct shared *s)
{
	return load_u32(&s->memory->unsettled);
}

int shared_status(const struct shared *s)
{
	return (int)(load_u32(&s->memory->status) & 0xffff);
}
