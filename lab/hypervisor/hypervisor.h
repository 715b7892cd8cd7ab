/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/hypervisor: plays the hypervisor, which changes a clone's id or generation. A function that
 * returns int returns 0 or, after a message on standard error, an exit code.
 */
#ifndef LAB_HYPERVISOR_H
#define LAB_HYPERVISOR_H

#include <stdbool.h>
#include <stdint.h>

#include "firmware/firmware.h"
#include "vm/vm.h"

/* idpage.c: the page with the id, for machines whose firmware has a shape */
/* Checks that the directory tables has the compiled table of this shape. */
int idpage_check(const char *tables, const struct shape *s);
/* Writes the shape's table or devicetree into directory and, if the page is not in RAM, creates its file. */
int idpage_prepare(const char *tables, struct machine *m, const char *directory);
/* Writes the page with vm->id into the VM's memory, or into the file of the page. */
int idpage_write(struct vm *vm);
/* Replaces the id old in a snapshot with vm->id. Fails unless it is there exactly once. */
int idpage_change_snapshot(struct vm *vm, const char *snapshot, const uint8_t old[ID_SIZE]);
/* Returns whether the page is in the snapshot, not in memory that each VM has for itself. */
bool idpage_is_in_snapshot(const struct shape *s);

/* vmclock.c: the VMClock page in the exchange */
/* Writes the page of a VM that is no clone. */
void vmclock_first(const struct vm *vm);
/*
 * Writes the page of a clone, with the next generation after its parent's, before it runs. With
 * torn, leaves the page half-written.
 */
void vmclock_change(const struct vm *parent, struct vm *clone, bool torn);
/* Completes a torn page after a thread on each CPU has been refused. */
int vmclock_finish(struct vm *clone);

#endif
