// SPDX-License-Identifier: BSD-2-Clause
/*
 * driver/freebsd: makes random(4) and arc4random(9) reseed, and verifies that they did, although
 * neither reports it.
 */
#include "vmgenc_var.h"

#include <sys/proc.h>

/*
 * No generator of FreeBSD reports a reseed.  `settled' relies on the rules by which each reseeds
 * (from the sources of 12.1, 13.0, 14 and main), whose conditions this file checks.
 *
 * Fortuna (sys/dev/random/fortuna.c, random_fortuna_pre_read()) reseeds from pool 0, in a read,
 * when pool 0 has kern.random.fortuna.minpoolsize bytes and the last reseed was more than 100 ms
 * of getsbinuptime() ago.  Only a reseed empties pool 0.  Once minpoolsize bytes of ours are in
 * it and 100 ms have passed, either another read has already reseeded from them, or our next read
 * does.
 *
 * Fenestras X counts its reseeds, and has a function to reseed: see vmgenc_fenestras.c.
 *
 * arc4random(9) takes a key for each CPU from random(4) when arc4rand() is told to reseed.
 */
#define	EVENT_SIZE	8	/* the bytes of one random_harvest_direct() */
#define	POOLS		32	/* of Fortuna */
#define	MAX_POOL_SIZE	65536	/* a larger minpoolsize is refused as a mistake */
#define	GATE		(SBT_1S / 10)

/* Held through a rekey, and guards `discarded'; two devices are rekeyed one after the other. */
static struct sx rekey_lock;
SX_SYSINIT(vmgenc_rekey, &rekey_lock, "vmgenc rekey");
static uint8_t discarded[16];
static u_int users;

#if VMGENC_HAVE_SOURCE
static bool registered;

/* random(4) accepts events only of a registered source; this one returns nothing when polled. */
static u_int
vmgenc_read_nothing(void *buf, u_int size)
{

	return (0);
}

static struct random_source source = {
	.rs_ident = "VM Generation ID",
	.rs_source = RANDOM_PURE_VMGENID,
	.rs_read = vmgenc_read_nothing,
};

/* With the companion, the system's own driver has registered the source and keeps it. */
static void
vmgenc_source_start(void)
{

	registered = (hc_source_mask & (1u << RANDOM_PURE_VMGENID)) == 0;
	if (registered)
		random_source_register(&source);
}

static void
vmgenc_source_stop(void)
{

	if (registered)
		random_source_deregister(&source);
	registered = false;
}

static bool
vmgenc_source_accepted(void)
{

	return ((atomic_load_int(&hc_source_mask) & (1u << RANDOM_PURE_VMGENID)) != 0);
}
#else
static void
vmgenc_source_start(void)
{
}

static void
vmgenc_source_stop(void)
{
}

static bool
vmgenc_source_accepted(void)
{

	return (true);
}
#endif

void
vmgenc_rekey_start(void)
{

	sx_xlock(&rekey_lock);
	if (users++ == 0)
		vmgenc_source_start();
	sx_xunlock(&rekey_lock);
}

void
vmgenc_rekey_stop(void)
{

	sx_xlock(&rekey_lock);
	if (--users == 0)
		vmgenc_source_stop();
	sx_xunlock(&rekey_lock);
}

static bool
vmgenc_is_fortuna(void)
{

	return (strcmp(p_random_alg_context->ra_ident, "Fortuna") == 0);
}

/* Whether a generation that is settled can be rekeyed once more. */
bool
vmgenc_rekey_repeats(void)
{

	return (vmgenc_is_fortuna());
}

/* The number of bytes that pool 0 needs, or 0 if it is not known. */
static u_int
vmgenc_fortuna_pool_size(void)
{
	char name[] = "kern.random.fortuna.minpoolsize";
	u_int size = 0;
	size_t len = sizeof(size);

	if (kernel_sysctlbyname(curthread, name, &size, &len, NULL, 0, NULL, 0) != 0 ||
	    len != sizeof(size) || size > MAX_POOL_SIZE)
		return (0);
	return (size);
}

static void
vmgenc_harvest(const void *event)
{
#if VMGENC_HAVE_SOURCE
	random_harvest_direct(event, EVENT_SIZE, RANDOM_PURE_VMGENID);
#else
	/* The boot loader's source: nothing else uses it by now, so the events reach all pools. */
	random_harvest_direct_(event, EVENT_SIZE, RANDOM_CACHED);
#endif
}

/* Events of other sources than VMGENID go to the pools in turn. */
static u_int
vmgenc_pools(void)
{

	return (VMGENC_HAVE_SOURCE ? 1 : POOLS);
}

/*
 * 15 tests a source whose bit kern.random.nist_healthtest_ondemand is given: it discards 1,024
 * samples, and then all after one that is equal to the sample before it or to the first of a window
 * of 512.  (VMGENID has no limits of its own, and so the strictest.)  Until then it tests nothing.
 * These samples end a test that has begun.  Returns whether samples are used.
 */
#define	TEST_SAMPLES	1030

static bool
vmgenc_heard(void)
{
	uint64_t sample;
	u_int i;

	if (vmgenc_random_hears(get_cyclecount()))
		return (true);
	for (i = 0; i < TEST_SAMPLES; i++) {
		sample = get_cyclecount();
		vmgenc_harvest(&sample);
	}
	return (vmgenc_random_hears(get_cyclecount()));
}

/*
 * Puts each sample into pool 0, which the next reseed uses: into all pools where events go to the
 * pools in turn.  Returns whether the samples count.
 */
static bool
vmgenc_feed_jitter(struct vmgenc_jitter *jitter)
{
	uint64_t event;
	u_int i, pool;
	bool counts;

	counts = vmgenc_jitter_gather(jitter);
	for (i = 0; i + 1 < jitter->count; i += 2) {
		event = (uint64_t)jitter->samples[i] << 32 | jitter->samples[i + 1];
		for (pool = 0; pool < vmgenc_pools(); pool++)
			vmgenc_harvest(&event);
	}
	explicit_bzero(&event, sizeof(event));
	vmgenc_jitter_wipe(jitter);
	return (counts);
}

/*
 * Puts at least `size' bytes into pool 0.
 *
 * A new id is enough to make two clones differ; time and cycles are for hosts that give both the
 * same id.  Each half of the id goes with a count of cycles, so that a health test never finds a
 * sample that was there before.
 */
static void
vmgenc_feed(const uint64_t id[2], u_int size)
{
	uint64_t cycles = 0, sample;
	u_int i, pool, rounds;

	CTASSERT(sizeof(sample) == EVENT_SIZE);
	rounds = MAX(howmany(size, EVENT_SIZE), 5);
	for (i = 0; i < rounds; i++) {
		if (i == 4) {
			sample = sbinuptime();
		} else if (i % 2 == 0) {
			cycles = get_cyclecount();
			sample = cycles;
		} else {
			sample = cycles ^ id[i / 2 % 2];
		}
		for (pool = 0; pool < vmgenc_pools(); pool++)
			vmgenc_harvest(&sample);
	}
	explicit_bzero(&sample, sizeof(sample));
	explicit_bzero(&cycles, sizeof(cycles));
}

/*
 * Until Fortuna may reseed, up to 100 ms, its output follows from the state that clones share.  But
 * after each request it takes its next key from where the request ended, so requests of different
 * lengths leave different keys.  Requests whose sizes encode the id make clones diverge at once.
 * This adds nothing secret, and `settled' does not depend on it.
 *
 * May be called with mutexes held, and by random(4) itself before it reads.  random(4) must be
 * seeded.
 */
static struct mtx diverge_lock;
MTX_SYSINIT(vmgenc_diverge, &diverge_lock, "vmgenc diverge", MTX_DEF);
static uint8_t diverge_reads[16 * VMGENC_RANDOM_BLOCK];

static void
vmgenc_diverge_fortuna(const uint64_t id[2])
{
	u_int i, nibble;

	for (i = 0; i < 32; i++) {
		nibble = id[i / 16] >> (i % 16 * 4) & 0xf;
		p_random_alg_context->ra_read(diverge_reads, (nibble + 1) * VMGENC_RANDOM_BLOCK);
	}
	explicit_bzero(diverge_reads, sizeof(diverge_reads));
}

void
vmgenc_diverge(struct vmgenc_softc *sc, const uint64_t id[2])
{

	mtx_lock(&diverge_lock);
	if (sc->diverged[0] != id[0] || sc->diverged[1] != id[1]) {
		if (vmgenc_fenestras())
			(void)vmgenc_fenestras_reseed(id, 2 * sizeof(id[0]));
		else
			vmgenc_diverge_fortuna(id);
		atomic_thread_fence_seq_cst();
		sc->diverged[0] = id[0];
		sc->diverged[1] = id[1];
	}
	mtx_unlock(&diverge_lock);
}

/* Makes arc4random(9) take a new key for each CPU from random(4). */
static void
vmgenc_stir(void)
{

	arc4rand(discarded, 16, 1);
}

/* Reads the clock once for each turn, because pause_sbt(9) must not get a negative time. */
static void
vmgenc_wait_for_gate(sbintime_t fed)
{
	sbintime_t since;

	while ((since = getsbinuptime() - fed) <= GATE)
		pause_sbt("vmgenc", GATE - since + SBT_1MS, SBT_1MS, 0);
}

static int
vmgenc_rekey_fortuna(struct vmgenc_softc *sc, const uint64_t id[2], u_int size, bool *secret)
{
	sbintime_t fed;

	vmgenc_diverge(sc, id);
	vmgenc_stir();
	if (!*secret)
		*secret = vmgenc_feed_jitter(sc->jitter);
	vmgenc_feed(id, size);
	/* A test that began meanwhile has discarded some of it. */
	if (!vmgenc_random_hears(get_cyclecount()))
		return (EIO);
	fed = getsbinuptime();
	/* Fortuna reseeds here if 100 ms have passed; if not, it does in the second read. */
	if (!vmgenc_read_random(discarded, 16))
		return (ENODATA);
	vmgenc_wait_for_gate(fed);
	if (!vmgenc_read_random(discarded, 16))
		return (ENODATA);
	vmgenc_stir();
	return (0);
}

static int
vmgenc_rekey_fenestras(struct vmgenc_softc *sc, const uint64_t id[2], bool *secret)
{
	uint64_t fresh[4] = { id[0], id[1], get_cyclecount(), sbinuptime() };
	int error;

	error = vmgenc_fenestras_reseed(fresh, sizeof(fresh));
	if (error == 0 && !*secret) {
		*secret = vmgenc_jitter_gather(sc->jitter);
		error = vmgenc_fenestras_reseed(sc->jitter->samples,
		    sc->jitter->count * sizeof(sc->jitter->samples[0]));
		vmgenc_jitter_wipe(sc->jitter);
	}
	explicit_bzero(fresh, sizeof(fresh));
	return (error);
}

/* Logs each reason once, although every later look tries again. */
static void
vmgenc_complain(struct vmgenc_core *core, const char *reason)
{
	static const char *said;

	if (reason != NULL && reason != said)
		vmgenc_os_log(core, VMGENC_LOG_ERROR, "%s", reason);
	said = reason;
}

/* Why Fortuna cannot be rekeyed, or NULL; sets the size of the pool that has to be filled. */
static const char *
vmgenc_fortuna_refuses(u_int *size)
{

	*size = vmgenc_fortuna_pool_size();
	if (*size == 0)
		return ("kern.random.fortuna.minpoolsize cannot be read or is out of range");
	if (!vmgenc_source_accepted())
		return ("random(4) does not accept events of VMGENID");
	if (!vmgenc_heard())
		return ("random(4) discards events of VMGENID: they failed its health test");
	return (NULL);
}

int
vmgenc_os_rekey(struct vmgenc_core *core, const uint64_t id[2], bool *secret)
{
	struct vmgenc_softc *sc = vmgenc_softc_of(core);
	const char *reason = NULL;
	u_int size = 0;
	int error;

	if (!vmgenc_random_seeded())
		return (-ENODATA);
	sx_xlock(&rekey_lock);
	if (vmgenc_is_fortuna())
		reason = vmgenc_fortuna_refuses(&size);
	else if (!vmgenc_fenestras())
		reason = "random(4) has a generator that this driver does not know";
	vmgenc_complain(core, reason);
	if (reason != NULL)
		error = EIO;
	else if (vmgenc_is_fortuna())
		error = vmgenc_rekey_fortuna(sc, id, size, secret);
	else
		error = vmgenc_rekey_fenestras(sc, id, secret);
	explicit_bzero(discarded, sizeof(discarded));
	sx_xunlock(&rekey_lock);
	return (-error);
}
