// SPDX-License-Identifier: BSD-2-Clause
/* test/unit/core: what the tests of driver/core share: machines to start from, and assertions. */
#include "core_fixture.h"

bool page_has(const struct machine *m, uint64_t id0, uint64_t id1)
{
	const uint64_t id[2] = {id0, id1};

	return !memcmp(m->page->id, id, sizeof(id));
}

void assert_page(struct machine *m, uint64_t generation, uint64_t settled, uint64_t id0,
		 uint64_t id1)
{
	assert_sound(m);
	assert_int_equal(m->page->generation, generation);
	assert_int_equal(m->page->settled, settled);
	assert_true(page_has(m, id0, id1));
}

bool page_flag(const struct machine *m, uint32_t bit)
{
	return m->page->flags & bit;
}

void assert_trace(struct machine *m, const char *trace)
{
	assert_string_equal(machine_trace(m), trace);
	machine_forget(m);
}

int settled_machine(void **state)
{
	static struct machine machine;

	machine_start(&machine, A);
	*state = &machine;
	if (vmgenc_core_attach(&machine.core, MACHINE_PHYS) ||
	    machine_look(&machine, VMGENC_TRIGGER_ATTACH))
		return -1;
	machine_forget(&machine);
	return 0;
}

int new_machine(void **state)
{
	static struct machine machine;

	machine_start(&machine, A);
	*state = &machine;
	return 0;
}

int stop_machine(void **state)
{
	struct machine *m = *state;
	const char *broken;

	m->hook = NULL;
	broken = m->mapping ? machine_broken(m) : m->broken;
	if (m->mapping)
		vmgenc_core_detach(&m->core);
	if (!broken)
		broken = m->broken;
	if (!broken && (m->mapping || m->core.raw))
		broken = "the id is still mapped";
	if (broken)
		print_error("%s\n", broken);
	machine_stop(m);
	return broken ? -1 : 0;
}

unsigned int moves_left;

void move_one_word(struct machine *m, enum machine_call call)
{
	const unsigned int *word = m->context;

	if (call != CALL_BARRIER || !moves_left || m->page->seq % 2)
		return;
	moves_left--;
	m->id[*word]++;
	machine_set_id(m, m->id[0], m->id[1]);
}

void change_at_rekey(struct machine *m, enum machine_call call)
{
	if (call == CALL_REKEY && page_has(m, A))
		machine_set_id(m, C);
}

void assert_event(const struct vmgenc_event *event, const struct machine *m)
{
	assert_int_equal(event->generation, m->page->generation);
	assert_int_equal(event->settled, m->page->settled);
	assert_int_equal(event->changed_ns, m->page->changed_ns);
	assert_memory_equal(event->id, m->page->id, sizeof(event->id));
}
