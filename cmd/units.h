/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: what vmgenc doctor --processes found, grouped by unit of systemd. */
#ifndef VMGENC_UNITS_H
#define VMGENC_UNITS_H

#include <stdbool.h>
#include <stddef.h>

#define NAME_SIZE 32
#define UNIT_SIZE 256

/* In the order in which they are told; the words are in units.c and vmgenc(8). */
enum finding {
	COVERED,
	DEVICE_UNSEEN,
	DEVICE_CAME_LATER,
	STARTED_BEFORE,
	NOT_CONFIGURED,
	PROVIDER_NOT_LOADED,
	OLD_LIBCRYPTO,
	HAS_GNUTLS,
	HAS_LIBGCRYPT,
	HAS_NSS,
	DRAWS_IN_VDSO,
	FINDINGS
};

struct process {
	const char *pid;
	char name[NAME_SIZE];
	char unit[UNIT_SIZE]; /* "": none */
};

struct unit_process; /* one process with one finding */

struct units {
	struct unit_process *list;
	size_t count;
	unsigned int unreadable; /* processes whose maps this user may not read */
	bool is_hidden;		 /* /proc shows no others' */
};

/* Memory that has run out ends the program, with a message. */
void units_add(struct units *u, const struct process *p, enum finding finding);
void units_free(struct units *u);
/* Exit codes: whether there is something to do. */
int units_print(struct units *u);
int units_print_json(struct units *u);

/* vdso.c: whether this kernel offers programs to draw without a system call. */
bool vdso_draws(void);

#endif
