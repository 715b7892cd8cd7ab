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
static int give_id(struct experiment *b, struct vm *clone, const char *snapshot)
{
	if (!b->options->shape)
		return 0;
	if (!idpage_is_in_snapshot(b->options->shape))
		return idpage_write(clone);
	int code = idpage_change_snapshot(clone, snapshot, b->in_snapshot);

	memcpy(b->in_snapshot, clone->id.bytes, ID_SIZE);
	return code;
}

/* A clone starts with its parent's exchange, but with a lineage of its own. */
static int start_clone(struct experiment *b, struct vm *parent, const char *snapshot, bool breeds)
{
	struct vm *clone = &b->clones[b->clone_count++];
	bool torn = b->options->torn && shared_given(parent->exchange)->generator == LAB_GUARDED;
	char name[32];

	snprintf(name, sizeof(name), "vm%u", ++b->lineage);
	vm_init(clone, &b->machine, b->directory, name);
	if (b->options->same_id)
		memcpy(clone->guid, parent->guid, sizeof(clone->guid));
	int code = vm_clone_exchange(clone, parent, b->lineage);

	if (!code && b->options->vmclock)
		vmclock_change(parent, clone, torn);
	if (!code && breeds)
		code = vm_copy_ram(parent, clone);
	if (!breeds)
		vm_share_ram(parent, clone);
	if (!code)
		code = give_id(b, clone, snapshot);
	if (!code)
		code = vm_restore(clone, snapshot, &clone->start_seconds);
	if (!code && torn)
		code = vmclock_finish(clone);
	return code;
}

/* Copy what a clone reports, once, while it is stopped or after its end. */
static int take_clone(struct experiment *b, size_t i)
{
	struct reported *to = &b->reported[i];
	struct vm *clone = &b->clones[i];
	int code = shared_report(clone->exchange, &to->report);

	if (!code)
		code = shared_draws(clone->exchange, &to->draws);
	to->taken = !code;
	return code;
}

/* The exchange is not needed any more, unless this clone is cloned. */
static int end_clone(struct experiment *b, size_t i)
{
	struct vm *clone = &b->clones[i];

	vm_kill(clone);
	int code = take_clone(b, i);

	vm_drop_exchange(clone);
	return code;
}

/* End the clones that have recorded, so that others get their CPU time; count the rest. */
static int count_running(struct experiment *b, const struct vm *breeder, unsigned int *running)
{
	int code = 0;

	*running = 0;
	for (size_t i = 0; i < b->clone_count && !code; i++) {
		struct vm *clone = &b->clones[i];
		enum lab_state state;

		if (!clone->pid || clone == breeder)
			continue;
		/* The parent, of which there is a snapshot now. */
		if (b->reported[i].taken) {
			vm_kill(clone);
			continue;
		}
		code = shared_state(clone->exchange, &state);
		if (!code && state == LAB_RECORDED)
			code = end_clone(b, i);
		else
			++*running;
	}
	return code;
}

/* Wait for the next clone in order. Stop it if it is to be cloned, or end it. */
static int finish_clone(struct experiment *b, const struct vm *breeder, struct result *r)
{
	size_t i = r->clone_count;
	struct vm *clone = &b->clones[i];
	int code = b->reported[i].taken ? 0 : vm_wait(clone, LAB_RECORDED);

	if (!code && clone == breeder)
		code = vm_stop(clone);
	if (!code && clone == breeder)
		code = take_clone(b, i);
	else if (!code && !b->reported[i].taken)
		code = end_clone(b, i);
	if (!code)
		clone_read(&r->clones[r->clone_count++], clone, &b->reported[i].report);
	return code;
}

static void say_how_far(const struct experiment *b, size_t started)
{
	const struct prove_options *o = b->options;

	if (started % 100 == 0 && o->clones * o->depth > started)
		lab_progress("run %u of %u, %s: cloning, %zu of %u clones", b->run + 1, o->runs,
			     o->guests[b->guest].label, started, o->clones * o->depth);
}

/* Make the clones of one snapshot of parent. breeder is the clone to be cloned next, or NULL. */
static int clone_parent(struct experiment *b, struct vm *parent, const struct vm *breeder,
			struct result *r)
{
	const struct prove_options *o = b->options;
	size_t end = b->clone_count + o->clones;
	char snapshot[300];

	snprintf(snapshot, sizeof(snapshot), "%s/%s.snapshot", b->directory, parent->name);
	int code = vm_snapshot(parent, snapshot, &r->snapshot_seconds, &r->snapshot_bytes);

	memcpy(b->in_snapshot, parent->id.bytes, ID_SIZE);
	while (!code && r->clone_count < end) {
		unsigned int running;

		code = count_running(b, breeder, &running);
		if (code)
			break;
		bool room = running < o->at_once && (!running || memory_fits_clone(&b->machine));

		if (b->clone_count == end || !room) {
			code = finish_clone(b, breeder, r);
			continue;
		}
		code = start_clone(b, parent, snapshot, breeder == &b->clones[b->clone_count]);
		say_how_far(b, b->clone_count);
		if (running + 1 > r->most_at_once)
			r->most_at_once = running + 1;
	}
	unlink(snapshot);
	return code;
}

/* Clone the first clone of each snapshot in turn, until the depth is reached. */
int clone_all(struct experiment *b, struct vm *source, struct result *r)
{
	struct vm *parent = source;
	int code = 0;

	for (unsigned int depth = 1; depth <= b->options->depth && !code; depth++) {
		struct vm *first = &b->clones[b->clone_count];

		code = clone_parent(b, parent, depth < b->options->depth ? first : NULL, r);
		if (parent != source) {
			vm_kill(parent);
			vm_drop_exchange(parent);
			vm_drop_ram(parent);
		}
		parent = first;
	}
	return code;
}
