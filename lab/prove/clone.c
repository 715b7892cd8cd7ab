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
	struct lab_exchange *first = malloc(sizeof(*first));
	bool torn = b->options->torn && parent->exchange->generator == LAB_GUARDED;
	char name[32];

	if (!first)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "no memory");
	snprintf(name, sizeof(name), "vm%u", ++b->lineage);
	vm_init(clone, &b->machine, b->directory, name);
	*first = *parent->exchange;
	first->lineage = b->lineage;
	first->state = LAB_DRAWING;
	first->unsettled = 0;
	if (b->options->same_id)
		memcpy(clone->guid, parent->guid, sizeof(clone->guid));
	int code = vm_create_exchange(clone, first);

	free(first);
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

static void end_clone(const struct experiment *b, struct vm *clone)
{
	vm_kill(clone);
	vm_keep_exchange(clone, exchange_used(b->options));
}

/* End the clones that have recorded, so that others get their CPU time; count the rest. */
static unsigned int count_running(struct experiment *b, const struct vm *breeder)
{
	unsigned int running = 0;

	for (size_t i = 0; i < b->clone_count; i++) {
		struct vm *clone = &b->clones[i];

		if (!clone->pid || clone == breeder)
			continue;
		if (__atomic_load_n(&clone->exchange->state, __ATOMIC_ACQUIRE) == LAB_RECORDED)
			end_clone(b, clone);
		else
			running++;
	}
	return running;
}

/* Wait for the next clone in order. Stop it if it is to be cloned, or end it. */
static int finish_clone(struct experiment *b, const struct vm *breeder, struct result *r)
{
	struct vm *clone = &b->clones[r->clone_count];
	int code = vm_wait(clone, LAB_RECORDED);

	if (code)
		return code;
	note_clone(r, clone);
	if (clone == breeder)
		return vm_stop(clone);
	end_clone(b, clone);
	return 0;
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
		unsigned int running = count_running(b, breeder);
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
			end_clone(b, parent);
			vm_drop_ram(parent);
		}
		parent = first;
	}
	return code;
}
