/* SPDX-License-Identifier: BSD-2-Clause */
/* driver/linux: open descriptors that wait; those of one user do not delay those of another. */
#ifndef VMGENC_WAITERS_H
#define VMGENC_WAITERS_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#define VMGENC_WAITERS_BITS 6

/*
 * Users share a group by a hash of their id, but root has the first one alone. lock guards
 * waiters; it is held while they are woken, which takes as long as there are many.
 */
struct vmgenc_waiter_group {
	struct mutex lock;
	struct list_head waiters;
	struct work_struct waking;
};

struct vmgenc_waiters {
	struct workqueue_struct *wakers;
	u32 secret; /* nobody can choose which users share a group */
	struct vmgenc_waiter_group groups[1 + (1 << VMGENC_WAITERS_BITS)];
};

/* One open descriptor, which waits on a queue of its own. */
struct vmgenc_waiter {
	struct list_head link;
	struct vmgenc_waiter_group *group;
	wait_queue_head_t wait;
};

/* 0 or -ENOMEM; stop is for what was started, or is all zero. */
int vmgenc_waiters_start(struct vmgenc_waiters *waiters);
void vmgenc_waiters_stop(struct vmgenc_waiters *waiters);

/* For current's user; both may sleep. */
void vmgenc_waiters_join(struct vmgenc_waiters *waiters, struct vmgenc_waiter *waiter);
void vmgenc_waiters_leave(struct vmgenc_waiter *waiter);

/*
 * Wakes root's waiters at once, and has the others woken by one thread for each group, at
 * everyday priority. May sleep.
 */
void vmgenc_waiters_wake(struct vmgenc_waiters *waiters);

/* The same without sleeping, root's too by a thread. */
void vmgenc_waiters_wake_soon(struct vmgenc_waiters *waiters);

#endif /* VMGENC_WAITERS_H */
