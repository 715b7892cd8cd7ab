/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit: writes what libvmgenc's file: sources read - a driver and a hypervisor in a file. */
#ifndef VMGENC_SIMFILE_H
#define VMGENC_SIMFILE_H

#include <stddef.h>
#include <stdint.h>

#include "vmgenc_abi.h"

/*
 * A file of two pages, mapped writable: the generation page, then the raw page with the id
 * at page->id_offset. One writer at a time; others that open `source` may read meanwhile.
 */
struct simfile {
	char source[64];  /* "file:PATH", for vmgenc_open() */
	const char *path; /* the PATH in it */
	const char *name; /* what /proc/self/maps calls it */
	int fd;		  /* of a sealed one; else -1 */
	size_t page_size;
	struct vmgenc_page *page;
	volatile uint64_t *raw; /* the id: two words */
};

/*
 * Generation 1, settled, with an id. 0, or -errno and no file. In memory, sealed so that it
 * cannot shrink, which the library maps as it does a device; or a plain file in /tmp, which it
 * reads. The former lives as long as this process has it, for processes of this user.
 */
int simfile_create(struct simfile *sim);
int simfile_create_plain(struct simfile *sim);

/* Unmaps and removes the file. */
void simfile_remove(struct simfile *sim);

/* A clone that the driver has not noticed: a new id in the raw page, nothing else. */
void simfile_bump_raw(struct simfile *sim);

/* The driver notices: the raw page's id and generation + 1 in the generation page, settled. */
void simfile_publish(struct simfile *sim);

/* The same, but the kernel's generator could not be rekeyed: settled stays behind. */
void simfile_publish_unsettled(struct simfile *sim);

/* The retry succeeds: settled catches up with generation. */
void simfile_settle(struct simfile *sim);

/* simfile_bump_raw() and simfile_publish(). */
void simfile_bump(struct simfile *sim);

#endif
