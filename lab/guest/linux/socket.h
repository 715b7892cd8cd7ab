/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/guest/linux: local sockets to the programs under test. An error calls fail().
 */
#ifndef GUEST_LINUX_SOCKET_H
#define GUEST_LINUX_SOCKET_H

#include <stddef.h>

int socket_connect(const char *path); /* returns -1 while nobody listens */
void send_all(int fd, const void *data, size_t size);
void receive_all(int fd, void *data, size_t size);

#endif
