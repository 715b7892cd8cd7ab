/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: what vmgenc doctor --processes found, grouped by unit of systemd. */
#ifndef VMGENC_UNITS_H
#define VMGENC_UNITS_H

#include <stdbool.h>
#include <stddef.h>

#define NAME_SIZE 32
#define UNIT_SIZE 256

/* In the order in which they are printed; units.c and vmgenc(8) explain them. */
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
	bool is_hidden;		 /* /proc hides processes of other users */
};

/* Ends the program with a message if memory runs out. */
void units_add(struct units *u, const struct process *p, enum finding finding);
void units_free(struct units *u);
/* Both return an exit code: EXIT_NO if there is something to do. */
int units_print(struct units *u);
int units_print_json(struct units *u);

const char *units_key(enum finding finding);
/* How many processes have this finding. */
size_t units_with(const struct units *u, enum finding finding);

/* processes.c: finds out about each running process. Returns an exit code. */
int processes_look(struct units *u);

/* vdso.c: whether programs can draw in the vDSO of this kernel, without a system call. */
bool vdso_draws(void);

#endif
