/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/vm: virtual machines in QEMU. Unless it says otherwise, a function that returns int returns
 * 0 or, after a message on standard error, an exit code.
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
#include "shared/shared.h"

struct machine {
	struct firmware firmware;
	const char *kernel;
	const char *image;     /* the file that QEMU boots: the kernel, or image.c's image of it */
	const char *initramfs; /* or NULL */
	unsigned int initramfs_mb; /* extra RAM for a large one */
	const char *accel;
	const char *append; /* to the kernel's command line */
	const char *cpu;    /* a model in QEMU's words, or NULL: max */
	unsigned int cpus;
	unsigned int memory_mb;
	bool arm64; /* QEMU's machine "virt", with the firmware's devicetree */
	bool q35; /* QEMU's machine type; else pc */
	bool rdrand;
	bool tcg_single; /* emulate one CPU at a time */
	bool trial;	 /* accel's trial of kvm: messages do not name --timeout */
	bool kvm_failed; /* kvm did not run the kernel; a message adds this if tcg fails too */
	double timeout;	 /* seconds that a guest may be without a sign of life */
	uint64_t exchange_size; /* bytes, with the PAGE_BLOCK of a shape */
};

/* layout.c: guest physical addresses */
/* Returns whether the exchange is above 4 GiB. */
bool machine_is_high(const struct machine *m);
/* Returns the size of all memory, in MiB. */
uint64_t machine_memory_mb(const struct machine *m);
/* Return the address of the exchange, and the bytes of it that the guest may use. */
uint64_t machine_exchange_address(const struct machine *m);
uint64_t machine_exchange_size(const struct machine *m);
/* Return the address of the shape's page, and of the id in it. The firmware must have a shape. */
uint64_t machine_id_page(const struct machine *m);
uint64_t machine_id_address(const struct machine *m);

/* tree.c: writes the devicetree of an arm64 guest to a file; the firmware must have a shape */
int tree_write(const struct machine *m, const char *path);

/* qmp.c: one request and its answer at a time */
struct qmp {
	int fd;
	double patience; /* seconds to wait for an answer */
	char buffer[65536];
	size_t used;
};

/* These return 0, an exit code after a message, or -1 if QEMU has ended. */
/* Sends a command and waits for its answer. Takes over arguments; sends fd along if it is >= 0. */
int qmp_call(struct qmp *q, const char *command, json_t *arguments, int fd);
/* Reads QEMU's greeting and enables commands. */
int qmp_greet(struct qmp *q);
/* Waits for the end of a migration in either direction. */
int qmp_wait_migrated(struct qmp *q);

/* vm.c: a virtual machine */
struct vm {
	const struct machine *machine;
	char name[32];
	char ram[300], ram_top[300], exchange_path[300], console[300], errors[300];
	char guid[40];
	double start_seconds; /* of a clone: from the start of QEMU until it runs */
	struct shape_id id;   /* if the firmware has a shape */
	char bell[300];	      /* FIFO: a byte written to it interrupts the guest */
	bool shared_ram;      /* the RAM files are its own, so it can be snapshotted */
	pid_t pid;	      /* QEMU's, or 0 */
	double started;	      /* lab_now() when QEMU was started */
	bool killed;	      /* QEMU was killed or is not installed: not the guest's fault */
	struct qmp qmp;
	struct shared *exchange;    /* NULL if there is none */
	unsigned int clock_changes; /* of the VMClock page, since its first VM */
};

/* Names the VM's files in directory and gives it an id. Keeps m, which must outlive vm. */
void vm_init(struct vm *vm, const struct machine *m, const char *directory, const char *name);
/* Sets vm->guid to a random id. */
void vm_random_id(struct vm *vm);
/* Creates and maps the exchange and copies first into it, before the guest runs. */
int vm_create_exchange(struct vm *vm, const struct lab_exchange *first);
/* The same for a clone, which begins with its parent's. */
int vm_clone_exchange(struct vm *vm, const struct vm *parent, uint32_t lineage);
/* Unmaps the exchange and removes its file. */
void vm_drop_exchange(struct vm *vm);
/* Starts QEMU and waits for LAB_READY. Boots again if QEMU's race with code patching hits. */
int vm_boot(struct vm *vm);
/* Give a clone its RAM, before vm_restore(): a copy of the parent's files, or a private mapping. */
int vm_copy_ram(const struct vm *parent, const struct vm *clone);
void vm_share_ram(const struct vm *parent, struct vm *clone);
/* Stops the guest and writes its state to a file. Sets the time that took and the file's size. */
int vm_snapshot(struct vm *vm, const char *file, double *seconds, uint64_t *bytes);
/* Starts QEMU from a snapshot, notifies the guest as its shape does, and lets it run. */
int vm_restore(struct vm *vm, const char *file, double *seconds);
int vm_stop(struct vm *vm);
int vm_continue(struct vm *vm);
/* Waits until the guest is in this state or in LAB_EXITED. */
int vm_wait(struct vm *vm, enum lab_state state);
/* Returns an exit code, after a message, if the guest failed, QEMU ended or a signal came. */
int vm_check(struct vm *vm);
/* Kills QEMU, if it runs, and closes its QMP socket. */
void vm_kill(struct vm *vm);
/* After vm_kill(): removes the files of the RAM. */
void vm_drop_ram(const struct vm *vm);
/* Kills QEMU, unmaps the exchange and removes the files, except a RAM that is the parent's. */
void vm_forget(struct vm *vm);

/* watchdog.c: watches a guest for signs of life while the lab waits for it */
struct watchdog {
	double begun, sign, told; /* lab_now() at the start, the last sign, the last progress */
	off_t console;		  /* bytes of console output so far */
	bool spoke;		  /* a trial's kernel has printed something */
	enum lab_state state;
};

/* state is the guest's, as shared_state() has just set it. */
void watchdog_start(struct watchdog *w, const struct vm *vm, enum lab_state state);
/* Returns LAB_EXIT_GUEST, after a message, if the guest was silent for machine->timeout. */
int watchdog_check(struct watchdog *w, const struct vm *vm, enum lab_state state);
/* Returns the words to add to the kernel's name if kvm did not run it either; otherwise "". */
const char *watchdog_nor_kvm(const struct machine *m);

/* memory.c: returns whether there is memory for one more clone */
bool memory_fits_clone(const struct machine *m);

#endif
