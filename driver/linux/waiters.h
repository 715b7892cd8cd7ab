/* SPDX-License-Identifier: BSD-2-Clause */
/* driver/linux: waiting descriptors, woken so that one user's do not delay another's. */
#ifndef VMGENC_WAITERS_H
#define VMGENC_WAITERS_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#define VMGENC_WAITERS_BITS 6

/*
 * A hash of the user's id selects the group; root has the first one for itself. lock guards waiters
 * and is held while they are woken, which takes longer the more there are.
 */
struct vmgenc_waiter_group {
	struct mutex lock;
	struct list_head waiters;
	struct work_struct waking;
};

struct vmgenc_waiters {
	struct workqueue_struct *wakers;
	u32 secret; /* hashed with the id, so that users cannot choose their group */
	struct vmgenc_waiter_group groups[1 + (1 << VMGENC_WAITERS_BITS)];
};

/* One open descriptor, which waits on a queue of its own. */
struct vmgenc_waiter {
	struct list_head link;
	struct vmgenc_waiter_group *group;
	wait_queue_head_t wait;
};

/* start returns 0 or -ENOMEM. stop also takes waiters that are all zero. */
int vmgenc_waiters_start(struct vmgenc_waiters *waiters);
void vmgenc_waiters_stop(struct vmgenc_waiters *waiters);

/* Both may sleep; join uses the effective user of current. */
void vmgenc_waiters_join(struct vmgenc_waiters *waiters, struct vmgenc_waiter *waiter);
void vmgenc_waiters_leave(struct vmgenc_waiter *waiter);

/*
 * Wakes root's waiters at once; threads of normal priority, one for each group, wake the others.
 * May sleep.
 */
void vmgenc_waiters_wake(struct vmgenc_waiters *waiters);

/* The same without sleeping: a thread wakes root's waiters, too. */
void vmgenc_waiters_wake_soon(struct vmgenc_waiters *waiters);

#endif /* VMGENC_WAITERS_H */
