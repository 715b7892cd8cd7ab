/* SPDX-License-Identifier: BSD-2-Clause */
/* test/vm: plays the hypervisor - changes the id from inside the guest, through /dev/mem. */
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "rawid.h"

/* AML: Name (VGIA, DWord), with the address that the firmware patched in. */
static const unsigned char vgia[] = { 0x08, 'V', 'G', 'I', 'A', 0x0c };

static uint64_t find_in(const char *path)
{
	static unsigned char table[65536];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? 0 : read(fd, table, sizeof(table));
	unsigned char *at;

	if (fd >= 0)
		close(fd);
	if (size <= 0)
		return 0;
	at = memmem(table, (size_t)size, vgia, sizeof(vgia));
	if (!at || at + sizeof(vgia) + 4 > table + size)
		return 0;
	at += sizeof(vgia);
	return at[0] | at[1] << 8 | at[2] << 16 | (uint64_t)at[3] << 24;
}

uint64_t rawid_address(void)
{
	uint64_t address = 0;
	glob_t found;

	if (glob("/sys/firmware/acpi/tables/SSDT*", 0, NULL, &found))
		return 0;
	for (size_t i = 0; i < found.gl_pathc && !address; i++)
		address = find_in(found.gl_pathv[i]);
	globfree(&found);
	return address;
}

volatile uint8_t *rawid_page(void)
{
	static volatile uint8_t *page;
	uint64_t address;
	int fd;

	if (page)
		return page;
	address = rawid_address();
	fd = open("/dev/mem", O_RDWR | O_CLOEXEC);
	if (address && fd >= 0)
		page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)address);
	if (!page || page == MAP_FAILED) {
		perror("the VM Generation ID page cannot be mapped through /dev/mem");
		exit(1);
	}
	close(fd);
	return page;
}

void rawid_read(uint8_t id[RAWID_SIZE])
{
	memcpy(id, (const void *)(rawid_page() + RAWID_OFFSET), RAWID_SIZE);
}

void rawid_write(const uint8_t id[RAWID_SIZE])
{
	volatile uint64_t *to = (volatile uint64_t *)(rawid_page() + RAWID_OFFSET);
	uint64_t words[2];

	memcpy(words, id, sizeof(words));
	to[0] = words[0];
	to[1] = words[1];
}

/*
 * The first word stays: a store to each would be two changes for a driver that looks between
 * them. So this is one change, as the hypervisor's is while no processor runs.
 */
void rawid_change(void)
{
	volatile uint64_t *to = (volatile uint64_t *)(rawid_page() + RAWID_OFFSET);
	uint64_t word;

	do {
		if (getrandom(&word, sizeof(word), 0) != (ssize_t)sizeof(word))
			exit(1);
	} while (word == to[1]);
	to[1] = word;
}
