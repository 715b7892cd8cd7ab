/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/shared: the ring through which a guest's program sends its output.
 */
#include "host/host.h"
#include "inside.h"

static void copy(const struct shared *s, char *to, size_t size)
{
	const volatile char *ring = (const volatile char *)s->memory + s->given.records;
	uint64_t at = s->stream_read % s->given.stream_size, end = s->given.stream_size - at;
	size_t first = size < end ? size : (size_t)end;

	load_bytes(to, ring + at, first);
	load_bytes(to + first, ring, size - first);
}

int shared_stream(struct shared *s, char *to, size_t size, size_t *got)
{
	uint64_t waiting = load_u64(&s->memory->stream_written) - s->stream_read;
	int code = shared_check_given(s);

	*got = 0;
	if (code)
		return code;
	if (waiting > s->given.stream_size)
		return lab_fail(LAB_EXIT_GUEST,
				"guest %s: reports %llu bytes of output where at most %llu fit",
				s->name, (unsigned long long)waiting,
				(unsigned long long)s->given.stream_size);
	*got = waiting < size ? (size_t)waiting : size;
	if (*got)
		copy(s, to, *got);
	s->stream_read += *got;
	__atomic_store_n(&s->memory->stream_read, s->stream_read, __ATOMIC_RELEASE);
	return 0;
}
