/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: whether this kernel's vDSO has getrandom (Linux 6.11), read from the mapped vDSO. */
#include <stdio.h>
#include <string.h>

#include "units.h"

bool vdso_draws(void)
{
	static int answer = -1;
	unsigned long begin, end;
	char line[512];
	FILE *f;

	if (answer >= 0)
		return answer;
	answer = 0;
	f = fopen("/proc/self/maps", "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (strstr(line, "[vdso]") && sscanf(line, "%lx-%lx", &begin, &end) == 2)
			answer = memmem((const void *)begin, end - begin, "__vdso_getrandom", 16) !=
				 NULL;
	}
	if (f)
		fclose(f);
	return answer;
}
