/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab: the generators that draw in guests. generators.def is the table of them, for host and guest.
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
	LAB_PROBE_OPENSSL,
	LAB_PROBE_POSTGRES,
	LAB_PROBE_NGINX,
	LAB_PROBE_COUNT
};

struct generator_info {
	const char *name;	     /* in options and results */
	const char *label;	     /* in tables */
	const char *title, *meaning; /* on the page of results */
	bool freebsd;		     /* other systems do not have it */
	enum lab_probe probe;
	bool provider; /* the program runs with the OpenSSL provider */
};

extern const struct generator_info generator_table[LAB_GENERATORS];

/* By its name; NULL: there is none. */
const struct generator_info *generator_find(const char *name);
/* For the page: an unknown one is called by its own name, and means "". */
const char *generator_title(const char *name);
const char *generator_meaning(const char *name);

#endif
