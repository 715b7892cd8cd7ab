/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lab: what its parts offer each other. Functions that return int return 0, or the exit code
 * after having said on standard error what went wrong.
 */
#ifndef LAB_H
#define LAB_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <time.h>

#include "host/host.h"
#include "boot/boot.h"
#include "compare/compare.h"
#include "exchange.h"
#include "generators.h"
#include "firmware/firmware.h"
#include "hypervisor/hypervisor.h"
#include "matrix/matrix.h"
#include "prove/prove.h"
#include "vm/vm.h"

/* run.c */
struct run_options {
	const char *kernel, *module, *module_args, *arc4rand, *accel, *append;
	bool freebsd;
	unsigned int cpus;
	double timeout;
	bool rdrand, tcg_single, no_load, keep;
	struct firmware firmware;
	struct boot_file files[64];
	size_t file_count;
	char **argv;
	int argc;
};

int run_program(const struct run_options *o);

#endif
