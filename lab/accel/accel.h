/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/accel: chooses the accelerator. trial.c boots a kernel under kvm, memory.c remembers the
 * result, and accel.c decides.
 */
#ifndef LAB_ACCEL_H
#define LAB_ACCEL_H

#include <stdbool.h>

struct accel_kernel {
	const char *path;
	bool freebsd, arm64;
};

/*
 * Sets *accel to "kvm" or "tcg"; wanted is auto, kvm or tcg. With auto, kvm is chosen if the kernel
 * boots with it. Sets *kvm_failed if kvm was tried and failed. Returns 0; LAB_EXIT_ENVIRONMENT
 * after a message if kvm was wanted and does not run the kernel; or 128 + signal.
 */
int accel_choose(const char *wanted, const struct accel_kernel *kernel, const char **accel,
		 bool *kvm_failed);

/* Whether kvm runs a kernel on this host. */
struct accel_verdict {
	bool runs;
	bool tried;    /* now or before */
	bool lasting;  /* another try would have the same result */
	char why[400]; /* the reason if it does not, in one line */
	char how[400]; /* how this was found out */
};

/* Boots the kernel. Returns 0, or an exit code after a message if something else than kvm failed.
 */
int accel_try(const struct accel_kernel *kernel, struct accel_verdict *v);

/*
 * The memory of a kernel's verdict: a file in the user's cache for this boot of the host, this
 * image and this QEMU. It is also the lock that makes other labs wait while one tries.
 */
struct accel_memory {
	char path[300];
	char key[200]; /* identifies the boot, the image and QEMU */
	int fd;	       /* -1: nothing can be remembered */
};

/*
 * Opens and locks the file, and waits while another lab holds the lock. If the file cannot be used,
 * prints a message and sets fd to -1. Returns 0 or 128 + signal.
 */
int accel_memory_open(struct accel_memory *m, const struct accel_kernel *kernel, const char *qemu);
/* Reads the verdict. Returns false if there is none for this key. */
bool accel_memory_read(const struct accel_memory *m, struct accel_verdict *v);
/* Writes the verdict; prints a message if it cannot. */
void accel_memory_write(const struct accel_memory *m, const struct accel_verdict *v);
/* Closes the file, which ends the lock. */
void accel_memory_close(struct accel_memory *m);

#endif
