/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/matrix: each hypervisor's firmware in front of each guest. Functions that return int return
 * 0, or the exit code after having said on standard error what went wrong.
 */
#ifndef LAB_MATRIX_H
#define LAB_MATRIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/firmware.h"
#include "prove/prove.h"

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

struct matrix_options {
	const struct prove_options *prove;
	bool shapes[SHAPES_MAX]; /* those to try */
	bool brief;		 /* one boot for each */
};

int matrix(const struct matrix_options *o);

/* print.c */
void matrix_print(const struct matrix *m);
int matrix_json(const struct matrix *m, const char *path);

#endif
