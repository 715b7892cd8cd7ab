/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/cmd: what the tests of vmgenc hooks share: a directory of hooks, and how they are run.
 */
#ifndef HOOKS_FIXTURE_H
#define HOOKS_FIXTURE_H

#include <stdbool.h>
#include <sys/types.h>

#include "cmd_fixture.h"
#include "hooks/state.h"

#define UUID_A "3a8f0001-1c5e-4d3b-9a77-0242ac110002"
#define UUID_B "9d2c7710-77aa-4e0f-8b21-0242ac110003"
#define MAC_A "52:54:00:aa:00:01"
#define MAC_B "52:54:00:bb:00:02"

extern char hooks[128], state_file[128], log_file[128]; /* in scratch */
extern char root[128]; /* in scratch: the root that the simulated machine is read from */

/* cmd_setup(), an empty directory of hooks and an empty root. */
int hooks_setup(void **unused);

#define TEST(function) cmocka_unit_test_setup_teardown(function, hooks_setup, cmd_teardown)

/* A hook that notes that it began and that it ended, with this in between. */
void hook(const char *name, const char *between);
/* What these hooks have noted. */
const char *done(void);
/* vmgenc hooks --once, on the machine that the test runs on; its exit code. */
int once(void);
/* The same in the background, with log_file as its output. */
pid_t service(void);

/* A hook with this header that notes its name, why it runs and on what; what is between follows. */
void hook_with(const char *name, const char *header, const char *between);
/* What these hooks have noted since the last call. */
const char *noted(void);
/* vmgenc hooks --once, on the simulated machine; its exit code. */
int machine_once(void);
/* The same in the background, with log_file as its output. */
pid_t machine_service(void);
/* Writes a file below the simulated machine's root; NULL removes it. */
void has(const char *path, const char *content);
/* Gives the simulated machine a product UUID and a network card. NULL takes one away. */
void is_machine(const char *uuid, const char *mac);
/* Ends the simulated machine's boot and begins another, with another id or the same. */
void power_cycle(bool other_id);

/* What the record says. */
struct state state(void);
/* True once the record says that all is done for this generation. */
bool is_done(uint64_t generation);
/* These wait for a minute at most. */
bool wait_done(uint64_t generation);
bool wait_for(const char *file, const char *what);
bool is_gone(pid_t pid);

/* The process whose id a hook has written to this file. */
pid_t pid_in(const char *file);
void sleep_us(long us);

#endif
