/* SPDX-License-Identifier: BSD-2-Clause */
/* lib: what one of the systems lacks, under the other's name. */
#ifndef OS_H
#define OS_H

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#ifdef __FreeBSD__
#include <sys/endian.h>
#include <sys/param.h>

/* The driver's errno for "not seeded yet" is ENOATTR there. */
#ifndef ENODATA
#define ENODATA ENOATTR
#endif

/* secure_getenv(3) came with 14. */
#if __FreeBSD_version < 1400000
static inline char *secure_getenv(const char *name)
{
	return issetugid() ? NULL : getenv(name);
}
#endif
#else
#include <endian.h>
#endif

#endif /* OS_H */
