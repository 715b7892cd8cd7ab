/* SPDX-License-Identifier: BSD-2-Clause */
/* driver/linux: waiting descriptors, woken so that one user's do not delay another's. */
#ifndef VMGENC_WAITERS_H
#define VMGENC_WAITERS_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#define VMGENC_WAITERS_BITS 6

/*
 * A hash of the user's id selects the group; root has the first one for itself. lock guards the
 * list and is held for a few instructions, so that those who open and close descriptors do not
 * delay those who wake, nor the other way round. One at a time wakes the group: at says how far it
 * has come, and end what was the list's end when it began.
 */
struct vmgenc_waiter_group {
	spinlock_t lock;
	struct list_head waiters;
	struct mutex walking;
	struct list_head at, end;
	struct work_struct waking;
};

struct vmgenc_waiters {
	struct workqueue_struct *wakers;
	u32 secret; /* hashed with the id, so that users cannot choose their group */
	struct vmgenc_waiter_group groups[1 + (1 << VMGENC_WAITERS_BITS)];
};

struct vmgenc_waiter_queue {
	wait_queue_head_t wait;
	struct vmgenc_waiter_queue *next;
};

/*
 * One open descriptor, which waits on queues of its own: a queue is walked with interrupts off, so
 * none becomes long, however many wait for the descriptor. lock guards the pointers to queues,
 * which are only added before the descriptor is closed. users are the descriptor and those who wake
 * it. It is the first member of what is allocated for the descriptor, since the last user frees it.
 */
struct vmgenc_waiter {
	struct list_head link;
	refcount_t users;
	struct vmgenc_waiter_group *group;
	spinlock_t lock;
	struct vmgenc_waiter_queue first;
	struct vmgenc_waiter_queue *last;
};

/* start returns 0 or -ENOMEM. stop also takes waiters that are all zero. */
int vmgenc_waiters_start(struct vmgenc_waiters *waiters);
void vmgenc_waiters_stop(struct vmgenc_waiters *waiters);

/*
 * Both in process context; join uses the effective user of current. leave calls kfree() for the
 * waiter, at once or when it has been woken.
 */
void vmgenc_waiters_join(struct vmgenc_waiters *waiters, struct vmgenc_waiter *waiter);
void vmgenc_waiters_leave(struct vmgenc_waiter *waiter);

/*
 * A queue to wait on, with room, until leave; NULL without memory for one. What is waited for must
 * be looked at afterwards. May sleep.
 */
wait_queue_head_t *vmgenc_waiters_queue(struct vmgenc_waiter *waiter);

/* poll_wait() on such a queue. False: without memory for one. */
bool vmgenc_waiters_poll(struct file *file, struct vmgenc_waiter *waiter, poll_table *wait);

/*
 * Wakes root's waiters at once; threads of normal priority, one for each group, wake the others.
 * May sleep.
 */
void vmgenc_waiters_wake(struct vmgenc_waiters *waiters);

/* The same without sleeping: a thread wakes root's waiters, too. */
void vmgenc_waiters_wake_soon(struct vmgenc_waiters *waiters);

#endif /* VMGENC_WAITERS_H */
