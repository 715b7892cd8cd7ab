// SPDX-License-Identifier: BSD-2-Clause
/* driver/freebsd: a look at the id before each draw that vmgenc_hooks.c can catch. */
#include "vmgenc_var.h"

#include <sys/libkern.h>

/*
 * Makes arc4random(9) reseed every CPU's state before the next draw on any of them, since only one
 * processor takes the ACPI interrupt and the others continue to draw.  arc4random(9) does so when
 * arc4rand_iniseed_state says that there is entropy; random(4) itself sets it once, when it is
 * first seeded.  It is one store, so an interrupt filter may do it.  Fenestras X does not need this
 * and has no such variable.
 */
#pragma weak arc4rand_iniseed_state

void
vmgenc_draws_restir(void)
{

	if (&arc4rand_iniseed_state != NULL)
		(void)atomic_cmpset_int((volatile u_int *)&arc4rand_iniseed_state,
		    ARC4_ENTR_SEED, ARC4_ENTR_HAVE);
}

#define	MAX_DEVICES	8

/*
 * The hooks compare the id, with two loads.  Callers may hold mutexes, so they do not settle a
 * change.  They make the generators diverge from those of other clones before the draw continues,
 * and kick the task.
 */
static struct vmgenc_softc *volatile hooked[MAX_DEVICES];
static bool installed;
static volatile u_int inside;
static struct sx hooks_lock;
SX_SYSINIT(vmgenc_hooks, &hooks_lock, "vmgenc hooks");

bool
vmgenc_draws_part(struct vmgenc_softc *sc)
{
	uint64_t id[2] = { sc->core.raw[0], sc->core.raw[1] };

	if (__predict_true(id[0] == sc->diverged[0] && id[1] == sc->diverged[1]))
		return (false);
	if (vmgenc_core_unfilled(id) || !vmgenc_random_seeded())
		return (false);
	vmgenc_diverge(sc, id);
	vmgenc_draws_restir();
	return (true);
}

/*
 * Before 13, the hook is where random(4) is read.  arc4random(9) comes there only when it takes a
 * new key.  With draws=2, each such read sets arc4rand_iniseed_state again, so that the next draw
 * takes a new key, too.  This comes first, since draws on other CPUs do not wait for this one.
 */
static void
vmgenc_arm(void)
{

	if (VMGENC_HAVE_READ_HOOK && vmgenc_tunable_draws > 1)
		vmgenc_draws_restir();
}

void
vmgenc_draws_enter(void)
{
	struct vmgenc_softc *sc;
	int i;

	atomic_add_acq_int(&inside, 1);
	vmgenc_arm();
	for (i = 0; i < MAX_DEVICES; i++) {
		sc = hooked[i];
		if (sc != NULL && vmgenc_draws_part(sc))
			vmgenc_kick(sc, VMGENC_TRIGGER_DRAW);
	}
}

void
vmgenc_draws_leave(void)
{

	atomic_subtract_rel_int(&inside, 1);
}

/*
 * Waits until no thread is in a hook.  The pause covers threads that have read its address but not
 * entered it yet, and those that have left the count but not returned yet.
 */
static void
vmgenc_wait_for_draws(void)
{

	do {
		pause_sbt("vmgenc", SBT_1S / 20, 0, 0);
	} while (atomic_load_acq_int(&inside) != 0);
}

void
vmgenc_draws_start(struct vmgenc_softc *sc)
{
	int i;

	sc->diverged[0] = sc->core.seen[0];
	sc->diverged[1] = sc->core.seen[1];
	if (!vmgenc_tunable_draws)
		return;
	sx_xlock(&hooks_lock);
	if (!installed) {
		vmgenc_hooks_install();
		installed = true;
	}
	for (i = 0; i < MAX_DEVICES && hooked[i] != NULL; i++)
		;
	if (i < MAX_DEVICES)
		hooked[i] = sc;
	sx_xunlock(&hooks_lock);
	vmgenc_arm();
}

void
vmgenc_draws_stop(struct vmgenc_softc *sc)
{
	bool any = false, ours = false;
	int i;

	sx_xlock(&hooks_lock);
	for (i = 0; i < MAX_DEVICES; i++) {
		if (hooked[i] == sc) {
			hooked[i] = NULL;
			ours = true;
		}
		any |= hooked[i] != NULL;
	}
	if (installed && !any) {
		vmgenc_hooks_remove();
		installed = false;
	}
	if (ours)
		vmgenc_wait_for_draws();
	sx_xunlock(&hooks_lock);
}
