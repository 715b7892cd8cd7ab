/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/hypervisor: plays the hypervisor's part of VMClock in the memory that each VM shares with us:
 * the page is the clone's before its first instruction, whole or in the middle of being written.
 */
#include <string.h>
#include <unistd.h>

#include "../../lib/vmclock.h"
#include "host/host.h"
#include "hypervisor.h"

_Static_assert(sizeof(struct lab_exchange) <= LAB_CLOCK_OFFSET, "the page is behind the report");

static volatile struct vmclock_page *page_of(const struct vm *vm)
{
	return (volatile struct vmclock_page *)((char *)vm->exchange + LAB_CLOCK_OFFSET);
}

/* As Linux's vmclock-abi.h lays it out; nothing tells the time. */
void vmclock_first(const struct vm *vm)
{
	volatile struct vmclock_page *page = page_of(vm);

	page->magic = VMCLOCK_MAGIC;
	page->size = LAB_CLOCK_SIZE;
	page->version = VMCLOCK_VERSION;
	page->flags = VMCLOCK_GENERATION_PRESENT;
	page->generation = 1;
}

/*
 * The counter is no id: the clones of one snapshot all get the same next number. The writer's
 * protocol; a torn page stays without its last step until vmclock_finish().
 */
void vmclock_change(const struct vm *parent, const struct vm *clone, bool torn)
{
	volatile struct vmclock_page *page = page_of(clone);

	memcpy((void *)page, (const void *)page_of(parent), sizeof(*page));
	page->seq_count |= 1;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	page->disruption_marker++;
	page->generation++;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!torn)
		page->seq_count++;
}

/* Not before a thread on each CPU was refused the half-written page. */
int vmclock_finish(struct vm *clone)
{
	volatile struct vmclock_page *page = page_of(clone);
	const uint32_t *unsettled = &clone->exchange->unsettled;
	double begin = lab_now();
	char limit[LAB_TIME_SIZE];
	int code;

	while (__atomic_load_n(unsettled, __ATOMIC_ACQUIRE) < clone->machine->cpus) {
		if (__atomic_load_n(&clone->exchange->state, __ATOMIC_ACQUIRE) == LAB_RECORDED)
			return lab_fail(LAB_EXIT_GUEST, "a guest drew on a VMClock page that was "
							"half-written");
		code = vm_check(clone);
		if (code)
			return code;
		if (lab_now() - begin > clone->machine->timeout)
			return lab_fail(LAB_EXIT_GUEST,
					"a guest with a half-written VMClock page has "
					"been silent for %s (--timeout)",
					lab_time(clone->machine->timeout, limit));
		usleep(2000);
	}
	page->seq_count++;
	return 0;
}
