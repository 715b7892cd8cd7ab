// SPDX-License-Identifier: BSD-2-Clause
/*
 * driver/freebsd: where vmgenc_draws.c can look before a draw.  Installed and removed with its lock
 * held.
 */
#include "vmgenc_var.h"

#if VMGENC_HAVE_READ_HOOK
/*
 * Before 13: each read, by programs or the kernel, calls the algorithm's ra_pre_read, to reseed if
 * needed.
 */
static void (*pre_read)(void);

static void
vmgenc_on_pre_read(void)
{

	vmgenc_draws_enter();
	pre_read();
	vmgenc_draws_leave();
}

void
vmgenc_hooks_install(void)
{

	pre_read = random_alg_context.ra_pre_read;
	atomic_thread_fence_seq_cst();
	random_alg_context.ra_pre_read = vmgenc_on_pre_read;
}

void
vmgenc_hooks_remove(void)
{

	random_alg_context.ra_pre_read = pre_read;
}
#else
#include <sys/proc.h>
#include <sys/syscall.h>
#include <sys/sysent.h>

/*
 * From 13 on, the algorithm is constant, and the kernel's own reads have no hook.  Programs draw by
 * getrandom(2), which libc's generators use as well, and by the sysctl kern.arandom.  (A read of
 * /dev/random has none either: random(4) keeps its cdevsw to itself.)
 */
static sy_call_t *getrandom_before;
static int (*arandom_before)(SYSCTL_HANDLER_ARGS);
static struct sysctl_oid *arandom;

static int
vmgenc_on_getrandom(struct thread *td, void *args)
{
	int error;

	vmgenc_draws_enter();
	error = getrandom_before(td, args);
	vmgenc_draws_leave();
	return (error);
}

static int
vmgenc_on_arandom(SYSCTL_HANDLER_ARGS)
{
	int error;

	vmgenc_draws_enter();
	error = arandom_before(oidp, arg1, arg2, req);
	vmgenc_draws_leave();
	return (error);
}

static void
vmgenc_arandom_install(void)
{
	int name[] = { CTL_KERN, KERN_ARND }, index;

	sysctl_wlock();
	if (sysctl_find_oid(name, nitems(name), &arandom, &index, NULL) != 0)
		arandom = NULL;
	if (arandom != NULL) {
		arandom_before = arandom->oid_handler;
		atomic_thread_fence_seq_cst();
		arandom->oid_handler = vmgenc_on_arandom;
	}
	sysctl_wunlock();
}

void
vmgenc_hooks_install(void)
{

	getrandom_before = sysent[SYS_getrandom].sy_call;
	atomic_thread_fence_seq_cst();
	sysent[SYS_getrandom].sy_call = vmgenc_on_getrandom;
	vmgenc_arandom_install();
}

void
vmgenc_hooks_remove(void)
{

	sysent[SYS_getrandom].sy_call = getrandom_before;
	sysctl_wlock();
	if (arandom != NULL)
		arandom->oid_handler = arandom_before;
	sysctl_wunlock();
}
#endif
