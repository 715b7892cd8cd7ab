// SPDX-License-Identifier: BSD-2-Clause
/* driver/linux: wakes descriptors, of which one user may have many. One common wait queue would be
 * walked with interrupts off, by the worker, for which all users wait. */
#include <linux/cred.h>
#include <linux/hash.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/uidgid.h>

#include "waiters.h"

static void wake_group(struct vmgenc_waiter_group *group)
{
	struct vmgenc_waiter *waiter;

	mutex_lock(&group->lock);
	list_for_each_entry(waiter, &group->waiters, link) {
		wake_up_all(&waiter->wait);
		cond_resched();
	}
	mutex_unlock(&group->lock);
}

static void on_waking(struct work_struct *work)
{
	wake_group(container_of(work, struct vmgenc_waiter_group, waking));
}

int vmgenc_waiters_start(struct vmgenc_waiters *waiters)
{
	size_t i;

	waiters->wakers = alloc_workqueue("vmgenc", WQ_UNBOUND, 0);
	if (!waiters->wakers)
		return -ENOMEM;
	waiters->secret = (u32)get_random_u64();
	for (i = 0; i < ARRAY_SIZE(waiters->groups); i++) {
		mutex_init(&waiters->groups[i].lock);
		INIT_LIST_HEAD(&waiters->groups[i].waiters);
		INIT_WORK(&waiters->groups[i].waking, on_waking);
	}
	return 0;
}

/* After the last wake. */
void vmgenc_waiters_stop(struct vmgenc_waiters *waiters)
{
	if (waiters->wakers)
		destroy_workqueue(waiters->wakers);
	waiters->wakers = NULL;
}

static struct vmgenc_waiter_group *group_of_current(struct vmgenc_waiters *waiters)
{
	kuid_t uid = current_euid();

	if (uid_eq(uid, GLOBAL_ROOT_UID))
		return &waiters->groups[0];
	return &waiters->groups[1 + hash_32(__kuid_val(uid) ^ waiters->secret, VMGENC_WAITERS_BITS)];
}

void vmgenc_waiters_join(struct vmgenc_waiters *waiters, struct vmgenc_waiter *waiter)
{
	struct vmgenc_waiter_group *group = group_of_current(waiters);

	init_waitqueue_head(&waiter->wait);
	waiter->group = group;
	mutex_lock(&group->lock);
	list_add_tail(&waiter->link, &group->waiters);
	mutex_unlock(&group->lock);
}

void vmgenc_waiters_leave(struct vmgenc_waiter *waiter)
{
	mutex_lock(&waiter->group->lock);
	list_del(&waiter->link);
	mutex_unlock(&waiter->group->lock);
}

/* No thread is started for an empty list; a waiter that joins meanwhile sees the new state. */
static void wake_others(struct vmgenc_waiters *waiters, size_t first)
{
	size_t i;

	for (i = first; i < ARRAY_SIZE(waiters->groups); i++)
		if (!list_empty(&waiters->groups[i].waiters))
			queue_work(waiters->wakers, &waiters->groups[i].waking);
}

void vmgenc_waiters_wake(struct vmgenc_waiters *waiters)
{
	wake_group(&waiters->groups[0]);
	wake_others(waiters, 1);
}

void vmgenc_waiters_wake_soon(struct vmgenc_waiters *waiters)
{
	wake_others(waiters, 0);
}
