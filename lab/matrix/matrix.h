/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/matrix: the matrix of --firmware, which tries each hypervisor's shape with each guest. A
 * function that returns int returns 0 or, after a message on standard error, an exit code.
 */
#ifndef LAB_MATRIX_H
#define LAB_MATRIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/firmware.h"
#include "prove/prove.h"

/* matrix.c */
enum noticed { NOTICED_NO, NOTICED_NOTIFICATION, NOTICED_LOOK };

struct tally {
	bool made; /* false: not tried */
	uint64_t identical, drawn;
};

struct matrix_row {
	const struct shape *shape;
	char release[72];
	bool ours; /* our module; otherwise the kernel's own driver */
	bool found, order, rekeyed, ok;
	bool placed; /* the address, and who may map the page, are right */
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

struct matrix_options {
	const struct prove_options *prove;
	bool shapes[SHAPES_MAX]; /* those to try */
	bool brief;		 /* boot once for each row */
};

/* Runs the matrix and prints and writes it. Returns LAB_EXIT_IDENTICAL if a row is wrong. */
int matrix(const struct matrix_options *o);

/* print.c: the matrix as a table on standard output, and as JSON in a file */
void matrix_print(const struct matrix *m);
int matrix_json(const struct matrix *m, const char *path);

#endif
