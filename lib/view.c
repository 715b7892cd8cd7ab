/* SPDX-License-Identifier: BSD-2-Clause */
/* lib: a page of a source, mapped if it cannot shrink, otherwise read at each access. */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "view.h"

static int read_at(const struct view *v, size_t from, void *to, size_t size)
{
	ssize_t n;

	do
		n = pread(v->fd, to, size, (off_t)(v->offset + from));
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)size ? 0 : -EIO;
}

int view_copy(const struct view *v, size_t from, void *to, size_t size)
{
	if (!v->mapped)
		return read_at(v, from, to, size);
	memcpy(to, (const void *)(v->mapped + from), size);
	return 0;
}

int view_word(const struct view *v, size_t from, uint32_t *word)
{
	int err = 0;

	atomic_thread_fence(memory_order_acquire);
	if (v->mapped)
		*word = *(const volatile uint32_t *)(v->mapped + from);
	else
		err = read_at(v, from, word, sizeof(*word));
	atomic_thread_fence(memory_order_acquire);
	return err;
}
