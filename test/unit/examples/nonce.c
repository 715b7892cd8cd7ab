/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit: an example of README or a manual page, EXAMPLE, as a program against vmgenc sim.
 * make_nonce() has to end, with an error, also where the kernel cannot be rekeyed. */
#include EXAMPLE

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_S 30 /* only to end what spins */

static int failed;

static void expect(const char *what, int got, int wanted)
{
	if (got == wanted)
		return;
	printf("%s: %d instead of %d\n", what, got, wanted);
	failed = 1;
}

static void sim(const char *file, const char *verb)
{
	char command[256];

	snprintf(command, sizeof(command), "build/vmgenc sim %s %s", file, verb);
	expect(command, system(command), 0);
}

int main(int argc, char **argv)
{
	unsigned char nonces[3][16] = {{0}};
	struct vmgenc_mark mark = {{0}};
	struct vmgenc *vg;
	char source[256];

	if (argc != 2)
		return 2;
	alarm(PATIENCE_S);
	sim(argv[1], "create");
	snprintf(source, sizeof(source), "file:%s", argv[1]);
	expect("open", vmgenc_open(&vg, source), 0);
	if (failed)
		return 1;
	expect("settled", make_nonce(vg, &mark, nonces[0]), 0);
	sim(argv[1], "bump --unsettled");
	expect("not settled", make_nonce(vg, &mark, nonces[1]), -ETIMEDOUT);
	expect("the mark that stays", vmgenc_changed(vg, &mark), 1);
	sim(argv[1], "bump");
	expect("settled again", make_nonce(vg, &mark, nonces[2]), 0);
	expect("the mark", vmgenc_changed(vg, &mark), 0);
	expect("another nonce", memcmp(nonces[0], nonces[2], 16) != 0, 1);
	vmgenc_close(vg);
	return failed;
}
