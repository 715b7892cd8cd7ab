/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/guest: the generators under test. The guarded one differs from the unguarded one only by
 * libvmgenc's idiom: check, draw, check again.
 */
#include <errno.h>
#include <string.h>

#include "guest.h"

static void reseed(struct generator *g)
{
	system_random(LAB_GETRANDOM, g->key, sizeof(g->key));
	g->left = 0;
}

/* Fast key erasure: the first half of each block is the next key. */
static void chacha_draw(struct generator *g, uint8_t value[LAB_VALUE_SIZE])
{
	uint8_t block[64];

	if (!g->left) {
		chacha20_block(g->key, 0, block);
		memcpy(g->key, block, sizeof(g->key));
		memcpy(g->pool, block + 32, sizeof(g->pool));
		g->left = sizeof(g->pool);
	}
	g->left -= LAB_VALUE_SIZE;
	memcpy(value, g->pool + g->left, LAB_VALUE_SIZE);
	memset(g->pool + g->left, 0, LAB_VALUE_SIZE);
}

static void guard(struct generator *g)
{
	int err = vmgenc_sync(g->vg, &g->mark, 0);

	/* Count it for the host, which waits for this, and try again. */
	if (err == -ETIMEDOUT) {
		__atomic_add_fetch(&exchange->unsettled, 1, __ATOMIC_ACQ_REL);
		err = vmgenc_sync(g->vg, &g->mark, -1);
	}
	if (err)
		fail("vmgenc_sync: error %d", -err);
	reseed(g);
}

/*
 * Read the lineage before the second check. If the guest is resumed after that check, the value was
 * drawn and accepted before the snapshot, and no guard can revoke it.
 */
static uint32_t guarded_draw(struct generator *g, uint8_t value[LAB_VALUE_SIZE])
{
	uint32_t lineage;

	do {
		if (vmgenc_changed(g->vg, &g->mark))
			guard(g);
		chacha_draw(g, value);
		lineage = exchange->lineage;
	} while (vmgenc_changed(g->vg, &g->mark));
	return lineage;
}

/*
 * Read the lineage before the request: a value that another program drew before the snapshot and
 * returns after the resume is not judged.
 */
static uint32_t asked_draw(struct generator *g, uint8_t value[LAB_VALUE_SIZE])
{
	uint32_t lineage = exchange->lineage;

	probe_draw(g, value);
	return lineage;
}

void generator_init(struct generator *g, enum lab_generator kind, unsigned int cpu,
		    struct vmgenc *vg)
{
	memset(g, 0, sizeof(*g));
	g->kind = kind;
	g->vg = vg;
	g->cpu = cpu;
	reseed(g);
}

uint32_t generator_draw(struct generator *g, uint8_t value[LAB_VALUE_SIZE])
{
	if (generator_table[g->kind].probe)
		return asked_draw(g, value);
	if (g->kind == LAB_GUARDED)
		return guarded_draw(g, value);
	if (g->kind == LAB_UNGUARDED)
		chacha_draw(g, value);
	else
		system_random(g->kind, value, LAB_VALUE_SIZE);
	return exchange->lineage;
}
