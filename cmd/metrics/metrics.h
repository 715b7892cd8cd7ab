/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd/metrics: what a monitoring system may know of this machine, as text. Nothing in it is secret;
 * its labels come from fixed lists, apart from fingerprints. */
#ifndef VMGENC_CMD_METRICS_H
#define VMGENC_CMD_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "cmd.h"

/*
 * The fleet's key. The administrator gives the same one to all machines of a fleet, so that they
 * tell equal from unequal by their fingerprints, and nobody without it can try guesses.
 */
#define FLEET_KEY_MIN 32
#define FLEET_KEY_MAX 4096
#define FINGERPRINT_SIZE 33 /* 128 bits as hexadecimal digits, and NUL */

struct fleet_key {
	bool is_usable; /* false: there is one, but it must not be used; the reason is said */
	bool is_own;	/* the administrator's; else one that everybody knows */
	size_t size;
	uint8_t bytes[FLEET_KEY_MAX + 1];
};

/* fingerprint.c: the key below root, and hashes with it */
void fleet_key_read(const char *root, struct fleet_key *key);
/* Of the key itself: machines that show different ones cannot be compared. */
void fleet_key_fingerprint(const struct fleet_key *key, char text[FINGERPRINT_SIZE]);
/* The same for the same kind and value; another kind with this value has another one. */
void fingerprint(const struct fleet_key *key, const char *kind, const void *value, size_t size,
		 char text[FINGERPRINT_SIZE]);

/* identities.c: finds the machine's identities below root */
#define IDENTITY_MAX 65536
struct identity {
	const char *kind;
	bool is_guessable; /* has so little that is unknown of it that all values can be tried */
	int error;	   /* a positive errno: it is there, but cannot be read */
	size_t size;
	uint8_t value[IDENTITY_MAX];
};
typedef void identity_found(void *context, const struct identity *i);
void identities_find(const char *root, identity_found *found, void *context);

/* write.c: replaces path by a file with this text, which everyone may read. An exit code. */
int metrics_write(const char *path, const char *text, size_t size);

#endif
