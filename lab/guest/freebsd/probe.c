/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/guest/freebsd: FreeBSD guests have no programs to probe, and system_generators() names none.
 */
#include "../guest.h"

void probe_start(enum lab_generator kind)
{
	if (generator_table[kind].probe)
		fail("this guest has no programs to probe");
}

void probe_open(struct generator *g)
{
	(void)g;
}

void probe_draw(struct generator *g, uint8_t value[LAB_VALUE_SIZE])
{
	(void)value;
	fail("this guest has no generator %d", g->kind);
}

void probe_close(struct generator *g)
{
	(void)g;
}

void probe_stop(void)
{
}
