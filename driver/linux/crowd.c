// SPDX-License-Identifier: BSD-2-Clause
/* driver/linux: wakes many descriptors, of which one user may have any number. One wait queue for
 * all would be walked with interrupts off, by the thread that everybody waits for. */
#include <linux/cred.h>
#include <linux/hash.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/uidgid.h>

#include "crowd.h"

static void wake_party(struct vmgenc_party *party)
{
	struct vmgenc_member *member;

	mutex_lock(&party->lock);
	list_for_each_entry(member, &party->members, link) {
		wake_up_all(&member->wait);
		cond_resched();
	}
	mutex_unlock(&party->lock);
}

static void on_waking(struct work_struct *work)
{
	wake_party(container_of(work, struct vmgenc_party, waking));
}

int vmgenc_crowd_start(struct vmgenc_crowd *crowd)
{
	size_t i;

	crowd->wakers = alloc_workqueue("vmgenc", WQ_UNBOUND, 0);
	if (!crowd->wakers)
		return -ENOMEM;
	crowd->secret = (u32)get_random_u64();
	for (i = 0; i < ARRAY_SIZE(crowd->parties); i++) {
		mutex_init(&crowd->parties[i].lock);
		INIT_LIST_HEAD(&crowd->parties[i].members);
		INIT_WORK(&crowd->parties[i].waking, on_waking);
	}
	return 0;
}

/* After the last wake. */
void vmgenc_crowd_stop(struct vmgenc_crowd *crowd)
{
	if (crowd->wakers)
		destroy_workqueue(crowd->wakers);
	crowd->wakers = NULL;
}

static struct vmgenc_party *party_of_current(struct vmgenc_crowd *crowd)
{
	kuid_t uid = current_euid();

	if (uid_eq(uid, GLOBAL_ROOT_UID))
		return &crowd->parties[0];
	return &crowd->parties[1 + hash_32(__kuid_val(uid) ^ crowd->secret, VMGENC_CROWD_BITS)];
}

void vmgenc_crowd_join(struct vmgenc_crowd *crowd, struct vmgenc_member *member)
{
	struct vmgenc_party *party = party_of_current(crowd);

	init_waitqueue_head(&member->wait);
	member->party = party;
	mutex_lock(&party->lock);
	list_add_tail(&member->link, &party->members);
	mutex_unlock(&party->lock);
}

void vmgenc_crowd_leave(struct vmgenc_member *member)
{
	mutex_lock(&member->party->lock);
	list_del(&member->link);
	mutex_unlock(&member->party->lock);
}

/* A look at an empty list costs less than a thread; whoever joins meanwhile sees what is new. */
static void wake_others(struct vmgenc_crowd *crowd, size_t first)
{
	size_t i;

	for (i = first; i < ARRAY_SIZE(crowd->parties); i++)
		if (!list_empty(&crowd->parties[i].members))
			queue_work(crowd->wakers, &crowd->parties[i].waking);
}

void vmgenc_crowd_wake(struct vmgenc_crowd *crowd)
{
	wake_party(&crowd->parties[0]);
	wake_others(crowd, 1);
}

void vmgenc_crowd_wake_soon(struct vmgenc_crowd *crowd)
{
	wake_others(crowd, 0);
}
