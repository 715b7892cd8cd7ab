/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/program: a program of the guest's that links Debian's OpenSSL and knows nothing of vmgenc.
 * For each byte that it reads it writes 16 from RAND_bytes().
 */
#include <openssl/err.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
	unsigned char value[16];
	char request;

	while (read(STDIN_FILENO, &request, 1) == 1) {
		if (RAND_bytes(value, sizeof(value)) != 1) {
			ERR_print_errors_fp(stderr);
			return 1;
		}
		if (write(STDOUT_FILENO, value, sizeof(value)) != sizeof(value))
			return 1;
	}
	return 0;
}
