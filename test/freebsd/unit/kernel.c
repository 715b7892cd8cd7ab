// SPDX-License-Identifier: BSD-2-Clause
/* test/freebsd/unit: the simulated kernel's core - memory, locks, time and tasks. */
#include "kernel.h"

#include <pthread.h>
#include <stdlib.h>

struct kernel kernel;
struct thread *curthread = &(struct thread){0};
struct malloc_type M_TEMP[1];

static pthread_mutex_t big = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t woken = PTHREAD_COND_INITIALIZER;
static __thread int mutexes_held, sxs_held, in_filter;

void kernel_big_lock(void)
{
	pthread_mutex_lock(&big);
}

void kernel_big_unlock(void)
{
	pthread_mutex_unlock(&big);
}

void kernel_broken(const char *what)
{
	if (!kernel.broken)
		kernel.broken = what;
}

/* Counts the calls that may fail; the one with the number fail_at does. */
bool kernel_fails(const char *call)
{
	if (++kernel.calls != kernel.fail_at)
		return false;
	kernel.failed = call;
	return true;
}

bool kernel_asleep_allowed(const char *call)
{
	if (mutexes_held || in_filter)
		kernel_broken(call);
	return !mutexes_held && !in_filter;
}

bool kernel_holds_sx(void)
{
	return sxs_held;
}

void kernel_enter_filter(void)
{
	in_filter = 1;
}

void kernel_leave_filter(void)
{
	in_filter = 0;
}

static void not_in_filter(const char *what)
{
	if (in_filter)
		kernel_broken(what);
}

void kernel_note(const char *what)
{
	size_t used = strlen(kernel.trace);

	snprintf(kernel.trace + used, sizeof(kernel.trace) - used, "%s%s", used ? " " : "", what);
}

const char *kernel_leaks(void)
{
	const struct {
		int count;
		const char *what;
	} taken[] = {
		{kernel.memory, "memory"},	   {kernel.mappings, "a mapping"},
		{kernel.objects, "an object"},	   {kernel.lists, "an sglist"},
		{kernel.locks, "a lock"},	   {kernel.queues, "a taskqueue"},
		{kernel.callouts, "a callout"},	   {kernel.procs, "a sysctl"},
		{kernel.contexts, "a context"},	   {kernel.notifies, "a notify handler"},
		{kernel.scis, "an SCI handler"},   {kernel.nodes, "a node"},
		{kernel.sources, "a source"},	   {kernel.events, "an eventhandler"},
		{kernel.knotes, "a knote"},	   {kernel.busy, "a busy device"},
	};
	size_t i;

	for (i = 0; i < nitems(taken); i++)
		if (taken[i].count)
			return taken[i].what;
	return NULL;
}

/* Memory */
void *standin_malloc(size_t size, struct malloc_type *type, int flags)
{
	if (flags & M_WAITOK)
		kernel_asleep_allowed("malloc(M_WAITOK)");
	kernel.memory++;
	return calloc(1, size);
}

void standin_free(void *p, struct malloc_type *type)
{
	not_in_filter("free in a filter");
	if (p)
		kernel.memory--;
	free(p);
}

/* Locks */
static pthread_mutex_t *new_lock(void)
{
	pthread_mutex_t *lock = malloc(sizeof(*lock));
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(lock, &attr);
	pthread_mutexattr_destroy(&attr);
	return lock;
}

static void lock(void *host, const char *recursion)
{
	not_in_filter("a lock in a filter");
	if (pthread_mutex_lock(host))
		kernel_broken(recursion);
}

static void unlock(void *host)
{
	if (pthread_mutex_unlock(host))
		kernel_broken("unlocked what was not locked by this thread");
}

static void destroy(void *host)
{
	if (pthread_mutex_destroy(host))
		kernel_broken("destroyed a lock that is held");
	free(host);
}

void mtx_init(struct mtx *m, const char *name, const char *type, int options)
{
	m->host = new_lock();
	kernel.locks++;
}

void mtx_destroy(struct mtx *m)
{
	destroy(m->host);
	m->host = NULL;
	kernel.locks--;
}

void mtx_lock(struct mtx *m)
{
	if (m == &Giant) {
		bus_topo_lock();
		return;
	}
	lock(m->host, "recursed on a mutex");
	mutexes_held++;
}

void mtx_unlock(struct mtx *m)
{
	if (m == &Giant) {
		bus_topo_unlock();
		return;
	}
	mutexes_held--;
	unlock(m->host);
}

int mtx_sleep(const void *channel, struct mtx *m, int pri, const char *why, int timeout)
{
	if (kernel.signal)
		return EINTR;
	mutexes_held--;
	kernel_asleep_allowed("mtx_sleep");
	__atomic_add_fetch(&kernel.sleeping, 1, __ATOMIC_SEQ_CST);
	pthread_cond_wait(&woken, m->host);
	__atomic_sub_fetch(&kernel.sleeping, 1, __ATOMIC_SEQ_CST);
	mutexes_held++;
	return kernel.signal ? EINTR : 0;
}

void wakeup(const void *channel)
{
	if (__atomic_load_n(&kernel.sleeping, __ATOMIC_SEQ_CST))
		kernel.woken++;
	pthread_cond_broadcast(&woken);
}

void sx_init(struct sx *s, const char *name)
{
	s->host = new_lock();
	kernel.locks++;
}

void standin_sx_sysinit(struct sx *s, const char *name)
{
	s->host = new_lock();
}

void standin_mtx_sysinit(struct mtx *m, const char *name)
{
	m->host = new_lock();
}

void sx_destroy(struct sx *s)
{
	destroy(s->host);
	s->host = NULL;
	kernel.locks--;
}

void sx_xlock(struct sx *s)
{
	kernel_asleep_allowed("sx_xlock");
	lock(s->host, "recursed on an sx");
	sxs_held++;
	__atomic_add_fetch(&kernel.sx_locks, 1, __ATOMIC_SEQ_CST);
}

int sx_xlock_sig(struct sx *s)
{
	if (kernel.signal)
		return EINTR;
	sx_xlock(s);
	return 0;
}

void sx_xunlock(struct sx *s)
{
	sxs_held--;
	unlock(s->host);
}

/* Time */
sbintime_t sbinuptime(void)
{
	return __atomic_add_fetch(&kernel.now, 1, __ATOMIC_SEQ_CST);
}

/* As of the last tick: 1 ms. */
sbintime_t getsbinuptime(void)
{
	sbintime_t now = __atomic_add_fetch(&kernel.now, kernel.late, __ATOMIC_SEQ_CST);

	return now - now % SBT_1MS;
}

/* That of 12 overflows after 4 seconds. */
int64_t sbttons(sbintime_t t)
{
	if (__FreeBSD_version < 1300000)
		return (int64_t)((uint64_t)t * 1000000000 >> 32);
	return (t >> 32) * 1000000000 + (int64_t)(((t & 0xffffffff) * 1000000000) >> 32);
}

uint64_t get_cyclecount(void)
{
	if (kernel.cycles_left && !--kernel.cycles_left)
		kernel.on_cycles();
	if (kernel.noise)
		kernel.noise = kernel.noise * 6364136223846793005u + 1442695040888963407u;
	return (uint64_t)sbinuptime() * 3 + (kernel.noise >> 40);
}

int pause_sbt(const char *why, sbintime_t time, sbintime_t precision, int flags)
{
	kernel_asleep_allowed("pause_sbt");
	if (time < 0)
		kernel_broken("pause_sbt: timeout must be >= 0");
	if (kernel.on_pause)
		kernel.on_pause();
	__atomic_add_fetch(&kernel.now, time, __ATOMIC_SEQ_CST);
	return 0;
}

/* Tasks: kernel_run() is their thread */
struct taskqueue {
	bool started;
	struct task *task;
	struct taskqueue *next;
};
static struct taskqueue *queues;
static struct callout *callouts;

void taskqueue_thread_enqueue(void *context)
{
}

struct taskqueue *taskqueue_create_fast(const char *name, int flags, taskqueue_enqueue_fn enqueue,
					void *context)
{
	struct taskqueue *queue = calloc(1, sizeof(*queue));

	kernel_asleep_allowed("taskqueue_create_fast");
	queue->next = queues;
	queues = queue;
	kernel.queues++;
	return queue;
}

int taskqueue_start_threads(struct taskqueue **queue, int count, int pri, const char *name, ...)
{
	if (kernel_fails("taskqueue_start_threads"))
		return ENOMEM;
	(*queue)->started = true;
	return 0;
}

int taskqueue_enqueue(struct taskqueue *queue, struct task *task)
{
	kernel_big_lock();
	if (!queue->started)
		kernel_broken("enqueued on a queue without a thread");
	task->pending = true;
	queue->task = task;
	kernel_big_unlock();
	return 0;
}

static bool run_one(struct taskqueue *queue)
{
	struct task *task;
	bool pending;

	kernel_big_lock();
	task = queue->task;
	pending = task && task->pending;
	if (pending)
		task->pending = false;
	kernel_big_unlock();
	if (pending)
		task->function(task->context, 1);
	return pending;
}

void kernel_run(void)
{
	struct taskqueue *queue;

	for (queue = queues; queue; queue = queue->next)
		while (run_one(queue))
			;
}

void taskqueue_drain(struct taskqueue *queue, struct task *task)
{
	kernel_asleep_allowed("taskqueue_drain");
	while (run_one(queue))
		;
}

void taskqueue_free(struct taskqueue *queue)
{
	struct taskqueue **p = &queues;

	if (queue->task && queue->task->pending)
		kernel_broken("freed a taskqueue with a task pending");
	while (*p != queue)
		p = &(*p)->next;
	*p = queue->next;
	free(queue);
	kernel.queues--;
}

void callout_init(struct callout *c, int mpsafe)
{
	memset(c, 0, sizeof(*c));
}

int callout_reset_sbt(struct callout *c, sbintime_t time, sbintime_t precision, void (*f)(void *),
		      void *argument, int flags)
{
	c->function = f;
	c->argument = argument;
	if (!c->pending) {
		kernel.callouts++;
		c->next = callouts;
		callouts = c;
	}
	c->pending = true;
	return 0;
}

static void callout_unlink(struct callout *c)
{
	struct callout **p = &callouts;

	while (*p != c)
		p = &(*p)->next;
	*p = c->next;
	c->pending = false;
	kernel.callouts--;
}

int callout_drain(struct callout *c)
{
	kernel_asleep_allowed("callout_drain");
	if (c->pending)
		callout_unlink(c);
	return 0;
}

/* Each callout's time has come. */
void kernel_tick(void)
{
	struct callout *c = callouts;

	if (!c)
		return;
	callout_unlink(c);
	c->function(c->argument);
}

/* The rest */
int standin_printf(const char *format, ...)
{
	va_list args;

	not_in_filter("printf in a filter");
	va_start(args, format);
	if (kernel.lines < KERNEL_LINES)
		vsnprintf(kernel.line[kernel.lines++], sizeof(kernel.line[0]), format, args);
	va_end(args);
	return 0;
}

int priv_check(struct thread *td, int priv)
{
	return kernel.no_privilege || priv != PRIV_DRIVER ? EPERM : 0;
}

void le_uuid_dec(void const *buf, struct uuid *uuid)
{
	memcpy(uuid, buf, sizeof(*uuid));
}

int snprintf_uuid(char *buf, size_t size, struct uuid *uuid)
{
	return snprintf(buf, size, "%02x%02x...", uuid->bytes[3], uuid->bytes[2]);
}

u_int cpu_exthigh = 0x80000008;

void do_cpuid(u_int leaf, u_int *regs)
{
	regs[0] = leaf == 0x80000008 ? 0x3028 : 0; /* 40 bits physical */
}

void kernel_set_id(uint64_t a, uint64_t b)
{
	volatile uint64_t *id = (volatile uint64_t *)(kernel.page[0] + KERNEL_OFFSET);

	id[0] = a;
	id[1] = b;
}

void kernel_reset(void)
{
	uint8_t (*page)[PAGE_SIZE] = kernel.page;

	if (!page)
		page = aligned_alloc(PAGE_SIZE, 2 * PAGE_SIZE);
	memset(page, 0, 2 * PAGE_SIZE);
	memset(&kernel, 0, sizeof(kernel));
	kernel.noise = 1;
	kernel.page = page;
	kernel.now = 1000 * SBT_1S;
	kernel.ram_top = 0x80000000;
	kernel.firmware = (struct acpi_node){
		.path = "\\_SB_.VGEN",
		.hid = "QEMUVGID",
		.cid = {"VM_GEN_COUNTER"},
		.addr_type = ACPI_TYPE_PACKAGE,
		.addr_count = 2,
		.element_type = {ACPI_TYPE_INTEGER, ACPI_TYPE_INTEGER, ACPI_TYPE_INTEGER},
		.addr = {KERNEL_PAGE + KERNEL_OFFSET, 0, 0},
	};
	kernel.acpi = (struct device){.name = "acpi", .nameunit = "acpi0", .attached = true};
	kernel.device = (struct device){.handle = &kernel.firmware};
	AcpiGbl_FADT.Flags = 0;
	kernel_tunables_reset();
	kernel_random_reset();
	kernel_set_id(0x1111111111111111u, 0xaaaaaaaaaaaaaaaau);
}
