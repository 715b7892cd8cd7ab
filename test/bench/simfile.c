/* SPDX-License-Identifier: BSD-2-Clause */
/* test/bench: creates a file: source for programs that are measured, and prints its name. */
#include <stdio.h>

#include "../unit/simfile.h"

int main(void)
{
	struct simfile sim;

	if (simfile_create(&sim))
		return 1;
	return puts(sim.source) < 0;
}
