/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * driver/freebsd: tells other kernel code that this machine was cloned.  The header's name and
 * place and the handler's signature are those of FreeBSD's own vmgenc(4).
 */
#ifndef VMGENC_ACPI_H
#define	VMGENC_ACPI_H

#include <sys/eventhandler.h>

/*
 * Called with the argument given to EVENTHANDLER_REGISTER(9), in a thread that may sleep, once
 * random(4) and arc4random(9) have been reseeded for the new id.
 */
typedef void (*vmgenc_handler)(void *);
EVENTHANDLER_DECLARE(acpi_vmgenc_event, vmgenc_handler);

#endif /* VMGENC_ACPI_H */
