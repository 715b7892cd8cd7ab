/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/vm: plays the hypervisor - changes the id in QEMU's VM Generation ID page from inside
 * the guest, through /dev/mem. The page is reserved memory, so STRICT_DEVMEM lets root do it.
 */
#ifndef RAWID_H
#define RAWID_H

#include <stdint.h>

#define RAWID_SIZE 16
#define RAWID_OFFSET 0x28 /* of the id in its page: QEMU's hw/acpi/vmgenid.c */

/* The physical address of the page, from QEMU's SSDT; 0 if there is none. */
uint64_t rawid_address(void);

/* The page, mapped writable, once per process; ends the program where it cannot be. */
volatile uint8_t *rawid_page(void);

void rawid_read(uint8_t id[RAWID_SIZE]);
void rawid_write(const uint8_t id[RAWID_SIZE]);

/* Writes an id that was never there before. */
void rawid_change(void);

#endif /* RAWID_H */
