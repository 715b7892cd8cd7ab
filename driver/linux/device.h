/* SPDX-License-Identifier: BSD-2-Clause */
/* driver/linux: one device, and the interfaces between the driver's files. */
#ifndef VMGENC_DEVICE_H
#define VMGENC_DEVICE_H

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/irq_work.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/notifier.h>
#include <linux/spinlock.h>
#include <linux/sysctl.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "firmware.h"
#include "waiters.h"
#include "vmgenc_os.h"
#include "vmgenc_jitter.h"

#undef pr_fmt
#define pr_fmt(fmt) "vmgenc: " fmt

/* How often a generation was rekeyed again. Only the periodic look uses it. */
struct vmgenc_again {
	u64 generation;
	unsigned long begun; /* jiffies of the first look at it */
	unsigned int times, hwrng_calls;
};

/*
 * Locking: `lock` is the core's lock (see struct vmgenc_core) and also guards irq_flags and owner.
 * It is taken with interrupts off, since draws come from interrupts too. `kicked` is atomic, so
 * that interrupts can set it. urandom is set once, with cmpxchg(), and released after everything
 * else. Everything else is written once, before the first trigger, and released after the last. The
 * SCI handler, the notifiers and the draw hooks walk vmgenc_devices without a lock: a device is on
 * it before they are installed and until they are removed.
 */
struct vmgenc_device {
	struct vmgenc_core core;
	struct list_head link;
	unsigned int unit;
	const struct vmgenc_front *front;
	void *node; /* the front end's */
	char *path; /* in the firmware, for messages */
	unsigned int irq; /* of.c: or 0 */

	phys_addr_t phys;
	phys_addr_t phys_end; /* the last byte that the firmware gives to the id */
	bool reserved; /* the firmware says that it reserves the whole page */
	void *mapping; /* what memremap() returned; core.raw points into it */
	bool raw_is_a_devices; /* the page belongs to a device, by the kernel's resources */

	spinlock_t lock;
	unsigned long irq_flags;
	struct task_struct *owner; /* the task that holds lock, or NULL */
	struct file *urandom;
	atomic_t urandom_missed; /* it was logged that there is none */
	struct vmgenc_jitter *jitter; /* guarded by lock */
	struct cred *kernel_cred; /* for RNDRESEEDCRNG, which checks current's privilege */

	struct task_struct *worker;
	struct completion first_look;
	atomic_t kicked; /* a bit for each enum vmgenc_trigger, and one to tell */
	struct irq_work defer;
	struct delayed_work look;
	struct vmgenc_again again;

	struct vmgenc_waiters readers;
	char name[24];
	struct miscdevice misc;
	bool has_node;

	struct ctl_table sysctl[5]; /* the last is empty */
	struct ctl_table_header *sysctl_header;
};

extern struct list_head vmgenc_devices;

/* main.c: module parameters */
extern bool vmgenc_param_notify;
extern bool vmgenc_param_sci;
extern bool vmgenc_param_draws;
extern bool vmgenc_param_redraw;
extern unsigned int vmgenc_param_vdso;
extern bool vmgenc_param_sysgenid;
extern bool vmgenc_param_sysgenid_map;
extern bool vmgenc_param_jitter;
extern unsigned int vmgenc_param_look_ms;
extern unsigned int vmgenc_param_rekey_from;
extern const char *vmgenc_param_raw;

static inline struct vmgenc_device *vmgenc_device_of(struct vmgenc_core *core)
{
	return container_of(core, struct vmgenc_device, core);
}

/* map.c: 0 if current may map the hypervisor's page now, or -errno of mmap(2) */
int vmgenc_raw_may_be_mapped(struct vmgenc_device *dev);

/* worker.c: the thread that looks, and what kicks it besides ACPI */
int vmgenc_worker_start(struct vmgenc_device *dev);
void vmgenc_worker_stop(struct vmgenc_device *dev);
void vmgenc_kick(struct vmgenc_device *dev, enum vmgenc_trigger trigger);
int vmgenc_triggers_start(void);
void vmgenc_triggers_stop(void);

/* again.c: the periodic look rekeys again when the kernel has gathered more entropy */
void vmgenc_again_start(void);
void vmgenc_again_stop(void);
void vmgenc_again(struct vmgenc_device *dev);

/* draws.c: a look at the id before each draw and, if asked for, in each interrupt */
void vmgenc_draws_start(void);
void vmgenc_draws_stop(void);
int vmgenc_interrupts_start(void);
void vmgenc_interrupts_stop(void);

/* symbol.c: the address of a function or data of the kernel's, or NULL. Sleeps. */
void *vmgenc_symbol(const char *name);

/* redraw.c: restarts system calls that were drawing when the id changed */
void vmgenc_redraw_start(void);
void vmgenc_redraw_stop(void);
void vmgenc_redraw_count_missed(struct vmgenc_device *dev);

/* vdso.c: getrandom in the vDSO; close is called repeatedly, in process context */
void vmgenc_vdso_start(void);
void vmgenc_vdso_stop(void);
void vmgenc_vdso_close(void);

/*
 * rekey.c: acquires what a rekey needs in advance, since a rekey must not sleep. The bits of
 * vmgenc_param_rekey_from say in whose root directory /dev/urandom is looked up.
 */
enum vmgenc_root {
	VMGENC_ROOT_LOADER = 1, /* the process that loads the module */
	VMGENC_ROOT_WORKER = 2, /* the worker; kernel threads' root is empty from 7.3 on */
	VMGENC_ROOT_CALLER = 4, /* programs that open the node or sync */
};
int vmgenc_rekey_prepare(struct vmgenc_device *dev);
void vmgenc_rekey_open(struct vmgenc_device *dev, enum vmgenc_root root);
void vmgenc_rekey_release(struct vmgenc_device *dev);

/* chardev.c, sysctl.c */
int vmgenc_chardev_start(struct vmgenc_device *dev);
void vmgenc_chardev_stop(struct vmgenc_device *dev);
int vmgenc_sysctl_start(struct vmgenc_device *dev);
void vmgenc_sysctl_stop(struct vmgenc_device *dev);

/* sysgenid.c: /dev/sysgenid, for programs that use SysGenID */
void vmgenc_sysgenid_prepare(void);
void vmgenc_sysgenid_start(void);
void vmgenc_sysgenid_stop(void);
void vmgenc_sysgenid_changed(void);

#endif /* VMGENC_DEVICE_H */
