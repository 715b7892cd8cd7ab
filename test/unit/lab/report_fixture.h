/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/unit/lab: what the tests of vmgenc-lab report share. It runs in this process; an XML parser
 * reads the page, which is written so that it is both HTML and XML.
 */
#ifndef REPORT_FIXTURE_H
#define REPORT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdbool.h>

#include "report/document.h"
#include "report/report.h"

#define RESULTS "test/lab/results/"
#define KINDS 4

extern const char *const kinds[KINDS]; /* of results; each is a file in RESULTS */
extern char directory[];	       /* for in, out and what is made beside them */
extern char in[64], out[64];	       /* the results that are read, the page that is written */
extern char said[4096];		       /* what report() said on standard error */

/* For each program: makes the directory, and removes it. */
int report_setup(void **state);
int report_teardown(void **state);

void read_text(const char *path, char *to, size_t size);
void write_file(const char *path, const void *bytes, size_t size);

/* Runs report(); its exit code. files ends with NULL. */
int run(const char *output, const char *const *files);
#define RUN(output, ...) run(output, (const char *[]){__VA_ARGS__, NULL})
/* Writes root to in and runs it on that. */
int run_on(const json_t *root);
/* The results of a kind, and the first clone in them. */
json_t *fixture(const char *kind);
json_t *first_clone(json_t *root);

/* The value of an XPath expression in the page; whether the page's body says these words. */
double number(const char *xpath);
bool says(const char *words);
/* Fails unless this text as input is refused in one line with these words. */
void wrong(const char *input, const char *words);

#endif
