/* SPDX-License-Identifier: BSD-2-Clause */
/* lib: the calls of vmgenc.h, on a vmgenc device or on a plain file that simulates one. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "os.h"
#include "page.h"
#include "vmgenc.h"

#define DEFAULT_SOURCE "dev:/dev/vmgenc"
#define RETRY_MS 10
#define WRITER_MS 20 /* how long a writer may be off its processor half-way */

/* vmgenc_changed() reads two adjacent words, whichever page they are on. */
_Static_assert(offsetof(struct vmgenc_page, settled) ==
		       offsetof(struct vmgenc_page, generation) + 8,
	       "generation and settled are adjacent");

enum kind { KIND_DEVICE, KIND_FILE };

/* Read-only after vmgenc_open(), so any thread may use it without a lock. */
struct source {
	struct vmgenc public; /* first: what the caller holds */
	enum kind kind;
	int fd;
	size_t page_size;
	const volatile struct vmgenc_page *page;
	const volatile uint8_t *raw; /* NULL: only the generation page may be mapped */
	char name[64];
};

static const struct source *source_of(const struct vmgenc *vg)
{
	return (const struct source *)vg;
}

/* Whether the hot words are the hypervisor's id. */
static bool race_free(const struct source *s)
{
	return s->public.hot != &s->page->generation;
}

static int parse(struct source *s, const char *name, const char **path)
{
	if (!strncmp(name, "dev:", 4))
		s->kind = KIND_DEVICE;
	else if (!strncmp(name, "file:", 5))
		s->kind = KIND_FILE;
	else
		return -EINVAL;
	*path = strchr(name, ':') + 1;
	strncpy(s->name, name, sizeof(s->name) - 1);
	return **path ? 0 : -EINVAL;
}

/* What vmgenc_open() may return, for whatever open(2) or mmap(2) said. */
static int open_error(int err)
{
	switch (err) {
	case ENOENT:
	case ENOTDIR:
	case ENXIO: /* a node whose driver is gone */
	case ENODEV:
		return -ENODEV;
	case EACCES:
	case EPERM:
		return -EACCES;
	case EAGAIN: /* mmap(2): more locked memory than the process may have */
		return -ENOMEM;
	case ENOMEM:
	case EMFILE:
	case ENFILE:
		return -err;
	default:
		return -EINVAL;
	}
}

static int open_path(struct source *s, const char *path)
{
	struct stat st;

	s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (s->fd < 0 || fstat(s->fd, &st))
		return open_error(errno);
	if (s->kind == KIND_DEVICE && !S_ISCHR(st.st_mode))
		return -EINVAL;
	if (s->kind == KIND_FILE &&
	    (!S_ISREG(st.st_mode) || st.st_size < (off_t)(2 * s->page_size)))
		return -EINVAL;
	return 0;
}

static const volatile void *map(const struct source *s, size_t number)
{
	void *p = mmap(NULL, s->page_size, PROT_READ, MAP_SHARED, s->fd,
		       (off_t)(number * s->page_size));

	return p == MAP_FAILED ? NULL : p;
}

/* Not everyone may have the raw page; the generation page serves everyone. */
static int map_raw(struct source *s, uint32_t id_offset)
{
	s->raw = map(s, 1);
	if (s->raw)
		s->public.hot = (const volatile uint64_t *)(s->raw + id_offset);
	else if (errno != EPERM && errno != EACCES)
		return open_error(errno);
	return 0;
}

static int map_pages(struct source *s)
{
	struct vmgenc_page page;
	int err;

	s->page = map(s, 0);
	if (!s->page)
		return errno == ENODEV ? -EINVAL : open_error(errno);
	/* One copy, so that what is used is what was validated, whatever a file does meanwhile. */
	memcpy(&page, (const void *)s->page, sizeof(page));
	atomic_signal_fence(memory_order_seq_cst);
	err = page_validate(&page, (uint32_t)s->page_size);
	if (err)
		return err;
	s->public.hot = &s->page->generation;
	if (!(page.flags & VMGENC_RAW_MAPPABLE) || page.flags & VMGENC_ID_UNFILLED)
		return 0;
	return map_raw(s, page.id_offset);
}

static int open_source(struct source *s, const char *name)
{
	const char *path;
	int err = parse(s, name, &path);

	if (!err)
		err = open_path(s, path);
	if (!err)
		err = map_pages(s);
	return err;
}

int vmgenc_open(struct vmgenc **vg, const char *source)
{
	struct source *s;
	int err;

	*vg = NULL;
	if (!source)
		source = secure_getenv("VMGENC_SOURCE");
	if (!source)
		source = DEFAULT_SOURCE;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->fd = -1;
	s->page_size = (size_t)sysconf(_SC_PAGESIZE);
	err = open_source(s, source);
	if (err)
		vmgenc_close(&s->public);
	else
		*vg = &s->public;
	return err;
}

void vmgenc_close(struct vmgenc *vg)
{
	struct source *s = (struct source *)vg;

	if (!s)
		return;
	if (s->raw)
		munmap((void *)s->raw, s->page_size);
	if (s->page)
		munmap((void *)s->page, s->page_size);
	if (s->fd >= 0)
		close(s->fd);
	free(s);
}

/* A file has nobody behind it: it is settled when whoever writes it has made it so. */
static int file_sync(const struct source *s, struct vmgenc_event *event)
{
	struct vmgenc_page page;
	int err = page_read(s->page, &page);

	if (err)
		return err;
	event->generation = page.generation;
	event->settled = page.settled;
	event->changed_ns = page.changed_ns;
	memcpy(event->id, page.id, sizeof(event->id));
	if (page.settled != page.generation)
		return -ENODATA;
	if (race_free(s) && memcmp((const void *)s->public.hot, page.id, sizeof(page.id)) != 0)
		return -EAGAIN;
	return 0;
}

static int sync_once(const struct source *s, struct vmgenc_event *event)
{
	if (s->kind == KIND_FILE)
		return file_sync(s, event);
	return ioctl(s->fd, VMGENC_SYNC, event) ? -errno : 0;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The driver is not settled: again in a while, unless the caller's time is up. */
static int wait_to_retry(int64_t deadline, int timeout_ms)
{
	const struct timespec pause = {.tv_nsec = RETRY_MS * 1000000L};

	if (timeout_ms >= 0 && now_ms() >= deadline)
		return -ETIMEDOUT;
	return nanosleep(&pause, NULL) ? -EINTR : 0;
}

int vmgenc_sync(struct vmgenc *vg, struct vmgenc_mark *mark, int timeout_ms)
{
	const struct source *s = source_of(vg);
	int64_t deadline = timeout_ms > 0 ? now_ms() + timeout_ms : 0;
	struct vmgenc_event event;
	int err;

	while ((err = sync_once(s, &event)) != 0) {
		if (err == -EINTR)
			return -EINTR;
		if (err != -ENODATA && err != -EAGAIN)
			return -EIO;
		err = wait_to_retry(deadline, timeout_ms);
		if (err)
			return err;
	}
	/* From the event, not from the page: a change since then must still be seen. */
	if (race_free(s)) {
		memcpy(mark->seen, event.id, sizeof(mark->seen));
	} else {
		mark->seen[0] = event.generation;
		mark->seen[1] = event.settled;
	}
	return 0;
}

int vmgenc_fd(const struct vmgenc *vg)
{
	const struct source *s = source_of(vg);

	return s->kind == KIND_DEVICE ? s->fd : -ENOTSUP;
}

static enum vmgenc_guarantee guarantee(const struct source *s, uint32_t flags)
{
	if (flags & VMGENC_ID_UNFILLED)
		return VMGENC_NONE;
	return race_free(s) ? VMGENC_RACE_FREE : VMGENC_NOTIFIED;
}

/* A live writer that lost its processor half-way gets it back; a dead one does not. */
static int read_page(const struct source *s, struct vmgenc_page *copy)
{
	const struct timespec pause = {.tv_nsec = 1000000L};
	int err;

	for (int ms = 0; (err = page_read(s->page, copy)) == -EAGAIN && ms < WRITER_MS; ms++)
		nanosleep(&pause, NULL);
	return err;
}

int vmgenc_status(struct vmgenc *vg, struct vmgenc_status *st)
{
	const struct source *s = source_of(vg);
	struct vmgenc_status full = {.size = st->size};
	struct vmgenc_page page;
	int err;

	if (st->size < sizeof(full))
		return -EINVAL;
	err = read_page(s, &page);
	if (err)
		return err;
	full.guarantee = guarantee(s, page.flags);
	full.flags = page.flags;
	full.generation = page.generation;
	full.settled = page.settled;
	full.changed_ns = page.changed_ns;
	full.changes = page.changes;
	full.spurious = page.spurious;
	full.rekeys = page.rekeys;
	full.rekey_failures = page.rekey_failures;
	memcpy(full.id, page.id, sizeof(full.id));
	memcpy(full.source, s->name, sizeof(full.source));
	/* A program built for a later library knows more fields: they are 0. */
	memset((char *)st + sizeof(full), 0, st->size - sizeof(full));
	memcpy(st, &full, sizeof(full));
	return 0;
}
