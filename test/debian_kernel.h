/* SPDX-License-Identifier: BSD-2-Clause */
/* test: the kernels of "make kernels", with the modules that are built for them. */
#ifndef DEBIAN_KERNEL_H
#define DEBIAN_KERNEL_H

#include <stdbool.h>
#include <stddef.h>

struct debian_kernel {
	const char *series; /* its name in build/kernels */
	char release[80], image[200];
	char module[200], listener[200]; /* vmgenc.ko, and the tests' listener.ko */
};

#define DEBIAN_KERNELS 4

/*
 * Returns how many kernels this Debian offers, which "make kernels" lists, and their names; 0, after
 * saying so, if it has not been there.
 */
size_t debian_kernel_names(const char *names[DEBIAN_KERNELS]);

/* Keeps series. False, after saying so, if "make kernels" has not been there. */
bool debian_kernel_find(struct debian_kernel *k, const char *series);

#endif
