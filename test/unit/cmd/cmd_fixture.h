/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/cmd: what the tests of build/vmgenc share: a simulated source and a scratch directory.
 */
#ifndef CMD_FIXTURE_H
#define CMD_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "program.h"
#include "simfile.h"

extern struct simfile sim;
extern char scratch[64];     /* a directory of its own for each case */
extern char text[65536];     /* for read_file() */
extern struct result result; /* of the program that ran last */

/* A plain file as the source, and an empty scratch directory; nothing in VMGENC_SOURCE. */
int cmd_setup(void **unused);
int cmd_teardown(void **unused);
/* Runs a command of the shell; its exit code. */
int shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
