/* SPDX-License-Identifier: BSD-2-Clause */
/* lib: names that one of the systems lacks. */
#ifndef OS_H
#define OS_H

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#ifdef __FreeBSD__
#include <sys/endian.h>
#include <sys/param.h>

/* FreeBSD's driver returns ENOATTR for "not seeded yet". */
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
