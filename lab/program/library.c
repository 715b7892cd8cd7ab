/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/program: a program of the guest's that links Debian's GnuTLS and libgcrypt and knows nothing
 * of vmgenc. For each byte that it reads it writes 16 from the library that its argument names.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What it uses of their headers, which are not installed with the libraries */
int gnutls_rnd(unsigned int level, void *to, size_t size);
const char *gcry_check_version(const char *wanted);
void gcry_create_nonce(void *to, size_t size);

#define GNUTLS_RND_NONCE 0

static int draw(const char *library, unsigned char value[16])
{
	if (!strcmp(library, "gnutls"))
		return gnutls_rnd(GNUTLS_RND_NONCE, value, 16);
	gcry_create_nonce(value, 16);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned char value[16];
	char request;

	if (argc != 2 || !gcry_check_version(NULL))
		return 2;
	while (read(STDIN_FILENO, &request, 1) == 1) {
		int error = draw(argv[1], value);

		if (error) {
			fprintf(stderr, "%s: error %d\n", argv[1], error);
			return 1;
		}
		if (write(STDOUT_FILENO, value, sizeof(value)) != sizeof(value))
			return 1;
	}
	return 0;
}
