/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd/hooks: tells the host that the hooks of a generation are done, by a virtio-serial port or by
 * vsock, where one is there and the host listens. It never waits long for the host. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/vm_sockets.h>
#endif

#include "hooks.h"

#define PORT "/dev/virtio-ports/org.vmgenc.ready"
#define VSOCK "/dev/vsock" /* without it, a socket would load modules */
#define VSOCK_PORT 22087
#define PATIENCE_MS 200

static bool below(const struct service *s, const char *name, char path[PATH_MAX])
{
	return snprintf(path, PATH_MAX, "%s%s", s->args->root, name) < PATH_MAX;
}

/* In one write, so that the host reads whole lines. */
static bool put(int fd, const char *text, size_t size)
{
	bool done = fd >= 0 && write(fd, text, size) == (ssize_t)size;

	if (fd >= 0)
		close(fd);
	return done;
}

static bool tell_port(const struct service *s, const char *text, size_t size)
{
	char path[PATH_MAX];

	return below(s, PORT, path) &&
	       put(open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), text, size);
}

static bool tell_vsock(const struct service *s, const char *text, size_t size)
{
#ifdef __linux__
	const struct sockaddr_vm host = {
		.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_HOST, .svm_port = VSOCK_PORT};
	struct pollfd p = {.events = POLLOUT};
	char path[PATH_MAX];

	if (!below(s, VSOCK, path) || access(path, F_OK))
		return false;
	p.fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (p.fd < 0)
		return false;
	if (connect(p.fd, (const struct sockaddr *)&host, sizeof(host)) &&
	    (errno != EINPROGRESS || poll(&p, 1, PATIENCE_MS) <= 0)) {
		close(p.fd);
		return false;
	}
	return put(p.fd, text, size);
#else
	(void)s;
	(void)text;
	(void)size;
	return false;
#endif
}

/* Nobody may listen yet, so what was not told is told at a later call. */
void announce(struct service *s)
{
	const struct state *st = &s->state;
	char text[256];
	int size;

	if (!st->known || st->under_way)
		return;
	size = snprintf(text, sizeof(text),
			"{\"vmgenc\": \"%s\", \"generation\": %" PRIu64
			", \"id\": \"%s\", \"copy\": \"%s\", \"owed\": %zu}\n",
			st->owed_count ? "failed" : "ready", st->generation, st->id,
			copy_name(st->copy), st->owed_count);
	if (size >= (int)sizeof(text) || !strcmp(text, s->told))
		return;
	if (tell_port(s, text, (size_t)size) | tell_vsock(s, text, (size_t)size))
		memcpy(s->told, text, (size_t)size + 1);
}
