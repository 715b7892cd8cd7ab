/* SPDX-License-Identifier: BSD-2-Clause */
/* driver/freebsd: one device, and the interfaces between the driver's files. */
#ifndef VMGENC_VAR_H
#define	VMGENC_VAR_H

#include "compat.h"

#include <sys/callout.h>
#include <sys/conf.h>
#include <sys/lock.h>
#include <sys/malloc.h>
#include <sys/mutex.h>
#include <sys/selinfo.h>
#include <sys/sx.h>
#include <sys/taskqueue.h>

#include <contrib/dev/acpica/include/acpi.h>

#include <dev/acpica/acpivar.h>

#include "vmgenc_jitter.h"
#include "vmgenc_os.h"

MALLOC_DECLARE(M_VMGENC);

/* The pages of /dev/vmgenc, in the order of their offsets. */
enum vmgenc_mapping { VMGENC_GENERATION, VMGENC_RAW, VMGENC_MAPPINGS };

/*
 * Locking: `lock' is the core's (see struct vmgenc_core), held while a reseed sleeps.
 * `wait_lock' guards readers, open and closing, and is taken with `lock' not held.  `kicked' is
 * atomic, so that an interrupt filter can set it.  `link' belongs to the list in vmgenc_early.c.
 * The callout writes `again', and then sets its bit for the task.
 * vmgenc_diverge() writes `diverged'; draws compare it without a lock, and at worst call
 * vmgenc_diverge() once more.  Everything else is written once, before the first trigger, and
 * released after the last.
 */
struct vmgenc_softc {
	struct vmgenc_core	 core;
	device_t		 dev;		/* the companion's is FreeBSD's own driver's */
	ACPI_HANDLE		 handle;
	char			 path[128];	/* in the ACPI namespace */
	void			*page_memory;	/* core.page lies in it */
	struct vmgenc_jitter	*jitter;	/* `lock' is its lock */

	vm_paddr_t		 phys;
	void			*mapping;	/* core.raw points into it */
	size_t			 mapped;
	struct vm_object	*object[VMGENC_MAPPINGS];

	struct sx		 lock;
	struct taskqueue	*queue;
	struct task		 task;
	u_int			 kicked;	/* a bit for each trigger, and one to tell */
	struct callout		 look;
	struct {
		uint64_t	 generation;
		sbintime_t	 begun;		/* of the first look at it */
		u_int		 times;
	}			 again;		/* how often it was rekeyed again */
	SLIST_ENTRY(vmgenc_softc) link;

	uint64_t		 diverged[2];	/* the id by which random(4) diverged last */

	struct mtx		 wait_lock;
	struct selinfo		 readers;
	u_int			 open;
	bool			 closing;
	struct cdev		*node;
	struct sysctl_ctx_list	 sysctl;
};

/* vmgenc_device.c: starts and stops a device, for the driver and the companion */
int	vmgenc_start(struct vmgenc_softc *sc, device_t dev);
int	vmgenc_stop(struct vmgenc_softc *sc);

/* vmgenc_tunables.c: hw.vmgenc */
extern int vmgenc_tunable_notify;
extern int vmgenc_tunable_sci;
extern int vmgenc_tunable_draws;
extern int vmgenc_tunable_look_ms;
enum vmgenc_raw_access { VMGENC_RAW_AUTO, VMGENC_RAW_ALL, VMGENC_RAW_DRIVER };
enum vmgenc_raw_access vmgenc_tunable_raw(void);

/* vmgenc_firmware.c: recognizes our devices, and finds the id's address */
bool	vmgenc_firmware_is_ours(ACPI_HANDLE handle);
int	vmgenc_firmware_address(struct vmgenc_softc *sc);

/* vmgenc_bus.c, vmgenc_companion.c: the notifications of the module that is built */
int	vmgenc_notify_start(struct vmgenc_softc *sc);
void	vmgenc_notify_stop(struct vmgenc_softc *sc);

/* vmgenc_early.c: the look in the ACPI interrupt */
void	vmgenc_early_start(struct vmgenc_softc *sc);
void	vmgenc_early_stop(struct vmgenc_softc *sc);

/* vmgenc_task.c: the thread that looks, and the triggers besides ACPI */
int	vmgenc_task_start(struct vmgenc_softc *sc);
void	vmgenc_task_stop(struct vmgenc_softc *sc);
void	vmgenc_kick(struct vmgenc_softc *sc, enum vmgenc_trigger trigger);

/* vmgenc_rekey.c: the entropy source, while there is a device; and the divergence of clones */
void	vmgenc_rekey_start(void);
void	vmgenc_rekey_stop(void);
bool	vmgenc_rekey_repeats(void);
void	vmgenc_diverge(struct vmgenc_softc *sc, const uint64_t id[2]);

/* vmgenc_fenestras.c: random(4)'s other generator */
bool	vmgenc_fenestras(void);
int	vmgenc_fenestras_reseed(const void *seed, size_t size);

/* vmgenc_draws.c: a look at the id before each draw */
void	vmgenc_draws_start(struct vmgenc_softc *sc);
void	vmgenc_draws_stop(struct vmgenc_softc *sc);
bool	vmgenc_draws_part(struct vmgenc_softc *sc);	/* whether it did */
void	vmgenc_draws_restir(void);
void	vmgenc_draws_enter(void);
void	vmgenc_draws_leave(void);

/* vmgenc_hooks.c: where draws can be caught */
void	vmgenc_hooks_install(void);
void	vmgenc_hooks_remove(void);

/* vmgenc_map.c: the objects for mmap(2) */
int	vmgenc_objects_start(struct vmgenc_softc *sc);
void	vmgenc_objects_stop(struct vmgenc_softc *sc);
bool	vmgenc_objects_mapped(struct vmgenc_softc *sc);

/* vmgenc_cdev.c, vmgenc_sysctl.c */
int	vmgenc_cdev_start(struct vmgenc_softc *sc);
int	vmgenc_cdev_close(struct vmgenc_softc *sc);
void	vmgenc_cdev_stop(struct vmgenc_softc *sc);
int	vmgenc_sysctl_start(struct vmgenc_softc *sc);
void	vmgenc_sysctl_stop(struct vmgenc_softc *sc);

static inline struct vmgenc_softc *
vmgenc_softc_of(struct vmgenc_core *core)
{

	return (__containerof(core, struct vmgenc_softc, core));
}

#endif /* VMGENC_VAR_H */
