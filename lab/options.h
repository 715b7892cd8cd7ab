/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab: parses the command line. Functions return 0 or, after a message on standard error, an exit
 * code.
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
	const char *command; /* prove, run, report, record or compare */
	struct prove_options prove;
	struct matrix_options matrix;
	bool any_firmware; /* run the matrix instead of one experiment */
	bool programs_given;
	struct run_options run;
	const char *kernel, *module;
	const char *output;			  /* --output, or NULL */
	const char *matrix_only, *not_for_matrix; /* such an option that was given, or NULL */
	const char *for_module;			  /* an option that says how to load one, or NULL */
};

extern const struct option options_list[];

/* Takes one option of getopt_long(3), with its argument in optarg; refuses another command's. */
int options_take(struct parsed *p, int option, const char *name);
/* Sets the accelerator to VMGENC_LAB_ACCEL, or auto, if no option set it. */
int options_accel(struct parsed *p);
/* Adds a guest. If label is NULL, makes one of the kernel's release and the module. */
int options_add_guest(struct prove_options *o, const char *label, size_t length, const char *kernel,
		      const char *module);
/* Adds a generator by name; "all" adds all except real programs. */
int options_add_generator(struct prove_options *o, const char *name);
/*
 * allowed.c: takes note of an option, or refuses it because it is another command's, which this one
 * would ignore.
 */
int allowed_take(struct parsed *p, const char *name);
/* Refuses options that do not go together. prove's guests and run's system must be known. */
int allowed_prove(const struct parsed *p);
int allowed_run(const struct parsed *p);
/* Prints a usage error, with what in place of %s. Returns LAB_EXIT_USAGE. */
int options_usage(const char *format, const char *what);

#endif
