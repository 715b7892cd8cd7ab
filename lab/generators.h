/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab: the generators that draw in guests. generators.def is their table, for host and guest.
 */
#ifndef LAB_GENERATORS_H
#define LAB_GENERATORS_H

#include <stdbool.h>

enum lab_generator {
#define GENERATOR(id, ...) LAB_##id,
#include "generators.def"
	LAB_GENERATORS
};

/* The real programs that a guest runs for a generator. */
enum lab_probe {
	LAB_PROBE_NONE,
	LAB_PROBE_UUID,
	LAB_PROBE_SYSGENID,
	LAB_PROBE_GLIBC,
	LAB_PROBE_OPENSSL,
	LAB_PROBE_POSTGRES,
	LAB_PROBE_NGINX,
	LAB_PROBE_GNUTLS,
	LAB_PROBE_LIBGCRYPT,
	LAB_PROBE_COUNT
};

/* The system that has a generator. */
enum lab_system { LAB_SYSTEM_ANY, LAB_SYSTEM_LINUX, LAB_SYSTEM_FREEBSD };

struct generator_info {
	const char *name;	     /* in options and results */
	const char *label;	     /* in tables */
	const char *title, *meaning; /* on the page of results */
	enum lab_system system;
	enum lab_probe probe;
	bool ours; /* the program runs with the OpenSSL provider, or with the guard */
};

extern const struct generator_info generator_table[LAB_GENERATORS];

/* Returns the generator of this name, or NULL. */
const struct generator_info *generator_find(const char *name);
/* Return the texts for the page. The title of an unknown generator is its name, its meaning "". */
const char *generator_title(const char *name);
const char *generator_meaning(const char *name);

#endif
