/* SPDX-License-Identifier: BSD-2-Clause */
/* provider: the source that detects clones. It runs inside any program, which may close its
 * descriptor, get signals and fork. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "os.h"
#include "source.h"

/* How long a patient draw waits for a kernel that cannot rekey yet. */
#define SYNC_TRIES 100
#define SYNC_PAUSE_NS 10000000L

/* The open source. It is never replaced, because other threads may be using it. */
struct handle {
	struct vmgenc *vg;
	bool is_device; /* so the words at hot are compared */
	bool has_fd;
	struct stat node; /* of the descriptor when it was opened */
};

/* Readable for services without the device, such as containers and PrivateDevices=yes. */
static const char sysctl[] = "sysctl:/proc/sys/dev/vmgenc/0";

static bool is_kind(struct vmgenc *vg, const char *kind)
{
	struct vmgenc_status st = {.size = sizeof(st)};

	return !vmgenc_status(vg, &st) && !strncmp(st.source, kind, strlen(kind));
}

/*
 * The sysctls are used only to find out that there is a driver. Reading them at each draw would be
 * a system call for which the seccomp filter of some programs, such as sshd(8), kills them. Each
 * draw takes a seed from getrandom(2) instead, which such programs have to allow.
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

/* Daemons close descriptors that they did not open, and then reuse their numbers. */
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
	/* Otherwise this would close a descriptor of the program. The pages then stay mapped. */
	if (handle && !was_closed(handle))
		vmgenc_close(handle->vg);
	free(handle);
}

/* Uses no lock, because after a fork(2) in between it would stay locked in the child. */
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

	/* Open it now, because the program may confine itself before it is needed. */
	provider_source_get(s, &error);
}

void provider_source_end(struct provider_source *s)
{
	handle_close(atomic_load(&s->handle));
}

/* Counts tries and not time, so that a timer's signals cannot make it endless. */
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
 * Syncs with a new descriptor. After the program has dropped privileges, this may give another
 * guarantee and so other marks. For a device, the mark is therefore taken from the pages of the
 * held source before the sync. If these change meanwhile, they differ from the mark, and the caller
 * tries again.
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
