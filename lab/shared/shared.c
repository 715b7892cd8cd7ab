/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/shared: maps the exchange, and writes the host's part of it. The host keeps a copy of what it
 * wrote and never reads it back.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/host.h"
#include "inside.h"

static void store_bytes(volatile void *to, const void *from, size_t size)
{
	for (size_t i = 0; i < size; i++)
		((volatile uint8_t *)to)[i] = ((const uint8_t *)from)[i];
}

/* The bytes behind the header: the records, or the ring of "run". */
static bool fits(const struct lab_exchange *first, uint64_t size)
{
	uint64_t records = 0;

	errno = EFBIG;
	if (first->cpus > LAB_MAX_CPUS || first->records < sizeof(*first) ||
	    first->records > size ||
	    __builtin_mul_overflow(first->cpus * sizeof(struct lab_draw), first->draws, &records))
		return false;
	return records <= size - first->records && first->stream_size <= size - first->records;
}

static volatile struct lab_exchange *map(const char *path, uint64_t size)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	int err = errno;

	if (fd >= 0)
		close(fd);
	errno = err;
	return memory == MAP_FAILED ? NULL : memory;
}

int shared_open(struct shared **to, const char *name, const char *path, uint64_t size,
		const struct lab_exchange *first)
{
	struct shared *s = calloc(1, sizeof(*s));

	*to = NULL;
	if (!s)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "no memory");
	s->memory = fits(first, size) ? map(path, size) : NULL;
	if (!s->memory) {
		lab_fail(LAB_EXIT_ENVIRONMENT, "cannot map %s: %s", path, strerror(errno));
		free(s);
		return LAB_EXIT_ENVIRONMENT;
	}
	snprintf(s->name, sizeof(s->name), "%s", name);
	s->size = size;
	s->given = *first;
	shared_restart(s);
	*to = s;
	return 0;
}

int shared_open_clone(struct shared **to, const char *name, const char *path,
		      const struct shared *parent, uint32_t lineage)
{
	const uint32_t drawing = LAB_DRAWING, none = 0;
	uint8_t half[sizeof(struct lab_exchange) - GUESTS_HALF];
	struct lab_exchange first = parent->given;

	first.lineage = lineage;
	int code = shared_open(to, name, path, parent->size, &first);

	if (code)
		return code;
	/* Only the guest makes something of what its parent wrote. */
	load_bytes(half, &parent->memory->state, sizeof(half));
	store_bytes(&(*to)->memory->state, half, sizeof(half));
	store_bytes(&(*to)->memory->state, &drawing, sizeof(drawing));
	store_bytes(&(*to)->memory->unsettled, &none, sizeof(none));
	return 0;
}

void shared_close(struct shared *s)
{
	if (s)
		munmap((void *)(uintptr_t)s->memory, s->size);
	free(s);
}

void shared_restart(struct shared *s)
{
	s->stream_read = 0;
	store_bytes(s->memory, &s->given, sizeof(s->given));
}

const struct lab_exchange *shared_given(const struct shared *s)
{
	return &s->given;
}

void shared_set_generator(struct shared *s, uint32_t generator)
{
	s->given.generator = generator;
	__atomic_store_n(&s->memory->generator, generator, __ATOMIC_RELEASE);
}

void shared_set_command(struct shared *s, enum lab_command command)
{
	s->given.command = command;
	__atomic_store_n(&s->memory->command, command, __ATOMIC_RELEASE);
}

void shared_write(struct shared *s, uint64_t offset, const void *from, size_t size)
{
	store_bytes((volatile uint8_t *)s->memory + offset, from, size);
}

void shared_write_u32(struct shared *s, uint64_t offset, uint32_t value)
{
	__atomic_store_n((volatile uint32_t *)((volatile uint8_t *)s->memory + offset), value,
			 __ATOMIC_RELEASE);
}

int shared_check_given(const struct shared *s)
{
	const volatile struct lab_exchange *m = s->memory;
	const struct lab_exchange *g = &s->given;

	if (load_u32(&m->cpus) == g->cpus && load_u64(&m->draws) == g->draws &&
	    load_u64(&m->records) == g->records && load_u64(&m->stream_size) == g->stream_size)
		return 0;
	return lab_fail(LAB_EXIT_GUEST,
			"guest %s: has overwritten what the host told it about its records",
			s->name);
}
