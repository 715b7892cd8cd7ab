/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/cmd: what the tests of vmgenc hooks share: a directory of hooks, and how they are run.
 */
#ifndef HOOKS_FIXTURE_H
#define HOOKS_FIXTURE_H

#include <stdbool.h>
#include <sys/types.h>

#include "cmd_fixture.h"
#include "hooks/state.h"

extern char hooks[128], state_file[128], log_file[128]; /* in scratch */

/* cmd_setup(), and an empty directory of hooks. */
int hooks_setup(void **unused);

#define TEST(function) cmocka_unit_test_setup_teardown(function, hooks_setup, cmd_teardown)

/* A hook that notes that it began and that it ended, with this in between. */
void hook(const char *name, const char *between);
/* What the hooks have noted. */
const char *done(void);
/* vmgenc hooks --once; its exit code. */
int once(void);
/* vmgenc hooks in the background, with log_file as its output. */
pid_t service(void);

struct state state(void);
/* True once the record says that all is done for this generation. */
bool is_done(uint64_t generation);
/* These wait for a minute at most. */
bool wait_done(uint64_t generation);
bool wait_for(const char *file, const char *what);
bool is_gone(pid_t pid);

/* The process whose id a hook has written to this file. */
pid_t noted(const char *file);
void sleep_us(long us);

#endif
