/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/vm: virtual machines. Functions that return int return 0, or the exit code after having said
 * on standard error what went wrong.
 */
#ifndef LAB_VM_H
#define LAB_VM_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "exchange.h"
#include "firmware/firmware.h"

struct machine {
	struct firmware firmware;
	const char *kernel;
	const char *image;	   /* what QEMU boots: the kernel, or what image.c made of it */
	const char *initramfs;	   /* NULL: it needs none */
	unsigned int initramfs_mb; /* where it is large */
	const char *accel;
	const char *append; /* to the kernel's command line */
	unsigned int cpus;
	unsigned int memory_mb;
	bool rdrand;
	bool tcg_single; /* one CPU at a time */
	bool trial;	 /* whether kvm runs this kernel: --timeout does not count */
	bool kvm_failed; /* for the message when it does not run with tcg either */
	double timeout;	 /* seconds in which a guest must show a sign of life */
	uint64_t exchange_size;
};

/* layout.c: is the exchange above 4 GiB? */
bool machine_is_high(const struct machine *m);
/* Where the exchange is in the guest, and how much of it the guest may use as such. */
uint64_t machine_exchange_address(const struct machine *m);
uint64_t machine_exchange_size(const struct machine *m);
/* Where the page of the shape is there, and the id in it. */
uint64_t machine_id_page(const struct machine *m);
uint64_t machine_id_address(const struct machine *m);

/* qmp.c: one request and its answer at a time */
struct qmp {
	int fd;
	double patience; /* seconds that QEMU may take for an answer */
	char buffer[65536];
	size_t used;
};

/* Takes arguments; fd >= 0 is sent along. Returns 0, EXIT_* or -1 if QEMU is gone. */
int qmp_call(struct qmp *q, const char *command, json_t *arguments, int fd);
int qmp_greet(struct qmp *q);
/* Waits for the end of a migration, in or out. */
int qmp_wait_migrated(struct qmp *q);

/* vm.c: a virtual machine */
struct vm {
	const struct machine *machine;
	char name[32];
	char ram[300], ram_top[300], exchange_path[300], console[300], errors[300];
	char guid[40];
	double start_seconds; /* a clone: from the start of QEMU to running */
	struct shape_id id;   /* where the firmware has a shape */
	char bell[300];	      /* a byte into this FIFO is an interrupt */
	bool shared_ram;      /* can be snapshotted; a clone that shares the parent's file cannot */
	pid_t pid;
	double started; /* when QEMU was */
	bool killed;	/* QEMU was, or there is none: nothing that the guest did */
	struct qmp qmp;
	struct lab_exchange *exchange;
};

void vm_init(struct vm *vm, const struct machine *m, const char *directory, const char *name);
void vm_random_id(struct vm *vm);
/* The exchange's first contents, written before the guest may look. */
int vm_create_exchange(struct vm *vm, const struct lab_exchange *first);
int vm_boot(struct vm *vm);
/* What a clone starts from: a copy of its parent's RAM of its own, or the parent's, privately. */
int vm_copy_ram(const struct vm *parent, const struct vm *clone);
void vm_share_ram(const struct vm *parent, struct vm *clone);
int vm_snapshot(struct vm *vm, const char *file, double *seconds, uint64_t *bytes);
int vm_restore(struct vm *vm, const char *file, double *seconds);
int vm_stop(struct vm *vm);
int vm_continue(struct vm *vm);
int vm_wait(struct vm *vm, enum lab_state state);
/* The exit code for a guest or a QEMU that is gone or failed, after saying so; else 0. */
int vm_check(struct vm *vm);
void vm_kill(struct vm *vm);
/* For those that have ended: the space that nobody needs any more. */
void vm_keep_exchange(const struct vm *vm, uint64_t size);
void vm_drop_ram(const struct vm *vm);
void vm_forget(struct vm *vm); /* kills, unmaps and removes its memory */

/* alive.c: a guest that is waited for */
struct alive {
	double begun, sign, told; /* the last sign of life, the last word of progress */
	off_t console;
	uint32_t state;
};

void alive_begin(struct alive *a, const struct vm *vm);
/* 0, or LAB_EXIT_GUEST after saying that it has been silent for machine->timeout. */
int alive_check(struct alive *a, const struct vm *vm);
/* What to add to the kernel's name where it failed under kvm before; else "". */
const char *alive_nor_kvm(const struct machine *m);

/* memory.c: is there memory for one more clone beside those that run? */
bool memory_fits_clone(const struct machine *m);

#endif
