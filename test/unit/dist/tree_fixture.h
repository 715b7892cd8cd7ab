/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/dist: what the tests of the shipped hooks share: a machine that is empty but for a
 * test's files, in a mount namespace, and stand-ins for its tools. */
#ifndef TREE_FIXTURE_H
#define TREE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

#include "program.h"
#include "simfile.h"

#define SKIPPED 77		      /* see test/lib.sh */
#define STAND_IN "/run/stand-in"      /* what stand-ins were asked */
#define SYSTEMD "/run/systemd/system" /* there where systemd runs */

extern char tree[64], hooks[80], state_file[80], text[65536];
extern struct simfile sim;
extern struct result result;

int tree_setup(void **state);
int tree_teardown(void **state);
#define TEST(function) cmocka_unit_test_setup_teardown(function, tree_setup, tree_teardown)
/* Where this process may have no namespace of its own, nothing can be tested safely: SKIPPED. */
int tree_run(int (*run)(void));

void shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
void put(const char *path, const char *what);
const char *of(const char *path);
bool is_there(const char *path);
void has_mode(const char *path, mode_t mode);
void enable(const char *name);
/* A name in PATH that is no program any more: nothing is run, and command -v does not find it. */
void hide(const char *tool);
/* Not the tool: notes how it is called, and answers as the test wants. */
void stand_in(const char *tool, const char *answer);
void once(void);
/* The template's start, which only takes note; then a clone of it. */
int cloned(void);
/* Fails if the hooks that ran did not say this. */
void says(const char *what);

#endif
