/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/lib: what the tests of libvmgenc's file: source share: the file, and a handle of it. */
#ifndef LIB_FIXTURE_H
#define LIB_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>

#include "simfile.h"
#include "vmgenc.h"

extern struct simfile sim;
extern struct vmgenc *vg; /* closed when the case ends, unless NULL */

/* A file that is mapped, since it cannot shrink, or a plain one, which is read. */
int make_file(void **state);
int make_plain_file(void **state);
int remove_file(void **state);

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_file, remove_file)
#define PLAIN(function) cmocka_unit_test_setup_teardown(function, make_plain_file, remove_file)
#define BOTH(function) TEST(function), PLAIN(function)

/* Opens the file as vg. */
void open_file(void);
struct vmgenc_status status(void);
/* A mark that vmgenc_sync() has just set. */
struct vmgenc_mark synced(void);
/* 0 if the child's function returned true; the child leaves without ASan's and cmocka's exit. */
int in_child(bool (*function)(void));

#endif
