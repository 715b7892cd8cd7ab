// SPDX-License-Identifier: BSD-2-Clause
/* driver/core: reads the hypervisor's 16 bytes, has the generator rekeyed, and announces it. */
#include "vmgenc_os.h"
#include "vmgenc_core.h"

enum {
	READ_TRIES = 64, /* writing an id is two stores, which take far less than 64 reads */
	REKEY_TRIES = 3, /* in one look; each later look tries again */
	SYNC_TRIES = 8,	 /* then the id is taken to change all the time */
	PAGE_TRIES = 64, /* writing the page takes far less, unless the writer is preempted */
	RETRY_NS = 10 * 1000 * 1000, /* between failing rekeys that programs ask for */
	TIME_BITS = 20, /* low bits of a time that are not published: a little more than 1 ms */
};

/*
 * The id cannot be read atomically. Two equal reads do not prove that the id is complete, because
 * the writer may pause between its words; its second store is then seen as a further change.
 */
static int read_id(const struct vmgenc_core *core, uint64_t id[2])
{
	int tries;

	for (tries = 0; tries < READ_TRIES; tries++) {
		id[0] = core->raw[0];
		id[1] = core->raw[1];
		vmgenc_os_barrier();
		if (core->raw[0] == id[0] && core->raw[1] == id[1])
			return 0;
	}
	return -EAGAIN;
}

static bool same_id(const uint64_t a[2], const uint64_t b[2])
{
	return a[0] == b[0] && a[1] == b[1];
}

/* Zeros: the host never filled it. Ones: nothing answers at the address. */
bool vmgenc_core_unfilled(const uint64_t id[2])
{
	return id[0] == id[1] && (id[0] == 0 || ~id[0] == 0);
}

static bool settled(const struct vmgenc_core *core)
{
	return core->page->settled == core->page->generation;
}

static void write_begin(struct vmgenc_core *core)
{
	*(volatile uint32_t *)&core->page->seq = core->page->seq + 1;
	vmgenc_os_barrier();
}

static void write_end(struct vmgenc_core *core)
{
	vmgenc_os_barrier();
	*(volatile uint32_t *)&core->page->seq = core->page->seq + 1;
}

static void set_flag(struct vmgenc_core *core, uint32_t flag, bool on)
{
	if (on)
		core->page->flags |= flag;
	else
		core->page->flags &= ~flag;
}

/*
 * Step 3, with its retries. Returns 0 only if the rekey was verified. Sets core->secret if data was
 * mixed in that the owner of another clone cannot know; a retry does not gather it again.
 */
static int rekey(struct vmgenc_core *core, const uint64_t id[2])
{
	int tries, error = 0;

	core->secret = false;
	for (tries = 0; tries < REKEY_TRIES; tries++) {
		error = vmgenc_os_rekey(core, id, &core->secret);
		if (!error) {
			core->page->rekeys++;
			return 0;
		}
		/* Not seeded yet: not a failure, and a retry now would not help. */
		if (error == -ENODATA) {
			core->page->unseeded++;
			return error;
		}
		core->page->rekey_failures++;
	}
	return error;
}

/*
 * Step 4. Stores settled and then, last, generation: a program that sees the new generation without
 * using seq must not see an older id or settled beside it.
 */
static void publish(struct vmgenc_core *core, const uint64_t id[2], uint64_t generation, int error)
{
	struct vmgenc_page *page = core->page;

	write_begin(core);
	memcpy(page->id, id, sizeof(page->id));
	if (generation != page->generation)
		/* Rounded, because the exact time was mixed into the generator's new key. */
		page->changed_ns = vmgenc_os_now() >> TIME_BITS << TIME_BITS;
	set_flag(core, VMGENC_ID_UNFILLED, vmgenc_core_unfilled(id));
	set_flag(core, VMGENC_REKEY_FAILED, error && error != -ENODATA);
	set_flag(core, VMGENC_PREDICTABLE, !error && !core->secret);
	if (!error)
		*(volatile uint64_t *)&page->settled = generation;
	vmgenc_os_barrier();
	*(volatile uint64_t *)&page->generation = generation;
	write_end(core);
	/* A sync that finds the id in seen reads the event without the lock, and after this. */
	vmgenc_os_barrier();
	*(volatile uint64_t *)&core->seen[0] = id[0];
	*(volatile uint64_t *)&core->seen[1] = id[1];
}

/* Steps 3 and 4, for a new id (changed) or for one whose rekey has failed so far. */
static int settle(struct vmgenc_core *core, const uint64_t id[2], bool changed)
{
	core->error = rekey(core, id);
	if (changed)
		core->page->changes++;
	publish(core, id, core->page->generation + (changed ? 1 : 0), core->error);
	if (core->error)
		core->failed_ns = vmgenc_os_now();
	vmgenc_os_defer(core);
	return core->error;
}

/*
 * A look may find a change before its notification arrives. The notification then finds the id
 * unchanged but is not spurious: one notification belongs to all changes since the last one.
 */
static void count_notification(struct vmgenc_core *core, bool changed)
{
	if (!changed && !core->unnotified)
		core->page->spurious++;
	core->unnotified = false;
}

/*
 * The error of the last rekey if it failed just now, or 0. Limits the rekeys that programs can
 * cause: each holds the lock and wakes the telling thread.
 */
static int failed_just_now(const struct vmgenc_core *core)
{
	int error = *(const volatile int *)&core->error;

	if (error && vmgenc_os_now() - *(const volatile uint64_t *)&core->failed_ns < RETRY_NS)
		return error;
	return 0;
}

int vmgenc_core_look(struct vmgenc_core *core, enum vmgenc_trigger trigger)
{
	uint64_t id[2];
	bool changed;
	int error;

	vmgenc_os_lock(core);
	error = read_id(core, id);
	if (error)
		goto out;

	/* An id that becomes all zeros or ones is an error of the host, not a new machine. */
	changed = !vmgenc_core_unfilled(id) && !same_id(id, core->seen);
	if (trigger == VMGENC_TRIGGER_NOTIFY)
		count_notification(core, changed);
	else if (changed)
		core->unnotified = true;
	if (changed)
		error = settle(core, id, true);
	else if (!settled(core) && trigger == VMGENC_TRIGGER_SYNC && failed_just_now(core))
		error = core->error;
	else if (!settled(core))
		error = settle(core, core->seen, false);
out:
	vmgenc_os_unlock(core);
	return error;
}

int vmgenc_core_again(struct vmgenc_core *core, uint64_t generation, bool more)
{
	bool before, cleared = false;
	int error = -EAGAIN;

	vmgenc_os_lock(core);
	/* Entropy of a generation says nothing about the next: a snapshot may lie in between. */
	if (core->page->generation == generation && !vmgenc_core_pending(core)) {
		before = core->secret;
		error = rekey(core, core->seen);
		core->secret = before || (!error && (more || core->secret));
		cleared = core->secret && !before;
		write_begin(core);
		set_flag(core, VMGENC_PREDICTABLE, !core->secret);
		write_end(core);
	}
	vmgenc_os_unlock(core);
	if (cleared)
		vmgenc_os_log(core, VMGENC_LOG_INFO,
			      "generation %llu: no longer predictable by a sibling's owner",
			      (unsigned long long)generation);
	return error;
}

bool vmgenc_core_differs(const struct vmgenc_core *core)
{
	const volatile uint64_t *seen = core->seen;
	uint64_t id[2] = { core->raw[0], core->raw[1] };

	return !vmgenc_core_unfilled(id) && (id[0] != seen[0] || id[1] != seen[1]);
}

bool vmgenc_core_pending(const struct vmgenc_core *core)
{
	const volatile struct vmgenc_page *page = core->page;

	return page->settled != page->generation || vmgenc_core_differs(core);
}

void vmgenc_core_lacks(struct vmgenc_core *core, uint32_t what, bool lacks)
{
	vmgenc_os_lock(core);
	write_begin(core);
	set_flag(core, what, lacks);
	write_end(core);
	vmgenc_os_unlock(core);
}

static void fill_event(const struct vmgenc_core *core, struct vmgenc_event *event)
{
	const volatile struct vmgenc_page *page = core->page;
	unsigned int i;

	event->generation = page->generation;
	event->settled = page->settled;
	event->changed_ns = page->changed_ns;
	for (i = 0; i < sizeof(event->id); i++)
		event->id[i] = page->id[i];
}

/* Reads the page as programs do. False if it was being written. */
static bool read_event(const struct vmgenc_core *core, struct vmgenc_event *event)
{
	const volatile struct vmgenc_page *page = core->page;
	uint32_t seq;

	vmgenc_os_barrier();
	seq = page->seq;
	vmgenc_os_barrier();
	fill_event(core, event);
	vmgenc_os_barrier();
	return seq % 2 == 0 && page->seq == seq;
}

void vmgenc_core_event(struct vmgenc_core *core, struct vmgenc_event *event)
{
	int tries;

	for (tries = 0; tries < PAGE_TRIES; tries++)
		if (read_event(core, event))
			return;
	vmgenc_os_lock(core);
	fill_event(core, event);
	vmgenc_os_unlock(core);
}

/* Without the lock, so that programs that call while the rekey fails do not hold up a look. */
static int sync_look(struct vmgenc_core *core)
{
	int error = failed_just_now(core);

	if (error && !vmgenc_core_differs(core))
		return error;
	return vmgenc_core_look(core, VMGENC_TRIGGER_SYNC);
}

int vmgenc_core_sync(struct vmgenc_core *core, struct vmgenc_event *event)
{
	int tries, error;

	for (tries = 0; tries < SYNC_TRIES; tries++) {
		if (vmgenc_core_pending(core)) {
			error = sync_look(core);
			if (error)
				return error;
		}
		vmgenc_core_event(core, event);
		/* The id may have changed once more while the generator was rekeyed. */
		if (event->settled == event->generation && !vmgenc_core_differs(core))
			return 0;
	}
	return -EAGAIN;
}

/* Logs each failure once and not for each retry, and logs when the rekey succeeds again. */
static void log_rekey(struct vmgenc_core *core, uint64_t generation, int error)
{
	bool recovered = core->logged_error && !error;

	if (error == core->logged_error && (!error || generation == core->logged_generation))
		return;
	core->logged_error = error;
	core->logged_generation = generation;
	if (recovered)
		vmgenc_os_log(core, VMGENC_LOG_INFO,
			      "generation %llu: the random generator is rekeyed now",
			      (unsigned long long)generation);
	else if (error == -ENODATA)
		vmgenc_os_log(core, VMGENC_LOG_WARNING,
			      "generation %llu: the random generator is not seeded yet, so it cannot be rekeyed; trying again",
			      (unsigned long long)generation);
	else if (error)
		vmgenc_os_log(core, VMGENC_LOG_ERROR,
			      "generation %llu: the random generator was NOT rekeyed (error %d); trying again",
			      (unsigned long long)generation, -error);
}

void vmgenc_core_tell(struct vmgenc_core *core)
{
	struct vmgenc_event event;
	bool secret;
	int error;

	vmgenc_os_lock(core);
	fill_event(core, &event);
	error = core->error;
	secret = core->secret;
	vmgenc_os_unlock(core);

	log_rekey(core, event.generation, error);
	if (event.settled == event.generation && event.generation != core->told) {
		core->told = event.generation;
		if (!secret)
			vmgenc_os_log(core, VMGENC_LOG_WARNING,
				      "generation %llu: parted, but predictable by a sibling's owner: no jitter counts, and no CPU random instructions",
				      (unsigned long long)event.generation);
		vmgenc_os_notify_kernel(core, &event);
		vmgenc_os_notify_user(core, &event);
	}
	/* Only if something changed: waking takes longer the more readers wait. */
	if (event.generation == core->woken[0] && event.settled == core->woken[1])
		return;
	core->woken[0] = event.generation;
	core->woken[1] = event.settled;
	vmgenc_os_wake_readers(core);
}

int vmgenc_core_attach(struct vmgenc_core *core, uint64_t phys)
{
	struct vmgenc_page *page = core->page;
	uint64_t id[2];
	int error;

	error = vmgenc_os_map(core, phys);
	if (error)
		return error;
	error = read_id(core, id);
	if (error) {
		vmgenc_os_log(core, VMGENC_LOG_ERROR, "the id does not hold still");
		vmgenc_os_unmap(core);
		return error;
	}
	if (vmgenc_core_unfilled(id))
		vmgenc_os_log(core, VMGENC_LOG_WARNING, "the id is all %s, so clones go unnoticed",
			      id[0] == 0 ? "zero: the host never filled it" :
					   "ones: nothing answers at its address");

	page->magic = VMGENC_PAGE_MAGIC;
	page->version = VMGENC_PAGE_VERSION;
	page->size = sizeof(*page);
	/* Not settled yet: the first look rekeys, in a context that can do so. */
	publish(core, id, 1, -ENODATA);
	core->told = 1;
	return 0;
}

void vmgenc_core_detach(struct vmgenc_core *core)
{
	vmgenc_os_unmap(core);
}
