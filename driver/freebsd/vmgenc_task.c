// SPDX-License-Identifier: BSD-2-Clause
/* driver/freebsd: the thread that looks when it is kicked, and the slow look. */
#include "vmgenc_var.h"

#include <sys/priority.h>

#define	KICK_TELL	(1u << 31)
#define	KICK_AGAIN	(1u << 30)

/* In any context, also an interrupt filter.  Sets the bit before it enqueues the task. */
static void
vmgenc_kick_bit(struct vmgenc_softc *sc, u_int bit)
{

	atomic_set_int(&sc->kicked, bit);
	taskqueue_enqueue(sc->queue, &sc->task);
}

void
vmgenc_kick(struct vmgenc_softc *sc, enum vmgenc_trigger trigger)
{

	vmgenc_kick_bit(sc, 1u << trigger);
}

void
vmgenc_os_defer(struct vmgenc_core *core)
{

	vmgenc_kick_bit(vmgenc_softc_of(core), KICK_TELL);
}

/* An early interrupt and its notification are two bits; the second look finds the work done. */
static void
vmgenc_work(void *context, int pending)
{
	struct vmgenc_softc *sc = context;
	enum vmgenc_trigger trigger;
	u_int kicked;

	kicked = atomic_readandclear_int(&sc->kicked);
	for (trigger = VMGENC_TRIGGER_ATTACH; trigger <= VMGENC_TRIGGER_DRAW; trigger++)
		if ((kicked & 1u << trigger) != 0)
			(void)vmgenc_core_look(&sc->core, trigger);	/* tell logs errors */
	if ((kicked & KICK_AGAIN) != 0)
		(void)vmgenc_core_again(&sc->core, sc->again.generation, false);
	vmgenc_core_tell(&sc->core);
}

static void vmgenc_look_later(struct vmgenc_softc *sc);

/*
 * After a change random(4) continues to gather entropy, and Fortuna reseeds from it when it is read.
 * Rekeying again makes arc4random(9) use it too, and adds new jitter.  Fenestras X reseeds on its
 * own schedule, so there this would fail.
 *
 * May not sleep.  Counts from the first look after the change; the core checks whether the
 * generation is still in force.
 */
static void
vmgenc_again(struct vmgenc_softc *sc)
{
	static const int after_s[] = { 1, 10, 100, 300 };
	const volatile struct vmgenc_page *page = sc->core.page;
	uint64_t generation = page->generation;

	if (page->settled != generation || !vmgenc_rekey_repeats())
		return;
	if (generation != sc->again.generation) {
		sc->again.generation = generation;
		sc->again.times = 0;
		sc->again.begun = getsbinuptime();
	}
	if (sc->again.times >= nitems(after_s) ||
	    getsbinuptime() - sc->again.begun < after_s[sc->again.times] * SBT_1S)
		return;
	sc->again.times++;
	vmgenc_kick_bit(sc, KICK_AGAIN);
}

/* For hosts that never notify, to retry a failed rekey, and to repeat one. */
static void
vmgenc_slow_look(void *context)
{
	struct vmgenc_softc *sc = context;

	vmgenc_again(sc);
	if (vmgenc_core_pending(&sc->core))
		vmgenc_kick(sc, VMGENC_TRIGGER_LOOK);
	vmgenc_look_later(sc);
}

static void
vmgenc_look_later(struct vmgenc_softc *sc)
{
	sbintime_t period = vmgenc_tunable_look_ms * SBT_1MS;

	callout_reset_sbt(&sc->look, period, period / 8, vmgenc_slow_look, sc, 0);
}

/*
 * The task has a queue of its own, because a reseed sleeps for 100 ms.  The queue is a fast one,
 * whose spin lock an interrupt filter can take, and the thread's priority is above everything that
 * draws.
 */
int
vmgenc_task_start(struct vmgenc_softc *sc)
{
	int error;

	callout_init(&sc->look, 1);
	TASK_INIT(&sc->task, 0, vmgenc_work, sc);
	sc->queue = taskqueue_create_fast("vmgenc", M_WAITOK, taskqueue_thread_enqueue,
	    &sc->queue);
	error = taskqueue_start_threads(&sc->queue, 1, PI_REALTIME, "%s",
	    device_get_nameunit(sc->dev));
	if (error != 0) {
		vmgenc_os_log(&sc->core, VMGENC_LOG_ERROR, "no thread can be started (error %d)",
		    error);
		taskqueue_free(sc->queue);
		sc->queue = NULL;
		return (error);
	}
	vmgenc_kick(sc, VMGENC_TRIGGER_ATTACH);
	if (vmgenc_tunable_look_ms > 0)
		vmgenc_look_later(sc);
	return (0);
}

void
vmgenc_task_stop(struct vmgenc_softc *sc)
{

	callout_drain(&sc->look);
	taskqueue_drain(sc->queue, &sc->task);
	taskqueue_free(sc->queue);
	sc->queue = NULL;
}
