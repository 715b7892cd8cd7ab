/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/firmware: puts addresses into a compiled ACPI table, as a hypervisor's firmware does. They
 * replace the numbers that test/firmware/place.h defines.
 */
#include <errno.h>
#include <string.h>

#include "firmware.h"
#include "host/host.h"

#define ID_LOW 0x1d1d1d10u
#define ID_HIGH 0x2d2d2d20u
#define ID_PAGE 0x3d3d3d30u

#define DWORD_PREFIX 0x0c
#define HEADER_SIZE 36
#define CHECKSUM_AT 9

static uint32_t get32(const uint8_t *from)
{
	return from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

static void put32(uint8_t *to, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(value >> 8 * i);
}

/* Keep the last four bits, which are the hypervisor's flags or part of the address. */
static bool value_for(uint32_t place, uint64_t page, uint64_t address, uint32_t *value)
{
	switch (place & ~0xfu) {
	case ID_LOW:
		*value = (uint32_t)address | (place & 0xf);
		return true;
	case ID_HIGH:
		*value = (uint32_t)(address >> 32);
		return true;
	case ID_PAGE:
		*value = (uint32_t)page | (place & 0xf);
		return true;
	default:
		return false;
	}
}

static void place_all(uint8_t *table, size_t size, uint64_t page, uint64_t address)
{
	uint8_t sum = 0;
	uint32_t value;

	for (size_t i = HEADER_SIZE; i + 5 <= size; i++) {
		if (table[i] == DWORD_PREFIX &&
		    value_for(get32(table + i + 1), page, address, &value))
			put32(table + i + 1, value);
	}
	table[CHECKSUM_AT] = 0;
	for (size_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + table[i]);
	table[CHECKSUM_AT] = (uint8_t)-sum;
}

int aml_place(const char *from, const char *to, uint64_t page, uint64_t address)
{
	uint8_t table[16384];
	const struct firmware check = {.table = from};
	int code = firmware_check(&check);

	if (code)
		return code;
	FILE *in = fopen(from, "re");
	size_t size = in ? fread(table, 1, sizeof(table), in) : 0;

	if (in)
		fclose(in);
	if (size < HEADER_SIZE || size == sizeof(table))
		return lab_fail(LAB_EXIT_ENVIRONMENT, "cannot read the ACPI table %s", from);
	place_all(table, size, page, address);
	FILE *out = fopen(to, "we");
	bool written = out && fwrite(table, 1, size, out) == size;

	if ((out && fclose(out)) || !written)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "cannot write %s: %s", to, strerror(errno));
	return 0;
}
