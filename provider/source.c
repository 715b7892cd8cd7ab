/* SPDX-License-Identifier: BSD-2-Clause */
/* provider: the source that tells of clones. It lives in other people's programs, so it copes
 * with a descriptor that they close, with their signals and with their forks. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "os.h"
#include "provider.h"

/* For as long a patient draw waits for a kernel that cannot rekey. */
#define SYNC_TRIES 100
#define SYNC_PAUSE_NS 10000000L

/* What is held once it is open: never replaced, since others may be looking at it. */
struct handle {
	struct vmgenc *vg;
	bool is_device; /* and so compared by what hot points at */
	bool has_fd;
	struct stat node; /* what the descriptor was opened on */
};

/* What services can read that do not have the device: in a container, with PrivateDevices. */
static const char sysctl[] = "sysctl:/proc/sys/dev/vmgenc/0";

static bool is_kind(struct vmgenc *vg, const char *kind)
{
	struct vmgenc_status st = {.size = sizeof(st)};

	return !vmgenc_status(vg, &st) && !strncmp(st.source, kind, strlen(kind));
}

/*
 * The sysctls show that there is a driver, and no more is made of them: to read them at each
 * draw is a system call that programs which confine themselves do not expect, such as sshd(8),
 * which dies of it. They have to allow that of the kernel's random numbers.
 */
static int open_source(struct vmgenc **vg)
{
	int error = vmgenc_open(vg, NULL);

	if ((error == -ENODEV || error == -EACCES) && !secure_getenv("VMGENC_SOURCE") &&
	    !vmgenc_open(vg, sysctl))
		error = 0;
	if (error || !is_kind(*vg, "sysctl:"))
		return error;
	vmgenc_close(*vg);
	*vg = NULL;
	return SOURCE_UNSEEN;
}

static struct handle *handle_open(int *error)
{
	struct handle *handle = calloc(1, sizeof(*handle));

	*error = handle ? open_source(&handle->vg) : -ENOMEM;
	if (*error) {
		free(handle);
		return NULL;
	}
	handle->is_device = is_kind(handle->vg, "dev:");
	handle->has_fd = vmgenc_fd(handle->vg) >= 0 && !fstat(vmgenc_fd(handle->vg), &handle->node);
	return handle;
}

/* Daemons close all descriptors that they did not open, and get the numbers again. */
static bool was_closed(const struct handle *handle)
{
	struct stat now;

	if (!handle->has_fd)
		return false;
	return fstat(vmgenc_fd(handle->vg), &now) || now.st_dev != handle->node.st_dev ||
	       now.st_ino != handle->node.st_ino || now.st_rdev != handle->node.st_rdev;
}

static void handle_close(struct handle *handle)
{
	/* Closing would hit somebody else's descriptor; the two pages stay mapped instead. */
	if (handle && !was_closed(handle))
		vmgenc_close(handle->vg);
	free(handle);
}

/* Without a lock, which a fork in the middle of it would leave locked in the child. */
struct vmgenc *provider_source_get(struct provider_source *s, int *error)
{
	struct handle *mine, *handle = atomic_load(&s->handle);

	*error = 0;
	if (handle)
		return handle->vg;
	mine = handle_open(error);
	if (!mine)
		return NULL;
	if (!atomic_compare_exchange_strong(&s->handle, &handle, mine)) {
		handle_close(mine);
		return handle->vg;
	}
	return mine->vg;
}

void provider_source_init(struct provider_source *s)
{
	int error;

	/* Now, not when it is needed: the program may confine itself in between. */
	provider_source_get(s, &error);
}

void provider_source_end(struct provider_source *s)
{
	handle_close(atomic_load(&s->handle));
}

/* Counted in tries and not in time: a timer's signals would else make it endless. */
static int sync_in_tries(struct vmgenc *vg, struct vmgenc_mark *mark, bool patient)
{
	const struct timespec pause = {.tv_nsec = SYNC_PAUSE_NS};
	int error;

	for (int i = 0; i < SYNC_TRIES; i++) {
		error = vmgenc_sync(vg, mark, 0);
		if (error != -EINTR && (error != -ETIMEDOUT || !patient))
			break;
		nanosleep(&pause, NULL);
	}
	return error;
}

/*
 * On a descriptor of its own. That one may give another guarantee, and so other marks, after
 * the program has dropped privileges. The held handle of a device then takes the mark of what
 * its pages said beforehand. If they changed since, or were changing, they differ from it and the
 * caller comes again.
 */
static int sync_afresh(const struct handle *handle, struct vmgenc_mark *mark, bool patient)
{
	const struct vmgenc_mark before = {{handle->vg->hot[0], handle->vg->hot[1]}};
	struct vmgenc_mark theirs = {{0}};
	struct vmgenc *fresh;
	int error = open_source(&fresh);

	if (error)
		return error == SOURCE_UNSEEN ? -EACCES : error;
	error = sync_in_tries(fresh, &theirs, patient);
	vmgenc_close(fresh);
	if (error)
		return error;
	if (!handle->is_device && vmgenc_changed(handle->vg, &theirs))
		return -EAGAIN;
	*mark = handle->is_device ? before : theirs;
	return 0;
}

int provider_source_sync(struct provider_source *s, struct vmgenc_mark *mark, bool patient)
{
	const struct handle *handle = atomic_load(&s->handle);

	if (was_closed(handle))
		return sync_afresh(handle, mark, patient);
	return sync_in_tries(handle->vg, mark, patient);
}
