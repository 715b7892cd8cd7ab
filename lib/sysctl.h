/* SPDX-License-Identifier: BSD-2-Clause */
/* lib: what the driver's sysctls say, for processes that cannot see its device (sysctl:). */
#ifndef VMGENC_LIB_SYSCTL_H
#define VMGENC_LIB_SYSCTL_H

#include <stdint.h>

/* A file of one decimal number, read anew. 0, or -EIO. Async-signal-safe. */
int sysctl_number(int fd, uint64_t *value);

#endif
