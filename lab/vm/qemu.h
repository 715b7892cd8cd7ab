/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/vm: QEMU as the parts of this room see it.
 */
#ifndef LAB_QEMU_H
#define LAB_QEMU_H

#include <stdbool.h>
#include <sys/types.h>

#include "vm.h"

/* arguments.c */
struct arguments {
	char *list[64];
	int count;
};

void arguments_build(const struct vm *vm, struct arguments *a, int qmp, bool incoming);

/* process.c: for a child that could not become QEMU, and for its parent, given the child's words */
#define QEMU "qemu-system-x86_64"
#define QEMU_MISSING 127

void qemu_exec(char *const argv[]) __attribute__((noreturn));
int qemu_missing(const char *words);
/* waitpid(2), and the status; a signal to us does not end it. */
int qemu_reap(pid_t pid);

/* The code is below 0 if QEMU is gone already. */
int process_start(struct vm *vm, bool incoming);

#endif
