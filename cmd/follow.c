/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: waits for the next settled generation, with the source's descriptor or by polling. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd.h"

/* How often sources without a descriptor are checked; files are short because tests use them. */
#define FILE_MS 10
#define VMCLOCK_MS 250
#define RETRY_MS 20

volatile int follow_stop, follow_wake;

static bool same(const struct vmgenc_status *a, const struct vmgenc_status *b)
{
	return a->generation == b->generation && a->changed_ns == b->changed_ns &&
	       !memcmp(a->id, b->id, sizeof(a->id));
}

static int64_t interval(const struct vmgenc *vg, const struct vmgenc_status *seen)
{
	if (vmgenc_fd(vg) >= 0)
		return 60000;
	return is_vmclock(seen) ? VMCLOCK_MS : FILE_MS;
}

/* A VMClock's page is read from its start; a device's events one after the other. */
static ssize_t take(int fd, bool is_clock)
{
	struct vmgenc_event event;

	return is_clock ? pread(fd, &event, sizeof(event), 0) : read(fd, &event, sizeof(event));
}

/* Sleeps until something may have happened; false at the deadline. */
static bool sleep_for(struct vmgenc *vg, bool is_clock, int64_t ms, int64_t deadline,
		      const sigset_t *unmasked)
{
	struct pollfd p = {.fd = vmgenc_fd(vg), .events = POLLIN};
	struct timespec t;

	if (deadline >= 0) {
		int64_t left = deadline - now_ms();

		if (left <= 0)
			return false;
		ms = left < ms ? left : ms;
	}
	t = (struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
	/* Read only to make the descriptor wait for the next event; look() reads the status. */
	if (ppoll(&p, p.fd >= 0, &t, unmasked) > 0 && take(p.fd, is_clock) < 0 && errno != EAGAIN &&
	    errno != EINTR)
		nanosleep(&(struct timespec){.tv_nsec = RETRY_MS * 1000000L}, NULL);
	return true;
}

/* 1 if a generation other than *seen is settled, 0 if not yet, or -errno. */
static int look(struct vmgenc *vg, struct vmgenc_status *seen, bool *busy)
{
	struct vmgenc_status now = {.size = sizeof(now)};
	struct vmgenc_mark mark = {{0}};
	int error = vmgenc_status(vg, &now);

	if (!error && same(&now, seen))
		return 0;
	*busy = true;
	if (!error)
		error = vmgenc_sync(vg, &mark, 0);
	if (!error || error == -EPERM)
		error = vmgenc_status(vg, &now);
	/* Not settled yet, or being written: try again soon. */
	if (error == -EAGAIN || error == -ETIMEDOUT || error == -EINTR)
		return 0;
	if (error)
		return error;
	if (!is_vmclock(&now) && now.settled != now.generation)
		return 0;
	*seen = now;
	return 1;
}

enum follow follow(struct vmgenc *vg, struct vmgenc_status *seen, int64_t deadline_ms,
		   const void *unmasked)
{
	while (!follow_stop) {
		bool busy = false;
		int found = follow_wake ? 0 : look(vg, seen, &busy);

		if (follow_wake)
			return FOLLOW_TIMEOUT;
		if (found > 0)
			return FOLLOW_CHANGED;
		if (found < 0) {
			say_log("the source %s", source_error(found));
			return FOLLOW_FAILED;
		}
		if (!sleep_for(vg, is_vmclock(seen), busy ? RETRY_MS : interval(vg, seen),
			       deadline_ms, unmasked))
			return FOLLOW_TIMEOUT;
	}
	return FOLLOW_STOPPED;
}
