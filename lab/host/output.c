/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/host: writes what a guest's program says to standard output: exactly, or to a terminal
 * without what it would obey. A signal ends every wait.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "host.h"

#define PIECE 4096  /* at most PIPE_BUF: a pipe that is ready takes this without blocking */
#define POLL_MS 100 /* a signal may come just before poll(2) */

void output_begin(struct output *o, int fd)
{
	*o = (struct output){.fd = fd, .clean = isatty(fd)};
}

static int write_all(int fd, const char *from, size_t size)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	while (size && !lab_signal) {
		if (poll(&p, 1, POLL_MS) <= 0)
			continue;
		ssize_t n = write(fd, from, size);

		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return lab_fail(LAB_EXIT_ENVIRONMENT, "cannot write to standard output: %s",
					strerror(errno));
		from += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
	return lab_interrupted();
}

int output_write(struct output *o, const char *from, size_t size)
{
	char piece[PIECE];
	int code = lab_interrupted();

	while (size && !code) {
		size_t room = sizeof(piece) - o->held, part = size < room ? size : room;

		memcpy(piece, o->rest, o->held);
		memcpy(piece + o->held, from, part);
		from += part;
		size -= part;
		part += o->held;
		size_t ready = o->clean ? clean_part(piece, part) : part;

		o->held = part - ready;
		memcpy(o->rest, piece + ready, o->held);
		code = write_all(o->fd, piece, ready);
	}
	return code;
}

int output_end(struct output *o)
{
	size_t held = o->held;

	o->held = 0;
	return write_all(o->fd, "???", held);
}
