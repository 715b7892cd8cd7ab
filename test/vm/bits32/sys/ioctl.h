/* SPDX-License-Identifier: BSD-2-Clause */
/* test/vm/bits32/sys: for vmgenc_abi.h, where the system has no C library of 32 bits. */
#include <linux/ioctl.h>
