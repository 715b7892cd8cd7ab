/* SPDX-License-Identifier: BSD-2-Clause */
/* test/freebsd/unit/kpi/12: STAND-IN for the <sys/random.h> of 12.1, mute unless the kernel has
 * random(4). */
#ifdef DEV_RANDOM
u_int	read_random(void *, u_int);
#endif
