// SPDX-License-Identifier: BSD-2-Clause
/* test/freebsd/unit: the simulated kernel's generators; their rules are those of the real ones. */
#include "kernel.h"

#define POOLS 32

struct kernel_random kernel_random;
u_int hc_source_mask;

/* What has been put into each pool since it was emptied. */
static struct pool {
	size_t length;
	uint64_t hash;
	uint64_t last;
	bool has[2]; /* either half of the id that is in the page now, or with the event before it */
} pools[POOLS];
static u_int destination[32];
static uint64_t counter;
static bool reseeded;		   /* for the id in the page */
static bool stirred[KERNEL_CPUS];  /* since then */
static uint64_t reseeded_id[2];
#if STANDIN_HAVE_VMGENID
static const struct random_source *source;
#endif


static void pre_read(void);
static bool seeded(void);
#if STANDIN_HAVE_VMGENID
static void alg_read(uint8_t *buf, size_t size);
const struct random_algorithm random_alg_context = {
#else
static void alg_read(uint8_t *buf, u_int size);
struct random_algorithm *p_random_alg_context = &random_alg_context;
struct random_algorithm random_alg_context = {
#endif
	.ra_ident = kernel_random.ident,
	.ra_pre_read = pre_read,
	.ra_read = alg_read,
	.ra_seeded = seeded,
};
int arc4rand_iniseed_state;

static bool seeded(void)
{
	return kernel_random.seeded;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	a = (a ^ b) * 0x9e3779b97f4a7c15u;
	a = (a ^ a >> 29) * 0xbf58476d1ce4e5b9u;
	return a ^ a >> 32;
}

static bool is_fortuna(void)
{
	return !strcmp(kernel_random.ident, "Fortuna");
}

static const uint64_t *page_id(void)
{
	return (const uint64_t *)(kernel.page[0] + KERNEL_OFFSET);
}

void kernel_random_reset(void)
{
	memset(&kernel_random, 0, sizeof(kernel_random));
	strcpy(kernel_random.ident, "Fortuna");
	kernel_random.seeded = true;
	kernel_random.key = 1;
	kernel_random.minpoolsize = 64;
	memset(pools, 0, sizeof(pools));
	memset(destination, 0, sizeof(destination));
	memset(stirred, 0, sizeof(stirred));
	counter = 1;
	reseeded = false;
	arc4rand_iniseed_state = ARC4_ENTR_SEED;
	hc_source_mask = (1u << (RANDOM_INTERRUPT + 1)) - 1;
#if STANDIN_HAVE_VMGENID
	source = NULL;
#endif
}

static void empty(struct pool *pool)
{
	kernel_random.key = mix(kernel_random.key, pool->hash);
	if (pool->has[0] && pool->has[1]) {
		reseeded = true;
		memcpy(reseeded_id, page_id(), sizeof(reseeded_id));
		memset(stirred, 0, sizeof(stirred));
	}
	memset(pool, 0, sizeof(*pool));
	kernel_random.reseeds++;
	counter++;
}

static void pre_read(void)
{
	sbintime_t now = getsbinuptime();

	kernel_big_lock();
	if (is_fortuna() && pools[0].length >= kernel_random.minpoolsize &&
	    now - kernel_random.lasttime > SBT_1S / 10) {
		kernel_random.lasttime = now;
		empty(&pools[0]);
	}
	kernel_big_unlock();
}

/* A request takes blocks, and the next key from the blocks after them. */
static uint64_t take(size_t size)
{
	uint64_t out = mix(kernel_random.key, counter);

	counter += (size + 15) / 16;
	kernel_random.key = mix(kernel_random.key, counter + 0x5555);
	counter += 2;
	return out;
}

static void fill(uint8_t *buf, size_t size)
{
	uint64_t out;
	size_t i;

	kernel_big_lock();
	out = take(size);
	kernel_big_unlock();
	for (i = 0; i < size; i++)
		buf[i] = (uint8_t)(out >> i % 8 * 8);
}

#if STANDIN_HAVE_VMGENID
static void alg_read(uint8_t *buf, size_t size)
{
	if (!kernel_random.seeded)
		kernel_broken("an unseeded generator is read");
	fill(buf, size);
}

void read_random(void *buf, u_int size)
{
	if (!kernel_random.seeded)
		kernel_broken("read_random() blocks for ever: not seeded");
	random_alg_context.ra_pre_read();
	fill(buf, size);
}

bool is_random_seeded(void)
{
	return kernel_random.seeded;
}
#else
static void alg_read(uint8_t *buf, u_int size)
{
	if (size % 16)
		kernel_broken("not whole blocks are read");
	fill(buf, size);
}

u_int read_random(void *buf, u_int size)
{
	random_alg_context.ra_pre_read();
	if (!kernel_random.seeded || kernel_fails("read_random"))
		size = 0;
	fill(buf, size);
	return size;
}
#endif

/* Begun again on demand; no limits are set, and so every repetition is one too many. */
void kernel_health_ondemand(void)
{
	kernel_random.health = STARTUP;
	kernel_random.samples = 0;
}

static bool healthy(uint64_t sample)
{
	struct kernel_random *r = &kernel_random;
	bool repeats = r->samples && (sample == r->last || sample == r->first);

	if (r->health == NOT_TESTED)
		return true;
	if (repeats)
		r->health = FAILED;
	if (r->samples++ % 512 == 0)
		r->first = sample;
	r->last = sample;
	if (r->health == STARTUP && r->samples > 1024)
		r->health = STEADY;
	return r->health == STEADY;
}

bool random_harvest_healthtest(const struct harvest_event *event)
{
	uint64_t sample;

	memcpy(&sample, event->he_entropy, sizeof(sample));
	return healthy(sample);
}

void random_harvest_direct_(const void *p, u_int size, enum random_entropy_source origin)
{
	struct pool *pool = &pools[destination[origin]++ % POOLS];
	uint64_t event;

	if (size != 8)
		kernel_broken("an event that is not of 8 bytes is cut or refused");
	memcpy(&event, p, sizeof(event));
	kernel_big_lock();
#if STANDIN_HAVE_VMGENID
	if (origin == RANDOM_PURE_VMGENID) {
		if (is_fortuna())
			pool = &pools[0];
		/* 15's health tests drop what a source that was not registered sends. */
		if (__FreeBSD_version >= 1500000 && (!source || !healthy(event)))
			pool = NULL;
	}
#endif
	kernel_random.first_pool += pool == &pools[0];
	if (pool) {
		pool->hash = mix(pool->hash, event);
		pool->length += size + 4;
		pool->has[0] |= (event ^ pool->last) == page_id()[0];
		pool->has[1] |= (event ^ pool->last) == page_id()[1];
		pool->last = event;
	}
	kernel_big_unlock();
}

void arc4rand(void *buf, u_int size, int reseed)
{
	uint8_t key[32];
	int cpu;

	if (arc4rand_iniseed_state == ARC4_ENTR_HAVE) {
		arc4rand_iniseed_state = ARC4_ENTR_SEED;
		reseed = 1;
	}
	for (cpu = 0; reseed && cpu < KERNEL_CPUS; cpu++) {
		random_alg_context.ra_pre_read();
		fill(key, sizeof(key));
		memcpy(&kernel_random.arc4[cpu], key, sizeof(kernel_random.arc4[cpu]));
		stirred[cpu] = true;
	}
	memset(buf, 0x5a, size);
}

static void read_for_program(void *to, size_t size)
{
	random_alg_context.ra_pre_read();
	fill(to, size);
}

static int sys_getrandom(struct thread *td, void *args)
{
	read_for_program(args, sizeof(uint64_t));
	return 0;
}

struct sysent sysent[SYS_getrandom + 1] = {[SYS_getrandom] = {sys_getrandom}};

static int arandom(SYSCTL_HANDLER_ARGS)
{
	read_for_program(req->buf, req->size);
	return 0;
}

struct sysctl_oid kernel_arandom = {.name = "arandom", .oid_handler = arandom};

bool kernel_hooked(void)
{
	return random_alg_context.ra_pre_read != pre_read ||
	       sysent[SYS_getrandom].sy_call != sys_getrandom ||
	       kernel_arandom.oid_handler != arandom;
}

uint64_t kernel_draw(void)
{
	uint64_t out;

	sysent[SYS_getrandom].sy_call(curthread, &out);
	return out;
}

uint64_t kernel_draw_arandom(void)
{
	uint64_t out;
	struct sysctl_req req = {&out, sizeof(out)};

	kernel_arandom.oid_handler(&kernel_arandom, NULL, 0, &req);
	return out;
}

uint64_t kernel_draw_arc4(int cpu)
{
	uint8_t out[4];

	arc4rand(out, sizeof(out), 0);
	kernel_random.arc4[cpu] = mix(kernel_random.arc4[cpu], 7);
	return kernel_random.arc4[cpu];
}

/* Reaches each CPU's generator and arc4random(9) at their next draw. */
uint64_t fxrng_root_generation = 1;

void fxrng_brng_reseed(const void *seed, size_t size)
{
	struct pool pool = {.length = size};
	uint64_t word;
	size_t i;
	int cpu;

	if (is_fortuna())
		kernel_broken("Fenestras X is reseeded, and is not there");
	kernel_big_lock();
	for (i = 0; i + sizeof(word) <= size; i += sizeof(word)) {
		memcpy(&word, (const char *)seed + i, sizeof(word));
		pool.hash = mix(pool.hash, word);
		pool.has[0] |= word == page_id()[0];
		pool.has[1] |= word == page_id()[1];
	}
	empty(&pool);
	for (cpu = 0; cpu < KERNEL_CPUS; cpu++) {
		kernel_random.arc4[cpu] = mix(kernel_random.key, (uint64_t)cpu);
		stirred[cpu] = true;
	}
	fxrng_root_generation++;
	kernel_big_unlock();
}

/* Reseeds at its own time, and without the id. */
void kernel_fenestras_timer(void)
{
	uint64_t word = 0;

	fxrng_brng_reseed(&word, sizeof(word));
}

bool kernel_reseeded_for_id(void)
{
	int cpu;

	if (!reseeded || memcmp(reseeded_id, page_id(), sizeof(reseeded_id)) != 0)
		return false;
	for (cpu = 0; cpu < KERNEL_CPUS; cpu++)
		if (!stirred[cpu])
			return false;
	return true;
}

#if STANDIN_HAVE_VMGENID
static void register_source(const struct random_source *s)
{
	if (!s->rs_read)
		kernel_broken("the harvest thread calls rs_read, which is NULL");
	source = s;
	kernel.sources++;
	hc_source_mask |= 1u << s->rs_source;
}

static void deregister_source(const struct random_source *s)
{
	source = NULL;
	kernel.sources--;
	hc_source_mask &= ~(1u << s->rs_source);
}

void kernel_own_source(void)
{
	static const struct random_source own = {"own", RANDOM_PURE_VMGENID, NULL};

	source = &own;
	hc_source_mask |= 1u << own.rs_source;
}

#if __FreeBSD_version >= 1500000
void random_source_register(const struct random_source *s)
{
	register_source(s);
}

void random_source_deregister(const struct random_source *s)
{
	deregister_source(s);
}
#else
void random_source_register(struct random_source *s)
{
	register_source(s);
}

void random_source_deregister(struct random_source *s)
{
	deregister_source(s);
}
#endif
#else
void kernel_own_source(void)
{
}
#endif

int kernel_sysctlbyname(struct thread *td, char *name, void *old, size_t *len, void *new,
			size_t newlen, size_t *retval, int flags)
{
	kernel_asleep_allowed("kernel_sysctlbyname");
	if (kernel_fails("kernel_sysctlbyname") || kernel_random.no_minpoolsize || new ||
	    strcmp(name, "kern.random.fortuna.minpoolsize") != 0)
		return ENOENT;
	memcpy(old, &kernel_random.minpoolsize, sizeof(u_int));
	*len = sizeof(u_int);
	return 0;
}
