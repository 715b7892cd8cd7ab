/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/hypervisor: writes the VMClock page as a hypervisor does, in the exchange of each VM. A
 * clone finds its own page before its first instruction, whole or half-written.
 */
#include <stddef.h>
#include <unistd.h>

#include "../../lib/vmclock.h"
#include "host/host.h"
#include "hypervisor.h"

_Static_assert(sizeof(struct lab_exchange) <= LAB_CLOCK_OFFSET, "the page is behind the report");

/*
 * As Linux's vmclock-abi.h lays it out; nothing tells the time. Each change takes two steps of
 * seq_count, of which the first is odd. Nothing is read back: the guest can write to the page.
 */
static void write_page(const struct vm *vm, bool torn)
{
	const struct vmclock_page page = {.magic = VMCLOCK_MAGIC,
					  .size = LAB_CLOCK_SIZE,
					  .version = VMCLOCK_VERSION,
					  .flags = VMCLOCK_GENERATION_PRESENT,
					  .seq_count = 2 * vm->clock_changes - torn,
					  .disruption_marker = vm->clock_changes,
					  .generation = 1 + vm->clock_changes};

	shared_write(vm->exchange, LAB_CLOCK_OFFSET, &page, sizeof(page));
}

void vmclock_first(const struct vm *vm)
{
	write_page(vm, false);
}

/* The generation is a counter and not an id, so all clones of one snapshot get the same number. */
void vmclock_change(const struct vm *parent, struct vm *clone, bool torn)
{
	clone->clock_changes = parent->clock_changes + 1;
	write_page(clone, torn);
}

static int drew_half_written(void)
{
	return lab_fail(LAB_EXIT_GUEST, "a guest drew while its VMClock page was half-written");
}

static int wait_until_refused(struct vm *clone)
{
	double begin = lab_now();
	char limit[LAB_TIME_SIZE];

	while (shared_unsettled(clone->exchange) < clone->machine->cpus) {
		enum lab_state state;
		int code = vm_check(clone);

		if (!code)
			code = shared_state(clone->exchange, &state);
		if (!code && state == LAB_RECORDED)
			code = drew_half_written();
		if (code)
			return code;
		if (lab_now() - begin > clone->machine->timeout)
			return lab_fail(LAB_EXIT_GUEST,
					"a guest with a half-written VMClock page was "
					"silent for %s (--timeout)",
					lab_time(clone->machine->timeout, limit));
		usleep(2000);
	}
	return 0;
}

/* Wait until a thread on each CPU was refused the half-written page. */
int vmclock_finish(struct vm *clone)
{
	int code = wait_until_refused(clone);

	if (!code)
		shared_write_u32(clone->exchange,
				 LAB_CLOCK_OFFSET + offsetof(struct vmclock_page, seq_count),
				 2 * clone->clock_changes);
	return code;
}
