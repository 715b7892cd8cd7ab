// SPDX-License-Identifier: BSD-2-Clause
/* test/unit/core: driver/core's judgement of ADDR, one row for each way in which it can be
 * wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vmgenc_os.h"
#include "vmgenc_core.h"

#define NOT_PACKAGE "is not a package"
#define NOT_TWO "does not have two elements"
#define NOT_INTEGER "has an element that is not an integer"
#define ABOVE_32 "has an element above 32 bits"
#define ZERO "is zero: the hypervisor has not configured the device"
#define MISALIGNED "is not 8-byte aligned, which Microsoft's VM Generation ID paper requires"
#define BEYOND "is beyond the processor's physical addresses"

struct row {
	const char *name;
	struct vmgenc_addr addr;
	unsigned int phys_bits;
	const char *wrong; /* NULL: accepted */
	int error;
	uint64_t phys;
};

#define PAIR(low, high)                                                                            \
	{                                                                                          \
		.package = true, .count = 2, .integer = {true, true}, .value = { low, high }       \
	}

/* Each fails when its rule is dropped, moved behind a later one, or said in other words. */
static const struct row malformed[] = {
	{"not a package", {.package = false}, 46, NOT_PACKAGE, -EINVAL, 0},
	{"an integer",
	 {.package = false, .count = 2, .integer = {true, true}, .value = {0x1000}},
	 46,
	 NOT_PACKAGE,
	 -EINVAL,
	 0},
	{"an empty package", {.package = true, .count = 0}, 46, NOT_TWO, -EINVAL, 0},
	{"one element",
	 {.package = true, .count = 1, .integer = {true}, .value = {0x1000}},
	 46,
	 NOT_TWO,
	 -EINVAL,
	 0},
	{"three elements",
	 {.package = true, .count = 3, .integer = {true, true}, .value = {0x1000}},
	 46,
	 NOT_TWO,
	 -EINVAL,
	 0},
	{"low is not an integer",
	 {.package = true, .count = 2, .integer = {false, true}, .value = {0, 1}},
	 46,
	 NOT_INTEGER,
	 -EINVAL,
	 0},
	{"high is not an integer",
	 {.package = true, .count = 2, .integer = {true, false}, .value = {0x1000}},
	 46,
	 NOT_INTEGER,
	 -EINVAL,
	 0},
	{"low has 33 bits", PAIR(0x100000000, 0), 46, ABOVE_32, -EINVAL, 0},
	{"high has 33 bits", PAIR(0x1000, 0x100000000), 46, ABOVE_32, -EINVAL, 0},
	{"both are all ones", PAIR(UINT64_MAX, UINT64_MAX), 64, ABOVE_32, -EINVAL, 0},
	{"zero", PAIR(0, 0), 46, ZERO, -ENODEV, 0},
	{"misaligned by 1", PAIR(0x1001, 0), 46, MISALIGNED, -EINVAL, 0},
	{"misaligned by 4", PAIR(0x1004, 0), 46, MISALIGNED, -EINVAL, 0},
	{"misaligned by 7", PAIR(0xfff, 0), 46, MISALIGNED, -EINVAL, 0},
	/* Alignment is judged first: it is wrong on every processor. */
	{"misaligned and beyond", PAIR(0x1004, 0xffffffff), 36, MISALIGNED, -EINVAL, 0},
};

/* Each fails when the last byte, not the first, is not what is compared with the border. */
static const struct row borders[] = {
	{"the lowest address", PAIR(8, 0), 36, NULL, 0, 8},
	{"32 bits, all of low", PAIR(0xfffffff0, 0), 36, NULL, 0, 0xfffffff0},
	{"across 4 GB", PAIR(0xfffffff8, 0), 36, NULL, 0, 0xfffffff8},
	{"only high", PAIR(0, 1), 36, NULL, 0, 0x100000000},
	{"both halves", PAIR(0x89abcde8, 0x67), 46, NULL, 0, 0x6789abcde8},
	{"32: last fit", PAIR(0xfffffff0, 0), 32, NULL, 0, 0xfffffff0},
	{"32: straddles", PAIR(0xfffffff8, 0), 32, BEYOND, -ERANGE, 0},
	{"36: last fit", PAIR(0xfffffff0, 0xf), 36, NULL, 0, 0xffffffff0},
	{"36: straddles", PAIR(0xfffffff8, 0xf), 36, BEYOND, -ERANGE, 0},
	{"36: first beyond", PAIR(0, 0x10), 36, BEYOND, -ERANGE, 0},
	{"46: last fit", PAIR(0xfffffff0, 0x3fff), 46, NULL, 0, 0x3ffffffffff0},
	{"46: straddles", PAIR(0xfffffff8, 0x3fff), 46, BEYOND, -ERANGE, 0},
	{"46: first beyond", PAIR(0, 0x4000), 46, BEYOND, -ERANGE, 0},
	{"52: last fit", PAIR(0xfffffff0, 0xfffff), 52, NULL, 0, 0xffffffffffff0},
	{"52: straddles", PAIR(0xfffffff8, 0xfffff), 52, BEYOND, -ERANGE, 0},
	{"52: first beyond", PAIR(0, 0x100000), 52, BEYOND, -ERANGE, 0},
	{"64: last fit", PAIR(0xfffffff0, 0xffffffff), 64, NULL, 0, 0xfffffffffffffff0},
	{"64: wraps", PAIR(0xfffffff8, 0xffffffff), 64, BEYOND, -ERANGE, 0},
	{"63: first beyond", PAIR(0, 0x80000000), 63, BEYOND, -ERANGE, 0},
};

static void judge(const struct row *row)
{
	uint64_t phys = 0xdead;
	int error = 1;
	const char *wrong = vmgenc_core_address(&row->addr, row->phys_bits, &phys, &error);

	print_message("           %s\n", row->name);
	assert_int_equal(error, row->error);
	if (!row->wrong) {
		assert_null(wrong);
		assert_true(phys == row->phys);
		return;
	}
	assert_non_null(wrong);
	assert_string_equal(wrong, row->wrong);
}

static void test_malformed(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
		judge(&malformed[i]);
}

static void test_borders(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(borders) / sizeof(borders[0]); i++)
		judge(&borders[i]);
}

/*
 * Fails when an element is used before the checks in front of it have passed: the values of a
 * package with too few elements are whatever the firmware left, so no address comes of them.
 */
static void test_no_address_from_rubbish(void **state)
{
	const struct vmgenc_addr rubbish[] = {
		{false, 2, {true, true}, {0x1000, 0}},
		{true, 1, {true, true}, {0x1000, 0}},
		{true, 2, {true, false}, {0x1000, 0}},
		{true, 2, {true, true}, {0x1000, 0x100000000}},
	};
	uint64_t phys;
	size_t i;
	int error;

	(void)state;
	for (i = 0; i < sizeof(rubbish) / sizeof(rubbish[0]); i++) {
		phys = 0xdead;
		assert_non_null(vmgenc_core_address(&rubbish[i], 46, &phys, &error));
		assert_true(phys == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_borders),
		cmocka_unit_test(test_no_address_from_rubbish),
	};

	return cmocka_run_group_tests_name("addr", tests, NULL, NULL);
}
