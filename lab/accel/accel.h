/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/accel: the accelerator. accel.c chooses, trial.c boots a kernel to see, memory.c remembers
 * what came of it.
 */
#ifndef LAB_ACCEL_H
#define LAB_ACCEL_H

#include <stdbool.h>

struct accel_kernel {
	const char *path;
	bool freebsd;
};

/*
 * "kvm" where it was wanted and the kernel comes up under it, else "tcg", into *accel; wanted is
 * auto, kvm or tcg. *kvm_failed says whether kvm was tried in vain. LAB_EXIT_ENVIRONMENT, after saying
 * so, where kvm was wanted and does not run the kernel.
 */
int accel_choose(const char *wanted, const struct accel_kernel *kernel, const char **accel,
		 bool *kvm_failed);

/* Whether kvm runs a kernel here. */
struct accel_verdict {
	bool runs;
	bool tried;    /* now or before */
	bool lasting;  /* the same would come of another try */
	char why[400]; /* why not, in one line */
	char how[400]; /* how that was found out */
};

/* Boots it. 0, or EXIT_* after saying what went wrong that is not kvm's fault. */
int accel_try(const struct accel_kernel *kernel, struct accel_verdict *v);

/*
 * What is known of a kernel: a file in the user's cache that holds the verdict of this boot of the
 * host, for this image and this QEMU, and is the lock under which one lab of several tries.
 */
struct accel_memory {
	char path[300];
	char key[200]; /* what the verdict is about; "": nothing can be remembered */
	int fd;	       /* -1: nothing can be remembered */
};

/* Opens and locks it; fd is -1 after saying what is wrong with it. 0 or 128 + signal. */
int accel_memory_open(struct accel_memory *m, const struct accel_kernel *kernel, const char *qemu);
bool accel_memory_read(const struct accel_memory *m, struct accel_verdict *v);
void accel_memory_write(const struct accel_memory *m, const struct accel_verdict *v);
void accel_memory_close(struct accel_memory *m);

#endif
