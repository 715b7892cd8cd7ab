/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/shared: a clone's draws, copied before anything is done with them.
 */
#include <stdlib.h>

#include "host/host.h"
#include "inside.h"

static int load_counts(const struct shared *s, struct draws *d, uint64_t *all)
{
	for (unsigned int cpu = 0; cpu < d->cpus; cpu++) {
		uint64_t count = load_u64(&s->memory->counts[cpu]);

		if (count > s->given.draws)
			return lab_fail(LAB_EXIT_GUEST,
					"guest %s: reports %llu records of CPU %u where at most "
					"%llu fit",
					s->name, (unsigned long long)count, cpu,
					(unsigned long long)s->given.draws);
		d->counts[cpu] = count;
		*all += count;
	}
	return 0;
}

static int check_times(const struct shared *s, const struct draws *d, uint64_t all)
{
	for (uint64_t i = 0; i < all; i++) {
		if (d->memory[i].ns > INT64_MAX || d->memory[i].begun_ns > INT64_MAX)
			return lab_fail(LAB_EXIT_GUEST,
					"guest %s: reports a draw %llu ns after the resume",
					s->name, (unsigned long long)d->memory[i].ns);
	}
	return 0;
}

int shared_draws(const struct shared *s, struct draws *d)
{
	const volatile struct lab_draw *from =
		(const volatile void *)((const volatile char *)s->memory + s->given.records);
	uint64_t all = 0, announced, woken;

	*d = (struct draws){.cpus = s->given.cpus};
	int code = shared_check_given(s);

	if (!code)
		code = load_counts(s, d, &all);
	if (code)
		return code;
	d->memory = malloc((all + 1) * sizeof(*d->memory));
	if (!d->memory)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "no memory; ask for fewer --draws");
	struct lab_draw *to = d->memory;

	for (unsigned int cpu = 0; cpu < d->cpus; cpu++) {
		d->of[cpu] = to;
		load_bytes(to, from + cpu * s->given.draws, d->counts[cpu] * sizeof(*to));
		to += d->counts[cpu];
	}
	announced = load_u64(&s->memory->announced_ns);
	woken = load_u64(&s->memory->woken_ns);
	d->told_ns = announced != LAB_NEVER ? announced : woken;
	return check_times(s, d, all);
}
