/* SPDX-License-Identifier: BSD-2-Clause */
/* lib: reads the driver's sysctls, for processes that cannot see its device (sysctl:). */
#ifndef VMGENC_LIB_SYSCTL_H
#define VMGENC_LIB_SYSCTL_H

#include <stdint.h>

/* Reads a file with one decimal number. Returns 0 or -EIO. Async-signal-safe. */
int sysctl_number(int fd, uint64_t *value);

#endif
