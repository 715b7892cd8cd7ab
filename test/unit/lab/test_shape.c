/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/unit/lab: the lab's shapes of firmware - addresses put into compiled tables, and ids as each
 * hypervisor writes them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/firmware.h"

#define FROM "build/test/shape-from.aml"
#define TO "build/test/shape-to.aml"

/* A header of 36 bytes, then DWord constants: low with a flag, high, page; the last is no DWord. */
static const uint8_t body[] = {
	0x0c, 0x11, 0x1d, 0x1d, 0x1d, /* */
	0x0c, 0x20, 0x2d, 0x2d, 0x2d, /* */
	0x0c, 0x30, 0x3d, 0x3d, 0x3d, /* */
	0x0d, 0x10, 0x1d, 0x1d, 0x1d,
};

static size_t file(const char *path, const char *mode, uint8_t *bytes, size_t size)
{
	FILE *f = fopen(path, mode);

	assert_non_null(f);
	size = *mode == 'w' ? fwrite(bytes, 1, size, f) : fread(bytes, 1, size, f);
	assert_int_equal(fclose(f), 0);
	return size;
}

/* Fails if a place is missed, a flag lost, other bytes are touched or the sum is not zero. */
static void addresses_are_placed(void **state)
{
	static const uint8_t placed[] = {
		0x0c, 0xa9, 0x07, 0x0f, 0x12, /* */
		0x0c, 0x03, 0x00, 0x00, 0x00, /* */
		0x0c, 0x00, 0x00, 0x0f, 0x12, /* */
		0x0d, 0x10, 0x1d, 0x1d, 0x1d,
	};
	uint8_t table[36 + sizeof(body)] = "SSDT", sum = 0;

	(void)state;
	table[4] = sizeof(table);
	memcpy(table + 36, body, sizeof(body));
	assert_int_equal(file(FROM, "w", table, sizeof(table)), sizeof(table));
	assert_int_equal(aml_place(FROM, TO, 0x3120f0000, 0x3120f07a8), 0);
	assert_int_equal(file(TO, "r", table, sizeof(table)), sizeof(table));
	assert_memory_equal(table + 36, placed, sizeof(placed));
	for (size_t i = 0; i < sizeof(table); i++)
		sum = (uint8_t)(sum + table[i]);
	assert_int_equal(sum, 0);
	unlink(FROM);
	unlink(TO);
}

static uint8_t hex(const char *text)
{
	const char two[3] = {text[0], text[1], '\0'};

	return (uint8_t)strtoul(two, NULL, 16);
}

/* "lo:hi" as VMware, Hyper-V and Xen write it: each number's last byte comes first. */
static void words_are_little_endian(void **state)
{
	struct shape_id id;

	(void)state;
	shape_new_id(shape_find("vmware"), &id);
	assert_int_equal(strlen(id.notation), 33);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(id.bytes[i], hex(id.notation + 14 - 2 * i));
		assert_int_equal(id.bytes[8 + i], hex(id.notation + 31 - 2 * i));
	}
}

/* Where the digits of byte n are in a GUID in Microsoft's order. */
static const int digits[ID_SIZE] = {6, 4, 2, 0, 11, 9, 16, 14, 19, 21, 24, 26, 28, 30, 32, 34};

/* Fails if the name that the driver is expected to print is of other bytes. */
static void guids_are_mixed_endian(void **state)
{
	struct shape_id id;

	(void)state;
	for (size_t s = 0; s < shape_count; s++) {
		shape_new_id(&shapes[s], &id);
		assert_int_equal(strlen(id.guid), ID_TEXT_SIZE - 1);
		assert_true(firmware_is_id(id.guid));
		for (int i = 0; i < ID_SIZE; i++)
			assert_int_equal(id.bytes[i], hex(id.guid + digits[i]));
	}
}

/* Microsoft's rule R1a, and room for the id in its page. */
static void addresses_are_aligned(void **state)
{
	(void)state;
	for (size_t s = 0; s < shape_count; s++) {
		assert_int_equal(shapes[s].offset % 8, 0);
		assert_true(shapes[s].offset + ID_SIZE <= 4096);
	}
	assert_null(shape_find("dice"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_placed),
		cmocka_unit_test(words_are_little_endian),
		cmocka_unit_test(guids_are_mixed_endian),
		cmocka_unit_test(addresses_are_aligned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
