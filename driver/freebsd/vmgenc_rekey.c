// SPDX-License-Identifier: BSD-2-Clause
/*
 * driver/freebsd: makes random(4) and arc4random(9) reseed, and verifies that they did, although
 * neither reports it.
 */
#include "vmgenc_var.h"

#include <sys/linker.h>
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
 * Fenestras X (fenestrasX/fx_pool.c, fx_brng.c) counts its reseeds in fxrng_root_generation.  It
 * reseeds on its own schedule, always from pool 0 too.  Nothing is settled until the count changes.
 *
 * arc4random(9) takes a key for each CPU from random(4) when arc4rand() is told to reseed.
 */
#define	EVENT_SIZE	8	/* the bytes of one random_harvest_direct() */
#define	POOLS		32	/* of Fortuna; Fenestras X has fewer */
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
read_nothing(void *buf, u_int size)
{

	return (0);
}

static struct random_source source = {
	.rs_ident = "VM Generation ID",
	.rs_source = RANDOM_PURE_VMGENID,
	.rs_read = read_nothing,
};

/* With the companion, the system's own driver has registered the source and keeps it. */
static void
source_start(void)
{

	registered = (hc_source_mask & (1u << RANDOM_PURE_VMGENID)) == 0;
	if (registered)
		random_source_register(&source);
}

static void
source_stop(void)
{

	if (registered)
		random_source_deregister(&source);
	registered = false;
}

static bool
source_accepted(void)
{

	return ((hc_source_mask & (1u << RANDOM_PURE_VMGENID)) != 0);
}
#else
static void
source_start(void)
{
}

static void
source_stop(void)
{
}

static bool
source_accepted(void)
{

	return (true);
}
#endif

void
vmgenc_rekey_start(void)
{

	sx_xlock(&rekey_lock);
	if (users++ == 0)
		source_start();
	sx_xunlock(&rekey_lock);
}

void
vmgenc_rekey_stop(void)
{

	sx_xlock(&rekey_lock);
	if (--users == 0)
		source_stop();
	sx_xunlock(&rekey_lock);
}

static bool
is_fortuna(void)
{

	return (strcmp(p_random_alg_context->ra_ident, "Fortuna") == 0);
}

/* Whether a generation that is settled can be rekeyed once more. */
bool
vmgenc_rekey_repeats(void)
{

	return (is_fortuna());
}

/* The number of bytes that pool 0 needs, or 0 if it is not known. */
static u_int
fortuna_pool_size(void)
{
	char name[] = "kern.random.fortuna.minpoolsize";
	u_int size = 0;
	size_t len = sizeof(size);

	if (kernel_sysctlbyname(curthread, name, &size, &len, NULL, 0, NULL, 0) != 0 ||
	    len != sizeof(size) || size > MAX_POOL_SIZE)
		return (0);
	return (size);
}

/* Returns NULL if the kernel has no such generator or no symbols. */
static const volatile uint64_t *
fenestras_generation(void)
{

	return ((const volatile uint64_t *)linker_file_lookup_symbol(linker_kernel_file,
	    "fxrng_root_generation", 0));
}

static void
harvest(const void *event)
{
#if VMGENC_HAVE_SOURCE
	random_harvest_direct(event, EVENT_SIZE, RANDOM_PURE_VMGENID);
#else
	/* The boot loader's source: nothing else uses it by now, so the events reach all pools. */
	random_harvest_direct_(event, EVENT_SIZE, RANDOM_CACHED);
#endif
}

/* Events of other sources than VMGENID, and of any source in Fenestras X, go to pools in turn. */
static u_int
pools(void)
{

	return (VMGENC_HAVE_SOURCE && is_fortuna() ? 1 : POOLS);
}

/*
 * Puts each sample into pool 0, which the next reseed uses: into all pools where events go to the
 * pools in turn.  Returns whether the samples count.
 */
static bool
feed_jitter(struct vmgenc_jitter *jitter)
{
	uint64_t event;
	u_int i, pool;
	bool counts;

	counts = vmgenc_jitter_gather(jitter);
	for (i = 0; i + 1 < jitter->count; i += 2) {
		event = (uint64_t)jitter->samples[i] << 32 | jitter->samples[i + 1];
		for (pool = 0; pool < pools(); pool++)
			harvest(&event);
	}
	explicit_bzero(&event, sizeof(event));
	vmgenc_jitter_wipe(jitter);
	return (counts);
}

/*
 * Puts at least `size' bytes into pool 0.
 *
 * A new id is enough to make two clones differ; time and cycles are for hosts that give both the
 * same id.
 */
static void
feed(const uint64_t id[2], u_int size)
{
	uint64_t fresh[4] = { id[0], id[1] };
	u_int i, rounds;

	CTASSERT(sizeof(fresh[0]) == EVENT_SIZE);
	rounds = MAX(howmany(size, EVENT_SIZE), nitems(fresh));
	for (i = 0; i < rounds * pools(); i++) {
		fresh[2] = get_cyclecount();
		fresh[3] = sbinuptime();
		harvest(&fresh[i / pools() % nitems(fresh)]);
	}
	explicit_bzero(fresh, sizeof(fresh));
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

void
vmgenc_diverge(struct vmgenc_softc *sc, const uint64_t id[2])
{
	u_int i, nibble;

	mtx_lock(&diverge_lock);
	if (sc->diverged[0] != id[0] || sc->diverged[1] != id[1]) {
		for (i = 0; i < 32; i++) {
			nibble = id[i / 16] >> (i % 16 * 4) & 0xf;
			p_random_alg_context->ra_read(diverge_reads,
			    (nibble + 1) * VMGENC_RANDOM_BLOCK);
		}
		explicit_bzero(diverge_reads, sizeof(diverge_reads));
		atomic_thread_fence_seq_cst();
		sc->diverged[0] = id[0];
		sc->diverged[1] = id[1];
	}
	mtx_unlock(&diverge_lock);
}

/* Makes arc4random(9) take a new key for each CPU from random(4). */
static void
stir(void)
{

	arc4rand(discarded, 16, 1);
}

/* Reads the clock once for each turn, because pause_sbt(9) must not get a negative time. */
static void
wait_for_gate(sbintime_t fed)
{
	sbintime_t since;

	while ((since = getsbinuptime() - fed) <= GATE)
		pause_sbt("vmgenc", GATE - since + SBT_1MS, SBT_1MS, 0);
}

/*
 * The id that was last fed to Fenestras X, and its count then.  A retry compares with this count,
 * because the reseed may come after an attempt has given up.
 */
static struct {
	uint64_t	id[2];
	uint64_t	generation;
} fenestras_fed;

static int
fenestras_begin(const uint64_t id[2])
{
	const volatile uint64_t *generation = fenestras_generation();

	if (generation == NULL)
		return (EIO);
	if (fenestras_fed.id[0] == id[0] && fenestras_fed.id[1] == id[1])
		return (*generation != fenestras_fed.generation ? 0 : EIO);
	fenestras_fed.id[0] = id[0];
	fenestras_fed.id[1] = id[1];
	fenestras_fed.generation = *generation;
	return (EIO);
}

static int
fenestras_end(const uint64_t id[2])
{
	int error;

	/* Checked before stir(), so that the result holds for the keys of arc4random(9), too. */
	error = fenestras_begin(id);
	stir();
	if (error == 0)
		memset(&fenestras_fed, 0, sizeof(fenestras_fed));
	return (error);
}

static int
rekey(struct vmgenc_softc *sc, const uint64_t id[2], u_int size, bool *secret)
{
	sbintime_t fed;

	vmgenc_diverge(sc, id);
	stir();
	if (!is_fortuna())
		(void)fenestras_begin(id);
	if (!*secret)
		*secret = feed_jitter(sc->jitter);
	feed(id, size);
	fed = getsbinuptime();
	/* Fortuna reseeds here if 100 ms have passed; if not, it does in the second read. */
	if (!vmgenc_read_random(discarded, 16))
		return (ENODATA);
	wait_for_gate(fed);
	if (!vmgenc_read_random(discarded, 16))
		return (ENODATA);
	if (!is_fortuna())
		return (fenestras_end(id));
	stir();
	return (0);
}

/* Logs each reason once, although every later look tries again. */
static void
complain(struct vmgenc_core *core, const char *reason)
{
	static const char *said;

	if (reason != NULL && reason != said)
		vmgenc_os_log(core, VMGENC_LOG_ERROR, "%s", reason);
	said = reason;
}

int
vmgenc_os_rekey(struct vmgenc_core *core, const uint64_t id[2], bool *secret)
{
	const char *reason = NULL;
	u_int size = 64;
	int error;

	if (!vmgenc_random_seeded())
		return (-ENODATA);
	if (is_fortuna())
		size = fortuna_pool_size();
	sx_xlock(&rekey_lock);
	if (size == 0)
		reason = "kern.random.fortuna.minpoolsize cannot be read or is out of range";
	else if (!source_accepted())
		reason = "random(4) does not accept events of VMGENID";
	complain(core, reason);
	error = reason != NULL ? EIO : rekey(vmgenc_softc_of(core), id, size, secret);
	explicit_bzero(discarded, sizeof(discarded));
	sx_xunlock(&rekey_lock);
	return (-error);
}
