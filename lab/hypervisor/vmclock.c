/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/hypervisor: writes the VMClock page as a hypervisor does, in the exchange of each VM. A
 * clone finds its own page before its first instruction, whole or half-written.
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
 * The generation is a counter and not an id, so all clones of one snapshot get the same number.
 * The order of writes is the writer's protocol; for a torn page, vmclock_finish() does the last one.
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

/* Wait until a thread on each CPU was refused the half-written page. */
int vmclock_finish(struct vm *clone)
{
	volatile struct vmclock_page *page = page_of(clone);
	const uint32_t *unsettled = &clone->exchange->unsettled;
	double begin = lab_now();
	char limit[LAB_TIME_SIZE];
	int code;

	while (__atomic_load_n(unsettled, __ATOMIC_ACQUIRE) < clone->machine->cpus) {
		if (__atomic_load_n(&clone->exchange->state, __ATOMIC_ACQUIRE) == LAB_RECORDED)
			return lab_fail(LAB_EXIT_GUEST, "a guest drew while its VMClock page was "
							"half-written");
		code = vm_check(clone);
		if (code)
			return code;
		if (lab_now() - begin > clone->machine->timeout)
			return lab_fail(LAB_EXIT_GUEST,
					"a guest with a half-written VMClock page was "
					"silent for %s (--timeout)",
					lab_time(clone->machine->timeout, limit));
		usleep(2000);
	}
	page->seq_count++;
	return 0;
}
