/* SPDX-License-Identifier: BSD-2-Clause */
/* test/bench: a file: source for programs that are measured. It prints the name, and is there for
 * as long as this runs: sealed, so that it is mapped as a device is. */
#include <stdio.h>
#include <unistd.h>

#include "../unit/simfile.h"

int main(void)
{
	struct simfile sim;

	if (simfile_create(&sim))
		return 1;
	if (puts(sim.source) < 0 || fflush(stdout))
		return 1;
	for (;;)
		pause();
}
