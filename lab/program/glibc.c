/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/program: a dynamic program of the guest's, run with the C library of Debian 13, which draws
 * from the vDSO. For each byte that it reads it writes 16 from getrandom(3).
 */
#include <sys/random.h>
#include <unistd.h>

int main(void)
{
	unsigned char value[16];
	char request;

	while (read(STDIN_FILENO, &request, 1) == 1) {
		if (getrandom(value, sizeof(value), 0) != sizeof(value) ||
		    write(STDOUT_FILENO, value, sizeof(value)) != sizeof(value))
			return 1;
	}
	return 0;
}
