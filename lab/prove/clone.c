/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/prove: takes a snapshot of a guest that draws, resumes it in clones, and keeps what they
 * report.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "experiment.h"
#include "host/host.h"
#include "hypervisor/hypervisor.h"

/* The exchange is its header, then the records. */
uint64_t exchange_used(const struct prove_options *o)
{
	return RECORDS + o->draws * o->cpus * sizeof(struct lab_draw);
}

/* Give a clone its id as the hypervisor does, before it runs. */
static int give_id(struct experiment *e, struct vm *clone, const char *snapshot)
{
	if (!e->options->shape)
		return 0;
	if (!idpage_is_in_snapshot(e->options->shape))
		return idpage_write(clone);
	int code = idpage_change_snapshot(clone, snapshot, e->in_snapshot);

	memcpy(e->in_snapshot, clone->id.bytes, ID_SIZE);
	return code;
}

/* A clone starts with its parent's exchange, but with a lineage of its own. */
static int start_clone(struct experiment *e, struct vm *parent, const char *snapshot, bool breeds)
{
	struct vm *clone = &e->clones[e->clone_count++];
	bool torn = e->options->torn && shared_given(parent->exchange)->generator == LAB_GUARDED;
	char name[32];

	snprintf(name, sizeof(name), "vm%u", ++e->lineage);
	vm_init(clone, &e->machine, e->directory, name);
	if (e->options->same_id)
		memcpy(clone->guid, parent->guid, sizeof(clone->guid));
	int code = vm_clone_exchange(clone, parent, e->lineage);

	if (!code && e->options->vmclock)
		vmclock_change(parent, clone, torn);
	if (!code && breeds)
		code = vm_copy_ram(parent, clone);
	if (!breeds)
		vm_share_ram(parent, clone);
	if (!code)
		code = give_id(e, clone, snapshot);
	if (!code)
		code = vm_restore(clone, snapshot, &clone->start_seconds);
	if (!code && torn)
		code = vmclock_finish(clone);
	return code;
}

/* Copy what a clone reports, once, while it is stopped or after its end. */
static int take_clone(struct experiment *e, size_t i)
{
	struct reported *to = &e->reported[i];
	struct vm *clone = &e->clones[i];
	int code = shared_report(clone->exchange, &to->report);

	if (!code)
		code = shared_draws(clone->exchange, &to->draws);
	to->taken = !code;
	return code;
}

/* The exchange is not needed any more, unless this clone is cloned. */
static int end_clone(struct experiment *e, size_t i)
{
	struct vm *clone = &e->clones[i];

	vm_kill(clone);
	int code = take_clone(e, i);

	vm_drop_exchange(clone);
	return code;
}

/* End the clones that have recorded, so that others get their CPU time; count the rest. */
static int count_running(struct experiment *e, const struct vm *breeder, unsigned int *running)
{
	int code = 0;

	*running = 0;
	for (size_t i = 0; i < e->clone_count && !code; i++) {
		struct vm *clone = &e->clones[i];
		enum lab_state state;

		if (!clone->pid || clone == breeder)
			continue;
		/* The parent, of which there is a snapshot now. */
		if (e->reported[i].taken) {
			vm_kill(clone);
			continue;
		}
		code = shared_state(clone->exchange, &state);
		if (!code && state == LAB_RECORDED)
			code = end_clone(e, i);
		else
			++*running;
	}
	return code;
}

/* Wait for the next clone in order. Stop it if it is to be cloned, or end it. */
static int finish_clone(struct experiment *e, const struct vm *breeder, struct result *r)
{
	size_t i = r->clone_count;
	struct vm *clone = &e->clones[i];
	int code = e->reported[i].taken ? 0 : vm_wait(clone, LAB_RECORDED);

	if (!code && clone == breeder)
		code = vm_stop(clone);
	if (!code && clone == breeder)
		code = take_clone(e, i);
	else if (!code && !e->reported[i].taken)
		code = end_clone(e, i);
	if (!code)
		clone_read(&r->clones[r->clone_count++], clone, &e->reported[i].report);
	return code;
}

static void say_how_far(const struct experiment *e, size_t started)
{
	const struct prove_options *o = e->options;

	if (started % 100 == 0 && o->clones * o->depth > started)
		lab_progress("run %u of %u, %s: cloning, %zu of %u clones", e->run + 1, o->runs,
			     o->guests[e->guest].label, started, o->clones * o->depth);
}

/* Make the clones of one snapshot of parent. breeder is the clone to be cloned next, or NULL. */
static int clone_parent(struct experiment *e, struct vm *parent, const struct vm *breeder,
			struct result *r)
{
	const struct prove_options *o = e->options;
	size_t end = e->clone_count + o->clones;
	char snapshot[300];

	snprintf(snapshot, sizeof(snapshot), "%s/%s.snapshot", e->directory, parent->name);
	int code = vm_snapshot(parent, snapshot, &r->snapshot_seconds, &r->snapshot_bytes);

	memcpy(e->in_snapshot, parent->id.bytes, ID_SIZE);
	while (!code && r->clone_count < end) {
		unsigned int running;

		code = count_running(e, breeder, &running);
		if (code)
			break;
		bool room = running < o->at_once && (!running || memory_fits_clone(&e->machine));

		if (e->clone_count == end || !room) {
			code = finish_clone(e, breeder, r);
			continue;
		}
		code = start_clone(e, parent, snapshot, breeder == &e->clones[e->clone_count]);
		say_how_far(e, e->clone_count);
		if (running + 1 > r->most_at_once)
			r->most_at_once = running + 1;
	}
	unlink(snapshot);
	return code;
}

/* Clone the first clone of each snapshot in turn, until the depth is reached. */
int clone_all(struct experiment *e, struct vm *source, struct result *r)
{
	struct vm *parent = source;
	int code = 0;

	for (unsigned int depth = 1; depth <= e->options->depth && !code; depth++) {
		struct vm *first = &e->clones[e->clone_count];

		code = clone_parent(e, parent, depth < e->options->depth ? first : NULL, r);
		if (parent != source) {
			vm_kill(parent);
			vm_drop_exchange(parent);
			vm_drop_ram(parent);
		}
		parent = first;
	}
	return code;
}
