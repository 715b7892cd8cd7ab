/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/cmd: what the tests of build/vmgenc share: a simulated source and a scratch directory.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cmd_fixture.h"

struct simfile sim;
char scratch[64], text[65536];
struct result result;

int cmd_setup(void **unused)
{
	(void)unused;
	unsetenv("VMGENC_SOURCE");
	if (simfile_create_plain(&sim))
		return -1;
	scratch_create(scratch);
	return 0;
}

int cmd_teardown(void **unused)
{
	(void)unused;
	scratch_remove(scratch);
	simfile_remove(&sim);
	return 0;
}

int shell(const char *format, ...)
{
	char command[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	program_run(&result, (const char *const[]){"/bin/sh", "-c", command, NULL});
	return result.code;
}
