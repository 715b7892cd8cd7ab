/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lab: what its parts offer each other. Functions that return int return 0, or the exit code
 * after having said on standard error what went wrong.
 */
#ifndef LAB_H
#define LAB_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <time.h>

#include "host/host.h"
#include "boot/boot.h"
#include "compare/compare.h"
#include "exchange.h"
#include "generators.h"
#include "firmware/firmware.h"
#include "hypervisor/hypervisor.h"
#include "prove/prove.h"
#include "vm/vm.h"

/* matrix.c: each shape in front of each guest */
enum noticed { NOTICED_NO, NOTICED_NOTIFICATION, NOTICED_LOOK };

struct tally {
	bool made;
	uint64_t identical, drawn;
};

struct matrix_row {
	const struct shape *shape;
	char release[72];
	bool ours; /* else the kernel's own driver, alone */
	bool found, order, rekeyed, ok;
	bool placed; /* the address is right, and the page open to whom it is to be */
	uint64_t address;
	char memory[40];
	enum noticed noticed;
	struct tally getrandom, guarded;
	char note[200];
};

struct matrix {
	struct matrix_row *rows;
	size_t count;
	double seconds;
};

int matrix(const struct prove_options *o);

/* matrix_print.c */
void matrix_print(const struct matrix *m);
int matrix_json(const struct matrix *m, const char *path);

/* run.c */
struct run_options {
	const char *kernel, *module, *module_args, *arc4rand, *accel, *append;
	bool freebsd;
	unsigned int cpus;
	double timeout;
	bool rdrand, tcg_single, no_load, keep;
	struct firmware firmware;
	struct boot_file files[64];
	size_t file_count;
	char **argv;
	int argc;
};

int run_program(const struct run_options *o);

#endif
