/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/guest/linux: the protocols by which workers request values from real programs, one at a
 * time.
 */
#ifndef PROBE_H
#define PROBE_H

#include "linux.h"

/* probe_postgres.c: the protocol between PostgreSQL and its clients, version 3 */
int postgres_connect(const char *path);
/* Runs a query and copies the text of the first column of its last row to `to`. */
void postgres_query(int fd, const char *query, char *to, size_t size);

/* probe_sysgenid.c: the workers of all CPUs open it before any draws, and draw before any closes it */
void sysgenid_open(struct generator *g);
void sysgenid_draw(struct generator *g, uint8_t value[LAB_VALUE_SIZE]);
void sysgenid_close(struct generator *g);

/* probe_tls.c: begins a TLS handshake and reads the server's random value */
void tls_server_random(const char *path, uint8_t value[LAB_VALUE_SIZE]);

#endif
