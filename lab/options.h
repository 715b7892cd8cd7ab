/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab: what the command line asked for. Functions return 0, or the exit code after having said on
 * standard error what went wrong.
 */
#ifndef LAB_OPTIONS_H
#define LAB_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

#include "matrix/matrix.h"
#include "prove/prove.h"
#include "run.h"

struct parsed {
	struct prove_options prove;
	struct matrix_options matrix;
	bool any_firmware; /* the matrix, instead of one experiment */
	struct run_options run;
	const char *kernel, *module;
	const char *output;			  /* report */
	const char *matrix_only, *not_for_matrix; /* an option that was given, for the message */
};

extern const struct option options_list[];

/* One option, as getopt_long(3) found it with its argument in optarg. */
int options_take(struct parsed *p, int option, const char *name);
/* How to run the guests, where no option says it: VMGENC_LAB_ACCEL, or auto. */
int options_accel(struct parsed *p);
/* A guest; its label is made of the kernel's release and the module where label is NULL. */
int options_add_guest(struct prove_options *o, const char *label, size_t length, const char *kernel,
		      const char *module);
/* A generator by its name, or all but those of real programs. */
int options_add_generator(struct prove_options *o, const char *name);
/* Says what is wrong, with what in the place of %s; returns the exit code. */
int options_usage(const char *format, const char *what);

#endif
