/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/hypervisor: what a hypervisor does to a clone. Functions that return int return 0, or the
 * exit code after having said on standard error what went wrong.
 */
#ifndef LAB_HYPERVISOR_H
#define LAB_HYPERVISOR_H

#include <stdbool.h>
#include <stdint.h>

#include "firmware/firmware.h"
#include "vm/vm.h"

/* idpage.c: the id in a VM's memory */
/* Is there a table of this shape where the compiled ones are? */
int idpage_check(const char *tables, const struct shape *s);
/* For a machine whose firmware has a shape: its table, and its page where that is not RAM. */
int idpage_prepare(const char *tables, struct machine *m, const char *directory);
/* Of this VM: into its own memory, or, where that is in the snapshot, into the next file. */
int idpage_write(struct vm *vm);
/* A clone's id in the place of the one that the snapshot has. */
int idpage_change_snapshot(struct vm *vm, const char *snapshot, const uint8_t old[ID_SIZE]);
bool idpage_is_in_snapshot(const struct shape *s);

/* vmclock.c: the page that a hypervisor with a VMClock would write */
void vmclock_first(const struct vm *vm);
void vmclock_change(const struct vm *parent, const struct vm *clone, bool torn);
int vmclock_finish(struct vm *clone);

#endif
