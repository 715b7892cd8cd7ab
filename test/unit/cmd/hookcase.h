/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/cmd: a simulated machine with a hooks directory, which is power cycled and copied. */
#ifndef VMGENC_TEST_HOOKCASE_H
#define VMGENC_TEST_HOOKCASE_H

#include "hooks/state.h"
#include "program.h"
#include "simfile.h"

#define UUID_A "3a8f0001-1c5e-4d3b-9a77-0242ac110002"
#define UUID_B "9d2c7710-77aa-4e0f-8b21-0242ac110003"
#define MAC_A "52:54:00:aa:00:01"
#define MAC_B "52:54:00:bb:00:02"

struct hookcase {
	struct simfile sim;
	char scratch[64], hooks[128], state[128], log[128], root[128];
	struct result result;
	char text[65536];
};
extern struct hookcase hc;

int hookcase_setup(void **unused);
int hookcase_teardown(void **unused);

/* A file below the root that the machine is read from; NULL removes it. */
void has(const char *path, const char *content);
void is_machine(const char *uuid, const char *mac);
/* A hook with this header that notes its name, why it ran and for what; then what is between. */
void hook(const char *name, const char *header, const char *between);
/* What the hooks noted, and forgets it. */
const char *noted(void);
int hooks_once(void);
pid_t hooks_service(void);
/* The machine is off and comes up again: another boot, and another id or the same. */
void power_cycle(bool other_id);
const struct state *recorded(void);
bool wait_for(const char *file, const char *what);

#endif
