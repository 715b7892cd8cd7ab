/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/vm: talks to QEMU through its QMP socket. Ignores all events except the one that ends a
 * migration.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "host/host.h"
#include "vm.h"

static int fill(struct qmp *q, double end)
{
	struct pollfd p = {.fd = q->fd, .events = POLLIN};
	char limit[LAB_TIME_SIZE];

	while (!lab_signal) {
		double left = end - lab_now();

		if (left < 0)
			return lab_fail(LAB_EXIT_ENVIRONMENT, "QEMU did not answer in %s",
					lab_time(q->patience, limit));
		if (poll(&p, 1, (int)(left * 1000) + 1) <= 0)
			continue;
		if (q->used == sizeof(q->buffer))
			return lab_fail(LAB_EXIT_ENVIRONMENT,
					"QEMU sent a message of more than %zu bytes", q->used);
		ssize_t n = read(q->fd, q->buffer + q->used, sizeof(q->buffer) - q->used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		q->used += (size_t)n;
		return 0;
	}
	return lab_interrupted();
}

/* Return the next message; each is one line. */
static int next(struct qmp *q, json_t **message)
{
	double end = lab_now() + q->patience;
	char *newline;

	while (!(newline = memchr(q->buffer, '\n', q->used))) {
		int code = fill(q, end);

		if (code)
			return code;
	}
	size_t length = (size_t)(newline + 1 - q->buffer);

	*message = json_loadb(q->buffer, length, 0, NULL);
	q->used -= length;
	memmove(q->buffer, newline + 1, q->used);
	return *message ? 0 : lab_fail(LAB_EXIT_ENVIRONMENT, "QEMU sent something other than JSON");
}

static int send_line(struct qmp *q, const char *line, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = "";
	struct iovec data = {.iov_base = (char *)line, .iov_len = strlen(line)};
	struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};

	if (fd >= 0) {
		message.msg_control = control;
		message.msg_controllen = sizeof(control);
		struct cmsghdr *c = CMSG_FIRSTHDR(&message);

		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(int));
	}
	return sendmsg(q->fd, &message, MSG_NOSIGNAL) == (ssize_t)data.iov_len ? 0 : -1;
}

static int send_request(struct qmp *q, const char *command, json_t *arguments, int fd)
{
	json_t *request = json_pack("{s:s, s:o*}", "execute", command, "arguments", arguments);
	char *line = request ? json_dumps(request, JSON_COMPACT) : NULL;
	int code = line ? send_line(q, line, fd) : lab_fail(LAB_EXIT_ENVIRONMENT, "no memory");

	free(line);
	json_decref(request);
	return code;
}

/* Set *answer to the answer, which the caller owns. */
static int call(struct qmp *q, const char *command, json_t *arguments, int fd, json_t **answer)
{
	int code = send_request(q, command, arguments, fd);
	json_t *message;

	while (!code && !(code = next(q, &message))) {
		const char *error = NULL;

		json_unpack(message, "{s:{s:s}}", "error", "desc", &error);
		*answer = json_incref(json_object_get(message, "return"));
		if (error)
			code = lab_fail(LAB_EXIT_ENVIRONMENT, "QEMU refused %s: %s", command,
					error);
		json_decref(message);
		if (*answer)
			break;
	}
	return code;
}

int qmp_call(struct qmp *q, const char *command, json_t *arguments, int fd)
{
	json_t *answer = NULL;
	int code = call(q, command, arguments, fd, &answer);

	json_decref(answer);
	return code;
}

int qmp_greet(struct qmp *q)
{
	json_t *greeting;
	int code = next(q, &greeting);

	if (code)
		return code;
	json_decref(greeting);
	return qmp_call(q, "qmp_capabilities", NULL, -1);
}

static int migration_failed(struct qmp *q)
{
	const char *why = "it gives no reason";
	json_t *answer = NULL;
	int code = call(q, "query-migrate", NULL, -1, &answer);

	if (!code) {
		json_unpack(answer, "{s:s}", "error-desc", &why);
		code = lab_fail(LAB_EXIT_ENVIRONMENT,
				"QEMU could not save or load the snapshot: %s", why);
	}
	json_decref(answer);
	return code;
}

int qmp_wait_migrated(struct qmp *q)
{
	json_t *message;
	int code;

	while (!(code = next(q, &message))) {
		const char *event = "", *status = "";

		json_unpack(message, "{s:s, s:{s:s}}", "event", &event, "data", "status", &status);
		bool completed = !strcmp(event, "MIGRATION") && !strcmp(status, "completed");
		bool failed = !strcmp(event, "MIGRATION") && !strcmp(status, "failed");

		json_decref(message);
		if (failed)
			return migration_failed(q);
		if (completed)
			return 0;
	}
	return code;
}
