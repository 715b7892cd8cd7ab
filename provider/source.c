/* SPDX-License-Identifier: BSD-2-Clause */
/* provider: the source that tells of clones. It lives in other people's programs, so it copes
 * with a descriptor that they close, with their signals and with their forks. */
#include <errno.h>
#include <sys/stat.h>
#include <time.h>

#include "provider.h"

/* For as long a draw waits for a kernel that cannot rekey; then it fails. */
#define SYNC_TRIES 100
#define SYNC_PAUSE_NS 10000000L

/* What is held once it is open: never replaced, since others may be looking at it. */
struct held {
	struct vmgenc *vg;
	bool has_fd;
	struct stat node; /* what the descriptor was opened on */
};

static struct held *hold(int *error)
{
	struct held *held = OPENSSL_zalloc(sizeof(*held));

	*error = held ? vmgenc_open(&held->vg, NULL) : -ENOMEM;
	if (*error) {
		OPENSSL_free(held);
		return NULL;
	}
	held->has_fd = vmgenc_fd(held->vg) >= 0 && !fstat(vmgenc_fd(held->vg), &held->node);
	return held;
}

/* Daemons close all descriptors that they did not open, and get the numbers again. */
static bool was_closed(const struct held *held)
{
	struct stat now;

	if (!held->has_fd)
		return false;
	return fstat(vmgenc_fd(held->vg), &now) || now.st_dev != held->node.st_dev ||
	       now.st_ino != held->node.st_ino || now.st_rdev != held->node.st_rdev;
}

static void let_go(struct held *held)
{
	/* Closing would hit somebody else's descriptor; the two pages stay mapped instead. */
	if (held && !was_closed(held))
		vmgenc_close(held->vg);
	OPENSSL_free(held);
}

/* Without a lock, which a fork in the middle of it would leave locked in the child. */
struct vmgenc *source_get(struct source *s, int *error)
{
	struct held *mine, *held = atomic_load(&s->held);

	*error = 0;
	if (held)
		return held->vg;
	mine = hold(error);
	if (!mine)
		return NULL;
	if (!atomic_compare_exchange_strong(&s->held, &held, mine)) {
		let_go(mine);
		return held->vg;
	}
	return mine->vg;
}

void source_init(struct source *s)
{
	int error;

	/* Now, not when it is needed: the program may confine itself in between. */
	source_get(s, &error);
}

void source_end(struct source *s)
{
	let_go(atomic_load(&s->held));
}

/* Counted in tries and not in time: a timer's signals would else make it endless. */
static int sync_patiently(struct vmgenc *vg, struct vmgenc_mark *mark)
{
	const struct timespec pause = {.tv_nsec = SYNC_PAUSE_NS};
	int error;

	for (int i = 0; i < SYNC_TRIES; i++) {
		error = vmgenc_sync(vg, mark, 0);
		if (error != -ETIMEDOUT && error != -EINTR)
			break;
		nanosleep(&pause, NULL);
	}
	return error;
}

/*
 * On a descriptor of its own. That one may give another guarantee, and so other marks, after
 * the program has dropped privileges; hence the mark is what the held pages said beforehand.
 * If they changed since, or were changing, they differ from it and the caller comes again.
 */
static int sync_afresh(const struct vmgenc *held, struct vmgenc_mark *mark)
{
	const struct vmgenc_mark before = {{held->hot[0], held->hot[1]}};
	struct vmgenc_mark unused = {{0}};
	struct vmgenc *fresh;
	int error = vmgenc_open(&fresh, NULL);

	if (error)
		return error;
	error = sync_patiently(fresh, &unused);
	vmgenc_close(fresh);
	if (!error)
		*mark = before;
	return error;
}

int source_sync(struct source *s, struct vmgenc_mark *mark)
{
	const struct held *held = atomic_load(&s->held);

	return was_closed(held) ? sync_afresh(held->vg, mark) : sync_patiently(held->vg, mark);
}
