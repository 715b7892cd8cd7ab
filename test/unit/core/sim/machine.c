// SPDX-License-Identifier: BSD-2-Clause
/* test/unit/core/sim: the simulated machine; each function of vmgenc_os.h is here. */
#include "machine.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const names[CALL_KINDS] = {
	[CALL_MAP] = "map",	    [CALL_UNMAP] = "unmap",
	[CALL_LOCK] = "lock",	  [CALL_UNLOCK] = "unlock",   [CALL_REKEY] = "rekey",
	[CALL_NOW] = "now",	  [CALL_DEFER] = "defer",     [CALL_LOG] = "log",
	[CALL_WAKE] = "wake",	  [CALL_KERNEL] = "kernel",   [CALL_USER] = "user",
	[CALL_BARRIER] = "barrier", [CALL_PUBLISH] = "publish",
};

/* vmgenc_os_barrier() and vmgenc_os_now() do not say whose they are. */
static struct machine *current;

static struct machine *machine_of(struct vmgenc_core *core)
{
	return (struct machine *)core;
}

static void expect(struct machine *m, bool kept, const char *promise)
{
	if (!kept && !m->broken)
		m->broken = promise;
}

static void record(struct machine *m, enum machine_call call)
{
	m->count[call]++;
	if (call != CALL_BARRIER && m->traced < MACHINE_TRACE)
		m->trace[m->traced++] = call;
}

/* Locking, releasing and asking for the worker cannot fail on any system. */
static bool can_fail(enum machine_call call)
{
	return call != CALL_UNMAP && call != CALL_LOCK && call != CALL_UNLOCK &&
	       call != CALL_DEFER && call != CALL_BARRIER;
}

static bool must_fail(struct machine *m, enum machine_call call)
{
	bool fail = false;

	if (!can_fail(call))
		return false;
	m->calls++;
	if (m->fail_at && m->calls >= m->fail_at && m->calls < m->fail_at + m->fail_run)
		fail = true;
	if (m->refuse[call]) {
		m->refuse[call]--;
		fail = true;
	}
	if (fail)
		m->failed++;
	return fail;
}

/* Returns whether the call must fail. A call that cannot report a failure then has no effect. */
static bool begin(struct machine *m, enum machine_call call)
{
	bool fail;

	pthread_mutex_lock(&m->records);
	record(m, call);
	pthread_mutex_unlock(&m->records);
	if (m->hook && m->threaded) {
		m->hook(m, call);
	} else if (m->hook && !m->in_hook) {
		m->in_hook = true;
		m->hook(m, call);
		m->in_hook = false;
	}
	pthread_mutex_lock(&m->records);
	fail = must_fail(m, call);
	pthread_mutex_unlock(&m->records);
	return fail;
}

void vmgenc_os_barrier(void)
{
	struct machine *m = current;
	bool odd;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (m->threaded)
		return;
	odd = m->page->seq % 2 != 0;
	if (odd && !m->writing)
		record(m, CALL_PUBLISH);
	m->writing = odd;
	begin(m, CALL_BARRIER);
}

uint64_t vmgenc_os_now(void)
{
	struct machine *m = current;

	return begin(m, CALL_NOW) ? 0 : __atomic_add_fetch(&m->clock, 1, __ATOMIC_RELAXED);
}

int vmgenc_os_map(struct vmgenc_core *core, uint64_t phys)
{
	struct machine *m = machine_of(core);

	expect(m, !m->mapping, "map: the id is mapped already");
	expect(m, phys == MACHINE_PHYS, "map: not the address that was given");
	if (begin(m, CALL_MAP))
		return -ENOMEM;
	m->mapping = malloc(sizeof(m->id));
	if (!m->mapping)
		abort();
	memcpy(m->mapping, m->id, sizeof(m->id));
	core->raw = m->mapping;
	m->page->flags = MACHINE_RAW_FLAGS;
	m->page->id_offset = MACHINE_RAW_OFFSET;
	return 0;
}

void vmgenc_os_unmap(struct vmgenc_core *core)
{
	struct machine *m = machine_of(core);

	begin(m, CALL_UNMAP);
	expect(m, m->mapping, "unmap: nothing is mapped");
	free(m->mapping);
	m->mapping = NULL;
	core->raw = NULL;
}

void vmgenc_os_lock(struct vmgenc_core *core)
{
	struct machine *m = machine_of(core);

	begin(m, CALL_LOCK);
	if (pthread_mutex_lock(&m->lock))
		expect(m, false, "lock: taken twice by one thread");
	m->locked = true;
}

void vmgenc_os_defer(struct vmgenc_core *core)
{
	struct machine *m = machine_of(core);

	expect(m, m->locked, "defer: without the lock");
	expect(m, m->page->seq % 2 == 0, "defer: seq is odd");
	begin(m, CALL_DEFER);
	__atomic_store_n(&m->deferred, true, __ATOMIC_SEQ_CST);
}

void vmgenc_os_unlock(struct vmgenc_core *core)
{
	struct machine *m = machine_of(core);

	begin(m, CALL_UNLOCK);
	expect(m, m->page->seq % 2 == 0, "unlock: seq is odd");
	m->locked = false;
	if (pthread_mutex_unlock(&m->lock))
		expect(m, false, "unlock: not locked by this thread");
}

/* The counter advances by what the test says, or not at all. */
uint64_t vmgenc_os_cycles(void)
{
	struct machine *m = current;

	return m->cycles += m->took ? m->took(m) : 0;
}

int vmgenc_os_rekey(struct vmgenc_core *core, const uint64_t id[2], bool *secret)
{
	struct machine *m = machine_of(core);

	expect(m, m->locked, "rekey: without the lock");
	expect(m, m->page->seq % 2 == 0, "rekey: readers are kept waiting (seq is odd)");
	memcpy(m->asked_id, id, sizeof(m->asked_id));
	*secret |= !m->predictable;
	if (begin(m, CALL_REKEY)) {
		if (m->rekey_error == -ENODATA)
			m->rekeys_unseeded++;
		else
			m->rekeys_failed++;
		return m->rekey_error;
	}
	m->rekeys_ok++;
	m->rekeyed = true;
	memcpy(m->rekeyed_id, id, sizeof(m->rekeyed_id));
	return 0;
}

/* settled == generation claims that the generator took in this generation's id. */
static bool claim_is_true(const struct machine *m, const uint8_t id[VMGENC_ID_SIZE])
{
	return m->rekeyed && !memcmp(id, m->rekeyed_id, sizeof(m->rekeyed_id));
}

static void expect_may_sleep(struct machine *m)
{
	expect(m, m->threaded || !m->locked, "a call that may sleep, with the lock held");
}

void vmgenc_os_wake_readers(struct vmgenc_core *core)
{
	struct machine *m = machine_of(core);

	expect_may_sleep(m);
	begin(m, CALL_WAKE);
}

/* Other threads may publish further generations meanwhile: then only the event is judged. */
static void expect_event(struct machine *m, const struct vmgenc_event *event)
{
	const struct vmgenc_page *page = m->page;

	expect_may_sleep(m);
	expect(m, event->settled == event->generation, "tell: before the generation is settled");
	if (m->threaded)
		return;
	expect(m, claim_is_true(m, event->id), "tell: before the rekey for this id is verified");
	expect(m, event->generation == page->generation, "tell: not the published generation");
	expect(m, page->settled == page->generation, "tell: before settled is published");
	expect(m, !memcmp(event->id, page->id, sizeof(page->id)), "tell: not the published id");
	expect(m, event->changed_ns == page->changed_ns, "tell: not the published time");
}

void vmgenc_os_notify_kernel(struct vmgenc_core *core, const struct vmgenc_event *event)
{
	struct machine *m = machine_of(core);

	expect_event(m, event);
	if (m->told_count)
		expect(m, m->told[m->told_count - 1].generation < event->generation,
		       "kernel: told twice or out of order");
	m->told = realloc(m->told, (m->told_count + 1) * sizeof(*m->told));
	if (!m->told)
		abort();
	m->told[m->told_count++] = *event;
	begin(m, CALL_KERNEL);
}

void vmgenc_os_notify_user(struct vmgenc_core *core, const struct vmgenc_event *event)
{
	struct machine *m = machine_of(core);

	expect_event(m, event);
	expect(m, m->told_user < event->generation, "user: told twice or out of order");
	expect(m, m->told_count && m->told[m->told_count - 1].generation == event->generation,
	       "user: told before the listeners in the kernel");
	m->told_user = event->generation;
	begin(m, CALL_USER);
}

void vmgenc_os_log(struct vmgenc_core *core, enum vmgenc_level level, const char *format, ...)
{
	struct machine *m = machine_of(core);
	va_list args;

	expect_may_sleep(m);
	if (begin(m, CALL_LOG))
		return;
	pthread_mutex_lock(&m->records);
	m->level = level;
	va_start(args, format);
	vsnprintf(m->line, sizeof(m->line), format, args);
	va_end(args);
	pthread_mutex_unlock(&m->records);
}

void machine_start(struct machine *m, uint64_t id0, uint64_t id1)
{
	pthread_mutexattr_t checked;

	memset(m, 0, sizeof(*m));
	m->page = calloc(1, sizeof(*m->page));
	if (!m->page)
		abort();
	m->core.page = m->page;
	m->id[0] = id0;
	m->id[1] = id1;
	m->rekey_error = -EIO;
	m->fail_run = 1;
	pthread_mutexattr_init(&checked);
	pthread_mutexattr_settype(&checked, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&m->lock, &checked);
	pthread_mutexattr_destroy(&checked);
	pthread_mutex_init(&m->records, NULL);
	current = m;
}

void machine_stop(struct machine *m)
{
	pthread_mutex_destroy(&m->records);
	pthread_mutex_destroy(&m->lock);
	free(m->told);
	free(m->page);
	current = NULL;
}

/* Two stores, as hypervisors do; volatile, since another thread's core reads meanwhile. */
void machine_set_id(struct machine *m, uint64_t id0, uint64_t id1)
{
	volatile uint64_t *raw = m->mapping;

	m->id[0] = id0;
	m->id[1] = id1;
	if (!raw)
		return;
	raw[0] = id0;
	raw[1] = id1;
}

void machine_worker(struct machine *m)
{
	if (__atomic_exchange_n(&m->deferred, false, __ATOMIC_SEQ_CST))
		vmgenc_core_tell(&m->core);
}

int machine_look(struct machine *m, enum vmgenc_trigger trigger)
{
	int error = vmgenc_core_look(&m->core, trigger);

	machine_worker(m);
	return error;
}

int machine_sync(struct machine *m, struct vmgenc_event *event)
{
	int error = vmgenc_core_sync(&m->core, event);

	machine_worker(m);
	return error;
}

const char *machine_trace(struct machine *m)
{
	size_t used = 0;
	unsigned int i;

	m->text[0] = '\0';
	for (i = 0; i < m->traced && used < sizeof(m->text); i++)
		used += snprintf(m->text + used, sizeof(m->text) - used, "%s%s", i ? " " : "",
				 names[m->trace[i]]);
	return m->text;
}

void machine_forget(struct machine *m)
{
	memset(m->count, 0, sizeof(m->count));
	m->traced = 0;
	m->line[0] = '\0';
}

const char *machine_broken(struct machine *m)
{
	const struct vmgenc_page *page = m->page;
	uint64_t told = m->told_count ? m->told[m->told_count - 1].generation : 0;
	bool settled = page->settled == page->generation;

	expect(m, !m->locked, "the lock is left taken");
	expect(m, !m->deferred, "something is left to tell");
	if (!page->generation)
		return m->broken;
	expect(m, page->seq % 2 == 0, "seq is left odd");
	expect(m, page->settled <= page->generation, "settled is ahead of generation");
	expect(m, !settled || claim_is_true(m, page->id),
	       "settled is claimed without a verified rekey for this id");
	expect(m, !settled || !(page->flags & VMGENC_REKEY_FAILED),
	       "the flag says failed, settled says not");
	expect(m, !settled || page->generation == 1 || told == page->generation,
	       "a settled generation was not told");
	expect(m, told == m->told_user, "user space and the kernel were told different things");
	expect(m, !memcmp(page->id, m->core.seen, sizeof(page->id)), "seen is not the page's id");
	expect(m, page->changes == page->generation - 1, "changes is miscounted");
	expect(m, page->rekeys == m->rekeys_ok, "rekeys is miscounted");
	expect(m, page->rekey_failures == m->rekeys_failed, "rekey_failures is miscounted");
	expect(m, page->unseeded == m->rekeys_unseeded, "unseeded is miscounted");
	expect(m, (page->flags & MACHINE_RAW_FLAGS) == MACHINE_RAW_FLAGS, "a raw flag is lost");
	expect(m, settled || !(page->flags & VMGENC_PREDICTABLE),
	       "what is not settled is said to be predictable");
	expect(m, page->id_offset == MACHINE_RAW_OFFSET, "id_offset is lost");
	expect(m,
	       page->magic == VMGENC_PAGE_MAGIC && page->version == VMGENC_PAGE_VERSION &&
		       page->size == sizeof(*page),
	       "the page's head is wrong");
	return m->broken;
}
