/* SPDX-License-Identifier: BSD-2-Clause */
/* driver/linux: open descriptors that wait, so that a crowd of one user's delays no other's. */
#ifndef VMGENC_CROWD_H
#define VMGENC_CROWD_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#define VMGENC_CROWD_BITS 6

/*
 * Users share a party by a hash of their id, but root has the first one alone. lock guards
 * members; it is held while they are woken, which takes as long as there are many.
 */
struct vmgenc_party {
	struct mutex lock;
	struct list_head members;
	struct work_struct waking;
};

struct vmgenc_crowd {
	struct workqueue_struct *wakers;
	u32 secret; /* nobody chooses whom he shares a party with */
	struct vmgenc_party parties[1 + (1 << VMGENC_CROWD_BITS)];
};

/* One open descriptor, which waits on a queue of its own. */
struct vmgenc_member {
	struct list_head link;
	struct vmgenc_party *party;
	wait_queue_head_t wait;
};

/* 0 or -ENOMEM; stop is for what was started, or is all zero. */
int vmgenc_crowd_start(struct vmgenc_crowd *crowd);
void vmgenc_crowd_stop(struct vmgenc_crowd *crowd);

/* For current's user; both may sleep. */
void vmgenc_crowd_join(struct vmgenc_crowd *crowd, struct vmgenc_member *member);
void vmgenc_crowd_leave(struct vmgenc_member *member);

/*
 * Wakes root's members at once, and has the others woken by one thread for each party, at
 * everyday priority. May sleep.
 */
void vmgenc_crowd_wake(struct vmgenc_crowd *crowd);

/* The same without sleeping, root's too by a thread. */
void vmgenc_crowd_wake_soon(struct vmgenc_crowd *crowd);

#endif /* VMGENC_CROWD_H */
