/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/guest/linux: speaks version 3 of PostgreSQL's protocol (its manual, "Frontend/Backend
 * Protocol") over a local socket without authentication.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"
#include "socket.h"

#define VERSION_3 196608

/* A message is a letter, the length of the rest including these four bytes, and the rest. */
static char receive(int fd, char *body, size_t size)
{
	char type;
	uint32_t length;

	receive_all(fd, &type, 1);
	receive_all(fd, &length, 4);
	length = ntohl(length) - 4;
	if (length >= size)
		fail("PostgreSQL's answer is too long: %u bytes", length);
	if (length)
		receive_all(fd, body, length);
	body[length] = '\0';
	return type;
}

/* An error is a list of fields, each a letter and a text. */
static const char *field(const char *error, char letter)
{
	for (; *error; error += strlen(error) + 1) {
		if (*error == letter)
			return error + 1;
	}
	return "";
}

/* Wait until the server is ready for a query. Return false while it is starting up, if allowed. */
static bool await_ready(int fd, bool may_start_up)
{
	char body[4096], type;

	while ((type = receive(fd, body, sizeof(body))) != 'Z') {
		if (type != 'E')
			continue;
		if (may_start_up && !strcmp(field(body, 'C'), "57P03"))
			return false;
		fail("PostgreSQL: %.200s", field(body, 'M'));
	}
	return true;
}

static int connect_once(const char *path, bool *ready)
{
	static const char parameters[] = "user\0postgres\0database\0postgres\0";
	const struct {
		uint32_t length, version;
	} start = {htonl(8 + sizeof(parameters)), htonl(VERSION_3)};
	int fd = socket_connect(path);

	if (fd < 0)
		fail("PostgreSQL no longer listens");
	send_all(fd, &start, sizeof(start));
	send_all(fd, parameters, sizeof(parameters));
	*ready = await_ready(fd, true);
	return fd;
}

int postgres_connect(const char *path)
{
	bool ready;
	int fd;

	while (fd = connect_once(path, &ready), !ready) {
		close(fd);
		sleep_ns(20000000);
	}
	return fd;
}

/* A row: the number of columns, then for each its length and text. */
static void first_column(const char *row, char *to, size_t size)
{
	uint32_t length;

	memcpy(&length, row + 2, 4);
	length = ntohl(length);
	snprintf(to, size, "%.*s", (int)length, row + 6);
}

void postgres_query(int fd, const char *query, char *to, size_t size)
{
	uint32_t length = htonl((uint32_t)strlen(query) + 5);
	char body[4096], type;

	*to = '\0';
	send_all(fd, "Q", 1);
	send_all(fd, &length, 4);
	send_all(fd, query, strlen(query) + 1);
	while ((type = receive(fd, body, sizeof(body))) != 'Z') {
		if (type == 'D')
			first_column(body, to, size);
		else if (type == 'E')
			fail("PostgreSQL: %.200s", field(body, 'M'));
	}
}
