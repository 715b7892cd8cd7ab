/* SPDX-License-Identifier: BSD-2-Clause */
/* lib: the functions of vmgenc.h for an open source. */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "os.h"
#include "rekey.h"
#include "source.h"
#include "sysctl.h"

#define RETRY_MS 10

int source_page(const struct source *s, struct vmgenc_page *copy)
{
	const struct timespec pause = {.tv_nsec = 1000000L};
	uint8_t id[VMGENC_ID_SIZE];
	int err;

	for (int ms = 0; (err = page_read(&s->page, copy)) == -EAGAIN && ms < WRITER_MS; ms++)
		nanosleep(&pause, NULL);
	/* Mapped pages were validated at open, and only their driver writes them. */
	if (!err && !s->may_map &&
	    (page_validate(copy, s->page_size) ||
	     (s->race_free && view_copy(&s->raw, s->id_offset, id, sizeof(id)))))
		return -EIO;
	return err;
}

int source_clock(const struct source *s, struct vmclock *clock)
{
	const struct timespec pause = {.tv_nsec = 1000000L};
	int err;

	for (int ms = 0;
	     (err = vmclock_read(&s->page, s->page_size, clock)) == -EAGAIN && ms < WRITER_MS; ms++)
		nanosleep(&pause, NULL);
	return err;
}

/* The second word for a counter, which may be 0: such a mark must differ from a new one. */
#define COUNTER 1

/* Reads the words that vmgenc_differs() compares. */
static int hot_words(const struct source *s, uint64_t words[2])
{
	words[1] = COUNTER;
	switch (s->kind) {
	case KIND_SYSCTL:
		return sysctl_number(s->fd, &words[0]);
	case KIND_VMCLOCK:
		return view_copy(&s->hot, 0, words, sizeof(words[0]));
	default:
		return view_copy(&s->hot, 0, words, 2 * sizeof(words[0]));
	}
}

/* A source that cannot be read counts as changed; the following sync returns the error. */
bool vmgenc_differs(const struct vmgenc *vg, const struct vmgenc_mark *mark, uint64_t difference)
{
	const struct source *s = source_of(vg);
	uint64_t words[2];
	int saved = errno;
	bool failed;

	if (s->hot_is_mapped)
		return difference != 0;
	failed = hot_words(s, words) != 0;
	errno = saved;
	return failed || ((words[0] ^ mark->seen[0]) | (words[1] ^ mark->seen[1])) != 0;
}

/* Uses the event and not the page, so that the next check sees a later change. */
static void mark_event(const struct source *s, const struct vmgenc_event *event,
		       struct vmgenc_mark *mark)
{
	if (s->race_free) {
		memcpy(mark->seen, event->id, sizeof(mark->seen));
	} else {
		mark->seen[0] = event->generation;
		mark->seen[1] = event->settled;
	}
}

static int device_sync(const struct source *s, struct vmgenc_mark *mark)
{
	struct vmgenc_event event;

	if (ioctl(s->fd, VMGENC_SYNC, &event))
		return -errno;
	mark_event(s, &event, mark);
	return 0;
}

/* A file has no driver, so this only checks whether its writer has settled it. */
static int file_sync(const struct source *s, struct vmgenc_mark *mark)
{
	struct vmgenc_event event = {0};
	struct vmgenc_page page;
	uint8_t id[VMGENC_ID_SIZE];
	int err = source_page(s, &page);

	if (err)
		return err;
	if (page.settled != page.generation)
		return -ENODATA;
	if (s->race_free && view_copy(&s->raw, s->id_offset, id, sizeof(id)))
		return -EIO;
	if (s->race_free && memcmp(id, page.id, sizeof(id)) != 0)
		return -EAGAIN;
	event.generation = page.generation;
	event.settled = page.settled;
	memcpy(event.id, page.id, sizeof(event.id));
	mark_event(s, &event, mark);
	return 0;
}

/* A VMClock has no driver that rekeys, so this rekeys the kernel, and retries after a change. */
static int clock_sync(const struct source *s, struct vmgenc_mark *mark)
{
	struct {
		struct vmclock clock;
		struct timespec now;
	} fresh = {0};
	struct vmclock after;
	int err = source_clock(s, &fresh.clock);

	if (err)
		return err == -EAGAIN ? -EAGAIN : -EIO;
	clock_gettime(CLOCK_REALTIME, &fresh.now);
	err = rekey_kernel(&fresh, sizeof(fresh));
	if (!err)
		err = source_clock(s, &after);
	if (!err && after.generation != fresh.clock.generation)
		err = -EAGAIN;
	if (!err) {
		mark->seen[0] = htole64(fresh.clock.generation); /* as on the page */
		mark->seen[1] = COUNTER;
	}
	return err;
}

/*
 * There is no descriptor to ask the driver, but it looks at each draw from the kernel. settled is
 * read first: it never exceeds generation, so if both are equal, this generation is settled.
 */
static int sysctl_sync(const struct source *s, struct vmgenc_mark *mark)
{
	uint64_t generation, settled;

	draw_from_kernel();
	if (sysctl_number(s->settled_fd, &settled) || sysctl_number(s->fd, &generation))
		return -EIO;
	if (settled != generation)
		return -ENODATA;
	mark->seen[0] = generation;
	mark->seen[1] = COUNTER;
	return 0;
}

static int sync_once(const struct source *s, struct vmgenc_mark *mark)
{
	switch (s->kind) {
	case KIND_SYSCTL:
		return sysctl_sync(s, mark);
	case KIND_FILE:
		return file_sync(s, mark);
	case KIND_VMCLOCK:
		return clock_sync(s, mark);
	default:
		return device_sync(s, mark);
	}
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Waits before the next try. Returns -ETIMEDOUT when the caller's time is up, or -EINTR. */
static int wait_to_retry(int64_t deadline, int timeout_ms)
{
	const struct timespec pause = {.tv_nsec = RETRY_MS * 1000000L};

	if (timeout_ms >= 0 && now_ms() >= deadline)
		return -ETIMEDOUT;
	return nanosleep(&pause, NULL) ? -EINTR : 0;
}

/* Translates errors into those that vmgenc_sync() documents. Only a VMClock returns -EPERM. */
static int sync_error(const struct source *s, int err)
{
	if (err == -EINTR || (err == -EPERM && s->kind == KIND_VMCLOCK))
		return err;
	return -EIO;
}

int vmgenc_sync(struct vmgenc *vg, struct vmgenc_mark *mark, int timeout_ms)
{
	const struct source *s = source_of(vg);
	int64_t deadline = timeout_ms > 0 ? now_ms() + timeout_ms : 0;
	int err;

	while ((err = sync_once(s, mark)) != 0) {
		if (err != -ENODATA && err != -EAGAIN)
			return sync_error(s, err);
		err = wait_to_retry(deadline, timeout_ms);
		if (err)
			return err;
	}
	return 0;
}

int vmgenc_fd(const struct vmgenc *vg)
{
	const struct source *s = source_of(vg);

	return s->kind == KIND_DEVICE || s->notifies ? s->fd : -ENOTSUP;
}

static enum vmgenc_guarantee guarantee(const struct source *s, uint32_t flags)
{
	if (flags & VMGENC_ID_UNFILLED)
		return VMGENC_NONE;
	return s->race_free ? VMGENC_RACE_FREE : VMGENC_NOTIFIED;
}

static int page_status(const struct source *s, struct vmgenc_status *st)
{
	struct vmgenc_page page;
	int err = source_page(s, &page);

	if (err)
		return err;
	st->guarantee = guarantee(s, page.flags);
	st->flags = page.flags;
	st->generation = page.generation;
	st->settled = page.settled;
	st->changed_ns = page.changed_ns;
	st->changes = page.changes;
	st->spurious = page.spurious;
	st->rekeys = page.rekeys;
	st->rekey_failures = page.rekey_failures;
	st->unseeded = page.unseeded;
	st->redraws = page.redraws;
	st->redraws_missed = page.redraws_missed;
	memcpy(st->id, page.id, sizeof(st->id));
	return 0;
}

/*
 * A VMClock has no id and no driver that rekeys, so settled stays 0. vmgenc_sync() mixes in the
 * page, the time and timing samples that do not count; whether the kernel adds CPU random
 * instructions is not known here.
 */
static int clock_status(const struct source *s, struct vmgenc_status *st)
{
	struct vmclock clock;
	int err = source_clock(s, &clock);

	if (err)
		return err == -EAGAIN ? -EAGAIN : -EIO;
	if (clock.flags & VMCLOCK_GENERATION_PRESENT)
		st->guarantee = VMGENC_RACE_FREE;
	st->flags = VMGENC_PREDICTABLE;
	st->generation = clock.generation;
	return 0;
}

/* The flags say what the page's do, though neither page can be mapped here. */
static int sysctl_status(const struct source *s, struct vmgenc_status *st)
{
	uint64_t flags = 0;

	if (sysctl_number(s->settled_fd, &st->settled) || sysctl_number(s->fd, &st->generation) ||
	    (s->flags_fd >= 0 && sysctl_number(s->flags_fd, &flags)) || flags > UINT32_MAX)
		return -EIO;
	st->flags = (uint32_t)flags;
	st->guarantee = guarantee(s, st->flags);
	return 0;
}

static int kind_status(const struct source *s, struct vmgenc_status *st)
{
	switch (s->kind) {
	case KIND_SYSCTL:
		return sysctl_status(s, st);
	case KIND_VMCLOCK:
		return clock_status(s, st);
	default:
		return page_status(s, st);
	}
}

int vmgenc_status(struct vmgenc *vg, struct vmgenc_status *st)
{
	const struct source *s = source_of(vg);
	struct vmgenc_status full = {.size = st->size};
	int err;

	if (st->size < offsetof(struct vmgenc_status, unseeded))
		return -EINVAL;
	err = kind_status(s, &full);
	if (err)
		return err;
	memcpy(full.source, s->name, sizeof(full.source));
	/* Fields of a program that was built for a later library become 0. */
	if (st->size > sizeof(full))
		memset((char *)st + sizeof(full), 0, st->size - sizeof(full));
	memcpy(st, &full, st->size < sizeof(full) ? st->size : sizeof(full));
	return 0;
}
