/* SPDX-License-Identifier: BSD-2-Clause */
/* test/soak: what the parts of the long run share. */
#ifndef SOAK_H
#define SOAK_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

enum { CPUS = 2, DRAWS = 1000 };

/* child.c */
/* Runs it; each line of its standard output goes to the callback. Its exit code, or -1. */
int child_run(char *const argv[], void (*line)(void *context, char *text), void *context);

/* verdict.c: what clones may have in common, of a report of "vmgenc-lab prove" */
/* Adds "shared" and "ok" to part, and the words for the table to text. */
void verdict(const json_t *report, json_t *part, FILE *text);

#endif /* SOAK_H */
