/* SPDX-License-Identifier: BSD-2-Clause */
/* test/kvm: what the parts of "make check-kvm" share. */
#ifndef KVM_H
#define KVM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../debian_kernel.h"

#define LAB "build/vmgenc-lab"
#define NO_ROOM 3 /* exit code: no room for the outer guest, or it cannot be had */

/* This Debian's kernels, which main() finds. */
extern const char *kernel_series[];
extern size_t kernel_count;
extern const char *kernel_append; /* to the command line of each guest */

/* step.c: a program as one test, or as many as it says it passed; what it said is shown if not */
bool step(const char *name, int seconds, const char *const argv[]);
/* Counts a test that is not a program's. why says what is wrong; NULL: it passed. */
bool step_judge(const char *name, const char *why);
/* The last line; the exit code. */
int step_result(void);
/* Runs it with a time limit: its exit code, or -1. Its output goes to the file, or ours if NULL. */
int step_run(const char *const argv[], int seconds, const char *output);
/* Runs it as long as it writes something; we print it as it comes. Its exit code, or -1. */
int step_relay(const char *const argv[], int silent_seconds, const char *output);
/* Prints what it wrote there. */
void step_show(const char *output);
extern volatile int step_signal;
extern const char *step_only; /* only tests with this in their name, or NULL */

/* experiments.c: all of it, where there is KVM */
int experiments(void);

/* table.c: the draws and times of each kernel's results, from build/kvm-SERIES.json */
void table_print(void);
/* What is wrong with the times of a file, or NULL. */
const char *table_times(const char *path);
/* The accelerator that a file's guests ran under, or "". */
const char *table_accel(const char *path);

/* outer.c: an emulated machine with KVM, and what is done in it first */
int outer_run(const char *self, const char *only);
bool outer_prepare_inside(void);

#endif
