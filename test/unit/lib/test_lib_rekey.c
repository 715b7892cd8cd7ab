/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/lib: what the library gives the kernel before it makes it rekey, as for a VMClock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/random.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/types.h>

#include "rekey.h"

/* All that was written since the last rekey, and what the next write returns, if not its size. */
static struct {
	uint8_t data[4 * REKEY_SAMPLES + 64];
	size_t size;
	unsigned int reseeds, writes, short_write;
} kernel;

static const char fresh[] = "page and time, the same in each clone";

ssize_t __wrap_write(int fd, const void *data, size_t size);
int __wrap_ioctl(int fd, unsigned long request, ...);

ssize_t __wrap_write(int fd, const void *data, size_t size)
{
	(void)fd;
	assert_in_range(size, 1, sizeof(kernel.data) - kernel.size);
	memcpy(kernel.data + kernel.size, data, size);
	kernel.size += size;
	return ++kernel.writes == kernel.short_write ? (ssize_t)size - 1 : (ssize_t)size;
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	(void)fd;
	assert_int_equal(request, RNDRESEEDCRNG);
	kernel.reseeds++;
	return 0;
}

/* Fails if clones with the same page and the same time mix in the same, or after the rekey. */
static void timing_is_mixed_in(void **state)
{
	uint32_t samples[2][REKEY_SAMPLES];
	unsigned int different = 0;

	(void)state;
	for (int i = 0; i < 2; i++) {
		memset(&kernel, 0, sizeof(kernel));
		assert_int_equal(rekey_kernel(fresh, sizeof(fresh)), 0);
		assert_int_equal(kernel.reseeds, 1);
		assert_int_equal(kernel.size, sizeof(fresh) + sizeof(samples[i]));
		assert_memory_equal(kernel.data, fresh, sizeof(fresh));
		memcpy(samples[i], kernel.data + sizeof(fresh), sizeof(samples[i]));
	}
	for (int i = 0; i < REKEY_SAMPLES; i++)
		different += samples[0][i] != samples[1][i];
	assert_in_range(different, REKEY_SAMPLES / 2, REKEY_SAMPLES);
}

/* Fails if a rekey is claimed that lacks what should part the clones. */
static void what_is_not_mixed_in_is_said(void **state)
{
	(void)state;
	for (unsigned int i = 1; i <= 2; i++) {
		memset(&kernel, 0, sizeof(kernel));
		kernel.short_write = i;
		assert_int_equal(rekey_kernel(fresh, sizeof(fresh)), -EIO);
		assert_int_equal(kernel.reseeds, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timing_is_mixed_in),
		cmocka_unit_test(what_is_not_mixed_in_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
