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
	struct lab_exchange *first = malloc(sizeof(*first));
	bool torn = e->options->torn && parent->exchange->generator == LAB_GUARDED;
	char name[32];

	if (!first)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "no memory");
	snprintf(name, sizeof(name), "vm%u", ++e->lineage);
	vm_init(clone, &e->machine, e->directory, name);
	*first = *parent->exchange;
	first->lineage = e->lineage;
	first->state = LAB_DRAWING;
	first->unsettled = 0;
	if (e->options->same_id)
		memcpy(clone->guid, parent->guid, sizeof(clone->guid));
	int code = vm_create_exchange(clone, first);

	free(first);
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

static void note_clone(struct result *r, const struct vm *vm)
{
	const struct lab_exchange *exchange = vm->exchange;
	struct clone *c = &r->clones[r->clone_count++];

	*c = (struct clone){.start_seconds = vm->start_seconds,
			    .resume_within_ns = exchange->resume_within_ns,
			    .rekeyed_ns = exchange->rekeyed_ns,
			    .woken_ns = exchange->woken_ns,
			    .announced_ns = exchange->announced_ns,
			    .logged_ns = exchange->logged_ns,
			    .changes = exchange->changes,
			    .spurious = exchange->spurious,
			    .rekeys = exchange->rekeys,
			    .rekey_failures = exchange->rekey_failures,
			    .device = exchange->device};
	snprintf(c->clock, sizeof(c->clock), "%.*s", (int)sizeof(exchange->clock) - 1,
		 exchange->clock);
	snprintf(c->event, sizeof(c->event), "%.*s", (int)sizeof(exchange->event) - 1,
		 exchange->event);
	snprintf(c->complaint, sizeof(c->complaint), "%.*s", (int)sizeof(exchange->complaint) - 1,
		 exchange->complaint);
	snprintf(c->id, sizeof(c->id), "%s", vm->guid);
	/* FreeBSD's sysctl gives bytes. */
	if (exchange->guid_size == sizeof(exchange->guid))
		guid_from_bytes(c->guid, exchange->guid);
	guest_device_read(&c->seen, vm);
}

static void end_clone(const struct experiment *e, struct vm *clone)
{
	vm_kill(clone);
	vm_keep_exchange(clone, exchange_used(e->options));
}

/* End the clones that have recorded, so that others get their CPU time; count the rest. */
static unsigned int count_running(struct experiment *e, const struct vm *breeder)
{
	unsigned int running = 0;

	for (size_t i = 0; i < e->clone_count; i++) {
		struct vm *clone = &e->clones[i];

		if (!clone->pid || clone == breeder)
			continue;
		if (__atomic_load_n(&clone->exchange->state, __ATOMIC_ACQUIRE) == LAB_RECORDED)
			end_clone(e, clone);
		else
			running++;
	}
	return running;
}

/* Wait for the next clone in order. Stop it if it is to be cloned, or end it. */
static int finish_clone(struct experiment *e, const struct vm *breeder, struct result *r)
{
	struct vm *clone = &e->clones[r->clone_count];
	int code = vm_wait(clone, LAB_RECORDED);

	if (code)
		return code;
	note_clone(r, clone);
	if (clone == breeder)
		return vm_stop(clone);
	end_clone(e, clone);
	return 0;
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
		unsigned int running = count_running(e, breeder);
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
			end_clone(e, parent);
			vm_drop_ram(parent);
		}
		parent = first;
	}
	return code;
}
