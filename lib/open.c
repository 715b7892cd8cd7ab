/* SPDX-License-Identifier: BSD-2-Clause */
/* lib: opens and closes a source: a vmgenc device or its sysctls, a VMClock, or a file that
 * simulates one. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "os.h"
#include "source.h"
#include "sysctl.h"

/* vmgenc_changed() reads two adjacent words, on either page. */
_Static_assert(offsetof(struct vmgenc_page, settled) ==
		       offsetof(struct vmgenc_page, generation) + 8,
	       "generation and settled are adjacent");

/* The sources to try, best first. */
static const char *const preferred[] = {"dev:/dev/vmgenc", "vmclock:/dev/vmclock0"};

static int parse(struct source *s, const char *name, const char **path)
{
	if (!strncmp(name, "dev:", 4))
		s->kind = KIND_DEVICE;
	else if (!strncmp(name, "file:", 5))
		s->kind = KIND_FILE;
	else if (!strncmp(name, "vmclock:", 8))
		s->kind = KIND_VMCLOCK;
	else if (!strncmp(name, "sysctl:", 7))
		s->kind = KIND_SYSCTL;
	else
		return -EINVAL;
	*path = strchr(name, ':') + 1;
	strncpy(s->name, name, sizeof(s->name) - 1);
	return **path ? 0 : -EINVAL;
}

/* Translates errors of open(2) and mmap(2) into those that vmgenc_open() documents. */
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

/* Only memory files can be sealed; for other files the call fails. */
static bool cannot_shrink(int fd)
{
#ifdef F_GET_SEALS
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && seals & F_SEAL_SHRINK;
#else
	(void)fd;
	return false;
#endif
}

static int open_path(struct source *s, const char *path)
{
	off_t needed = (s->kind == KIND_FILE ? 2 : 1) * (off_t)s->page_size;
	struct stat st;

	s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (s->fd < 0 || fstat(s->fd, &st))
		return open_error(errno);
	s->mode = st.st_mode;
	if (S_ISCHR(st.st_mode) && s->kind != KIND_FILE) {
		s->may_map = true;
		return 0;
	}
	if (s->kind == KIND_DEVICE || !S_ISREG(st.st_mode) || st.st_size < needed)
		return -EINVAL;
	s->may_map = cannot_shrink(s->fd);
	return 0;
}

/* Opens a view of one page of the source. Returns 0 and leaves errno untouched, or -1. */
static int view(const struct source *s, size_t number, struct view *v)
{
	void *p = NULL;

	if (s->may_map)
		p = mmap(NULL, s->page_size, PROT_READ, MAP_SHARED, s->fd,
			 (off_t)(number * s->page_size));
	if (p == MAP_FAILED)
		return -1;
	v->mapped = p;
	v->fd = s->fd;
	v->offset = number * s->page_size;
	return 0;
}

/*
 * Makes vmgenc_differs() decide: hot points at words that no mark has, so that the inline check
 * always fails. The words are unique, made of an address and the time of this process.
 */
static void compare_by_call(struct source *s, const struct view *v, size_t at)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	s->no_id[0] = (uintptr_t)s;
	s->no_id[1] = ~((uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec);
	s->public.hot = s->no_id;
	s->hot = *v;
	s->hot.offset += at;
	s->hot.mapped = v->mapped ? v->mapped + at : NULL;
}

/* The two words that vmgenc_changed() compares. */
static void compare(struct source *s, const struct view *v, size_t at)
{
	s->hot_is_mapped = v->mapped != NULL;
	if (v->mapped)
		s->public.hot = (const volatile uint64_t *)(v->mapped + at);
	else
		compare_by_call(s, v, at);
}

/* Without the privilege for the raw page, the generation page is compared instead. */
static int open_raw(struct source *s, uint32_t id_offset)
{
	if (!view(s, 1, &s->raw)) {
		s->id_offset = id_offset;
		s->race_free = true;
		compare(s, &s->raw, id_offset);
		return 0;
	}
	return errno == EPERM || errno == EACCES ? 0 : open_error(errno);
}

static int open_pages(struct source *s)
{
	struct vmgenc_page page;
	int err;

	if (view(s, 0, &s->page))
		return errno == ENODEV ? -EINVAL : open_error(errno);
	/* Validate a copy and use only the copy, because a file may change in between. */
	if (view_copy(&s->page, 0, &page, sizeof(page)))
		return -EINVAL;
	atomic_signal_fence(memory_order_seq_cst);
	err = page_validate(&page, s->page_size);
	if (err)
		return err;
	compare(s, &s->page, offsetof(struct vmgenc_page, generation));
	if (!(page.flags & VMGENC_RAW_MAPPABLE) || page.flags & VMGENC_ID_UNFILLED)
		return 0;
	return open_raw(s, page.id_offset);
}

/*
 * Whether its descriptor can be polled. Before Linux 7.0, the driver has no poll method and poll(2)
 * reports it as writable; later drivers report a hang-up if the host does not notify.
 */
static bool clock_notifies(const struct source *s, const struct vmclock *clock)
{
	struct pollfd p = {.fd = s->fd, .events = POLLIN | POLLOUT};

	if (!S_ISCHR(s->mode) || !(clock->flags & VMCLOCK_NOTIFICATION_PRESENT))
		return false;
	return poll(&p, 1, 0) >= 0 && !(p.revents & ~(POLLIN | POLLRDNORM));
}

static int open_clock(struct source *s)
{
	struct vmclock clock;
	int err;

	if (view(s, 0, &s->page))
		return errno == ENODEV ? -EINVAL : open_error(errno);
	err = source_clock(s, &clock);
	if (err)
		return err == -EIO ? -EINVAL : err;
	/* Without the counter, the page does not show clones. */
	if (!(clock.flags & VMCLOCK_GENERATION_PRESENT))
		return -ENODEV;
	s->race_free = true;
	s->notifies = clock_notifies(s, &clock);
	/* The counter may be 0, which the inline check would take for a new mark. */
	compare_by_call(s, &s->page, offsetof(struct vmclock_page, generation));
	return 0;
}

static int open_number(const char *directory, const char *name, int *fd, uint64_t *value)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%s", directory, name);

	if (n < 0 || (size_t)n >= sizeof(path))
		return -EINVAL;
	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (*fd < 0)
		return open_error(errno);
	return sysctl_number(*fd, value) ? -EINVAL : 0;
}

/* The files are read at each check, by vmgenc_differs(). Not every driver has flags there. */
static int open_sysctl(struct source *s, const char *directory)
{
	uint64_t generation, settled, flags;
	int err = open_number(directory, "generation", &s->fd, &generation);

	if (!err)
		err = open_number(directory, "settled", &s->settled_fd, &settled);
	if (!err) {
		err = open_number(directory, "flags", &s->flags_fd, &flags);
		if (err == -ENODEV)
			err = 0;
	}
	if (!err && (generation == 0 || settled > generation))
		err = -EINVAL;
	compare_by_call(s, &(struct view){.fd = s->fd}, 0);
	return err;
}

static int open_source(struct source *s, const char *name)
{
	const char *path;
	int err = parse(s, name, &path);

	if (!err && s->kind == KIND_SYSCTL)
		return open_sysctl(s, path);
	if (!err)
		err = open_path(s, path);
	if (!err)
		err = s->kind == KIND_VMCLOCK ? open_clock(s) : open_pages(s);
	return err;
}

static int open_named(struct vmgenc **vg, const char *name)
{
	struct source *s = calloc(1, sizeof(*s));
	int err;

	*vg = NULL;
	if (!s)
		return -ENOMEM;
	s->fd = s->settled_fd = s->flags_fd = -1;
	s->page_size = (uint32_t)sysconf(_SC_PAGESIZE);
	err = open_source(s, name);
	if (err)
		vmgenc_close(&s->public);
	else
		*vg = &s->public;
	return err;
}

/*
 * Opens the first source that opens. If none does, returns the error of the first that exists,
 * since the machine can then detect clones. A shortage of memory or descriptors ends the search,
 * since the caller would otherwise get a worse source.
 */
static int open_best(struct vmgenc **vg)
{
	int err, first = -ENODEV;

	for (size_t i = 0; i < sizeof(preferred) / sizeof(preferred[0]); i++) {
		err = open_named(vg, preferred[i]);
		if (!err || err == -ENOMEM || err == -EMFILE || err == -ENFILE)
			return err;
		if (first == -ENODEV)
			first = err;
	}
	return first;
}

int vmgenc_open(struct vmgenc **vg, const char *source)
{
	if (!source)
		source = secure_getenv("VMGENC_SOURCE");
	return source ? open_named(vg, source) : open_best(vg);
}

static void unmap(const struct source *s, struct view *v)
{
	if (v->mapped)
		munmap((void *)v->mapped, s->page_size);
}

void vmgenc_close(struct vmgenc *vg)
{
	struct source *s = (struct source *)vg;

	if (!s)
		return;
	unmap(s, &s->raw);
	unmap(s, &s->page);
	if (s->fd >= 0)
		close(s->fd);
	if (s->settled_fd >= 0)
		close(s->settled_fd);
	if (s->flags_fd >= 0)
		close(s->flags_fd);
	free(s);
}
