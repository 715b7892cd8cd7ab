/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/fuzz: driver/core on the simulated machine - any ADDR, a variant of
 * test/firmware/hostile.def or near one, and any sequence of ids, triggers and calls that fail. The
 * machine notices a promise that is broken.
 */
#include <stdio.h>
#include <stdlib.h>

#include "input.h"
#include "machine.h"
#include "../firmware/hostile.h"

#define RETRY_NS 10000000 /* as the core has it: until then a sync answers as the last one */

enum op { OP_ID, OP_NONE, OP_LOOK, OP_SYNC, OP_REFUSE, OP_FAIL_AT, OP_MOVE, OPS };

static unsigned int moves;

static void broken(const char *what)
{
	fprintf(stderr, "broken: %s\n", what);
	abort();
}

/* What is accepted is aligned, not zero, in two times 32 bits and within the processor's. */
static void judge_address(struct input *in)
{
	const struct hostile_variant *v = &hostile_variants[input_byte(in) % HOSTILE_VARIANTS];
	struct vmgenc_addr addr = {.package = v->kind == IS_PAIR || v->kind == IS_PACKAGE,
				   .count = v->count};
	uint8_t other = input_byte(in);
	unsigned int bits = 32 + input_byte(in) % 33;
	const char *wrong;
	uint64_t phys = 1;
	int error = 1;

	addr.package ^= other >> 2 & 1;
	addr.count ^= other >> 3 & 3;
	for (int i = 0; i < 2; i++) {
		addr.integer[i] = v->integer[i] ^ (other >> i & 1);
		addr.value[i] = v->value[i] ^ input_word(in);
	}
	wrong = vmgenc_core_address(&addr, bits, &phys, &error);
	if (wrong && error != -EINVAL && error != -ENODEV && error != -ERANGE)
		broken("an errno that is not documented");
	if (wrong)
		return;
	if (error || !addr.package || addr.count != 2 || !addr.integer[0] || !addr.integer[1])
		broken("accepted what is no pair of integers");
	if (!phys || phys % 8 || phys != (addr.value[0] | addr.value[1] << 32) ||
	    addr.value[0] >> 32 || addr.value[1] >> 32)
		broken("accepted what is no address");
	if (phys + 15 < phys || (bits < 64 && (phys + 15) >> bits))
		broken("accepted an address beyond the processor's");
}

static void move(struct machine *m, enum machine_call call)
{
	if (call != CALL_BARRIER || !moves)
		return;
	moves--;
	machine_set_id(m, m->id[0] + 1, ~m->id[1]);
}

static void set_id(struct machine *m, struct input *in)
{
	uint64_t first = input_word(in);

	machine_set_id(m, first, input_byte(in) % 2 ? first : input_word(in));
}

static void step(struct machine *m, struct input *in)
{
	struct vmgenc_event event;
	unsigned char op = input_byte(in), with = input_byte(in);
	uint64_t none = with % 2 ? UINT64_MAX : 0;

	switch ((enum op)(op % OPS)) {
	case OP_ID:
		set_id(m, in);
		break;
	case OP_NONE:
		machine_set_id(m, none, none);
		break;
	case OP_LOOK:
		machine_look(m, with % (VMGENC_TRIGGER_DRAW + 1));
		break;
	case OP_SYNC:
		if (!machine_sync(m, &event) && event.settled != event.generation)
			broken("sync succeeds, unsettled");
		break;
	case OP_REFUSE:
		m->refuse[op % CALL_KINDS] = with % 5;
		break;
	case OP_FAIL_AT:
		m->fail_at = m->calls + with;
		break;
	default:
		moves = with;
	}
}

static bool is_none(const uint8_t id[VMGENC_ID_SIZE])
{
	for (int i = 1; i < VMGENC_ID_SIZE; i++)
		if (id[i] != id[0])
			return false;
	return id[0] == 0 || id[0] == 0xff;
}

/* Once nothing fails and the id holds still, the generation in force is the id's. */
static void settle(struct machine *m)
{
	struct vmgenc_event event;
	bool none = is_none((const uint8_t *)m->id);

	moves = 0;
	memset(m->refuse, 0, sizeof(m->refuse));
	m->fail_at = 0;
	m->clock += RETRY_NS;
	if (machine_sync(m, &event))
		broken("sync fails");
	if (!none && memcmp(event.id, m->id, sizeof(event.id)) != 0)
		broken("not the id that is there");
	if (is_none(event.id) != !!(m->page->flags & VMGENC_ID_UNFILLED))
		broken("the flag does not say whether the id is one");
	if (machine_broken(m))
		broken(machine_broken(m));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	struct machine m;

	judge_address(&in);
	machine_start(&m, input_word(&in), input_word(&in));
	m.hook = move;
	m.refuse[CALL_MAP] = input_byte(&in) % 8 == 0;
	moves = input_byte(&in);
	if (!vmgenc_core_attach(&m.core, MACHINE_PHYS)) {
		while (in.left) {
			step(&m, &in);
			m.traced = 0;
			machine_worker(&m);
			if (machine_broken(&m))
				broken(machine_broken(&m));
		}
		settle(&m);
		vmgenc_core_detach(&m.core);
	}
	if (m.mapping)
		broken("left mapped");
	machine_stop(&m);
	return 0;
}
