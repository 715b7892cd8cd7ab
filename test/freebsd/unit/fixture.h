/* SPDX-License-Identifier: BSD-2-Clause */
/* test/freebsd/unit: how the driver's cases begin, and what must be true at their end. */
#ifndef FIXTURE_H
#define FIXTURE_H

#include "check.h"

static inline int fresh(void **state)
{
	kernel_reset();
	return 0;
}

static inline int attached(void **state)
{
	kernel_reset();
	if (kernel_attach())
		return -1;
	kernel_run();
	kernel.trace[0] = 0;
	kernel.lines = 0;
	return 0;
}

/* Whatever the test did, detach works and leaves nothing. */
static inline int detached(void **state)
{
	const char *left;

	kernel.on_pause = NULL;
	if (kernel.device.attached && kernel_detach())
		return -1;
	left = kernel_leaks();
	if (left || kernel.broken)
		print_error("%s\n", kernel.broken ? kernel.broken : left);
	return left || kernel.broken ? -1 : 0;
}

#define row(test) cmocka_unit_test_setup_teardown(test, fresh, detached)
#define row_attached(test) cmocka_unit_test_setup_teardown(test, attached, detached)

#endif /* FIXTURE_H */
