// SPDX-License-Identifier: BSD-2-Clause
/* driver/linux: wakes descriptors, of which one user may have many. One common wait queue would be
 * walked with interrupts off, by the worker, for which all users wait. */
#include <linux/cred.h>
#include <linux/hash.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uidgid.h>

#include "compat.h"
#include "waiters.h"

#define MOST_IN_QUEUE 256

/* The lock orders this with a queue that is added: its user looks after that. */
static struct vmgenc_waiter_queue *next_queue(struct vmgenc_waiter *waiter,
					      struct vmgenc_waiter_queue *queue)
{
	struct vmgenc_waiter_queue *next;

	spin_lock(&waiter->lock);
	next = queue->next;
	spin_unlock(&waiter->lock);
	return next;
}

static void wake(struct vmgenc_waiter *waiter)
{
	struct vmgenc_waiter_queue *queue;

	for (queue = &waiter->first; queue; queue = next_queue(waiter, queue)) {
		wake_up_all(&queue->wait);
		cond_resched();
	}
}

static void put(struct vmgenc_waiter *waiter)
{
	struct vmgenc_waiter_queue *queue, *next;

	if (!refcount_dec_and_test(&waiter->users))
		return;
	/* Not before: the descriptor, if it was not ours, may have added queues until it was left. */
	for (queue = waiter->first.next; queue; queue = next) {
		next = queue->next;
		kfree(queue);
	}
	kfree(waiter);
}

/*
 * A waiter that joins meanwhile is behind the end: it sees the new state, and a user who opens
 * descriptors all the time would otherwise keep the walk from ending.
 */
static void walk_begin(struct vmgenc_waiter_group *group)
{
	spin_lock(&group->lock);
	list_add(&group->at, &group->waiters);
	list_add_tail(&group->end, &group->waiters);
	spin_unlock(&group->lock);
}

/* With a reference, or NULL: the walk is over. */
static struct vmgenc_waiter *walk_next(struct vmgenc_waiter_group *group)
{
	struct vmgenc_waiter *waiter = NULL;

	spin_lock(&group->lock);
	if (group->at.next == &group->end) {
		list_del(&group->at);
		list_del(&group->end);
	} else {
		waiter = list_entry(group->at.next, struct vmgenc_waiter, link);
		refcount_inc(&waiter->users);
		list_move(&group->at, &waiter->link);
	}
	spin_unlock(&group->lock);
	return waiter;
}

static void wake_group(struct vmgenc_waiter_group *group)
{
	struct vmgenc_waiter *waiter;

	mutex_lock(&group->walking);
	walk_begin(group);
	while ((waiter = walk_next(group))) {
		wake(waiter);
		put(waiter);
	}
	mutex_unlock(&group->walking);
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
		spin_lock_init(&waiters->groups[i].lock);
		mutex_init(&waiters->groups[i].walking);
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

	spin_lock_init(&waiter->lock);
	init_waitqueue_head(&waiter->first.wait);
	waiter->first.next = NULL;
	waiter->last = &waiter->first;
	waiter->group = group;
	refcount_set(&waiter->users, 1);
	spin_lock(&group->lock);
	list_add_tail(&waiter->link, &group->waiters);
	spin_unlock(&group->lock);
}

void vmgenc_waiters_leave(struct vmgenc_waiter *waiter)
{
	spin_lock(&waiter->group->lock);
	list_del(&waiter->link);
	spin_unlock(&waiter->group->lock);
	put(waiter);
}

static bool has_room(struct vmgenc_waiter_queue *queue)
{
	struct list_head *entry;
	unsigned int count = 0;

	spin_lock_irq(&queue->wait.lock);
	list_for_each(entry, &queue->wait.head)
		if (++count == MOST_IN_QUEUE)
			break;
	spin_unlock_irq(&queue->wait.lock);
	return count < MOST_IN_QUEUE;
}

/*
 * The last one, as a rule. If it is full, all are looked at, so that a user who fills queues and
 * leaves them has no more of them than his waiters need.
 */
static struct vmgenc_waiter_queue *queue_with_room(struct vmgenc_waiter *waiter)
{
	struct vmgenc_waiter_queue *queue;

	spin_lock(&waiter->lock);
	queue = waiter->last;
	spin_unlock(&waiter->lock);
	if (has_room(queue))
		return queue;
	for (queue = &waiter->first; queue; queue = next_queue(waiter, queue)) {
		if (has_room(queue))
			return queue;
		cond_resched();
	}
	return NULL;
}

wait_queue_head_t *vmgenc_waiters_queue(struct vmgenc_waiter *waiter)
{
	struct vmgenc_waiter_queue *queue = queue_with_room(waiter);

	if (queue)
		return &queue->wait;
	queue = kzalloc(sizeof(*queue), GFP_KERNEL_ACCOUNT);
	if (!queue)
		return NULL;
	init_waitqueue_head(&queue->wait);
	spin_lock(&waiter->lock);
	waiter->last->next = queue;
	waiter->last = queue;
	spin_unlock(&waiter->lock);
	return &queue->wait;
}

bool vmgenc_waiters_poll(struct file *file, struct vmgenc_waiter *waiter, poll_table *wait)
{
	wait_queue_head_t *queue;

	if (!vmgenc_poll_waits(wait))
		return true;
	queue = vmgenc_waiters_queue(waiter);
	if (!queue)
		return false;
	poll_wait(file, queue, wait);
	return true;
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
