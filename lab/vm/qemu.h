/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/vm: QEMU's command line and process, for the files of this room only.
 */
#ifndef LAB_QEMU_H
#define LAB_QEMU_H

#include <stdbool.h>
#include <sys/types.h>

#include "vm.h"

/* RAM above the exchange: the firmware puts its tables and the initramfs at the top of RAM. */
#define TOP_MB 32u

/* arguments.c */
struct arguments {
	char *list[64];
	int count;
};

/*
 * Appends QEMU's command line to a, which begins zeroed; qmp is the QMP socket. With incoming, QEMU
 * waits for a snapshot instead of booting. The strings are allocated and not freed, since the
 * caller then calls qemu_exec().
 */
void arguments_build(const struct vm *vm, struct arguments *a, int qmp, bool incoming,
		     bool sandbox);

/* process.c */
#define QEMU "qemu-system-x86_64"
#define QEMU_ARM64 "qemu-system-aarch64"
#define QEMU_MISSING 127 /* exit status of a child that could not execute QEMU */

/* In the child: executes QEMU, or prints the reason and exits with QEMU_MISSING. */
void qemu_exec(char *const argv[]) __attribute__((noreturn));
/* In the parent: reports that QEMU cannot be run, with the child's words. Returns the exit code. */
int qemu_missing(const struct machine *m, const char *words);
/* Waits for the end of QEMU, also if a signal interrupts it. Returns the status of waitpid(2). */
int qemu_reap(pid_t pid);

/*
 * Starts QEMU for vm and sets vm->pid, vm->qmp.fd and vm->started. Returns 0, an exit code after a
 * message, or -1 if QEMU has ended.
 */
int process_start(struct vm *vm, bool incoming);

#endif
