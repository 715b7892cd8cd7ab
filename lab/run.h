/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab: runs one program in a virtual machine.
 */
#ifndef LAB_RUN_H
#define LAB_RUN_H

#include <stdbool.h>
#include <stddef.h>

#include "boot/boot.h"
#include "firmware/firmware.h"

struct run_options {
	const char *kernel, *module, *module_args, *arc4rand, *accel, *append;
	const char *init; /* PID 1 of arm64 guests */
	const char *cpu;  /* a model in QEMU's words, or NULL */
	const char *tree; /* Linux: a directory to copy into the guest's root, or NULL */
	bool freebsd, arm64;
	unsigned int cpus, memory_mb;
	double timeout;
	bool q35, rdrand, tcg_single, no_load, keep;
	struct firmware firmware;
	struct boot_file files[64];
	size_t file_count;
	char **argv;
	int argc;
};

/* Returns the program's status as a shell does, or LAB_EXIT_RUN after a message. */
int run_program(const struct run_options *o);

#endif
