/* SPDX-License-Identifier: BSD-2-Clause */
/* test/lab: runs in a guest that test/lab/clones.c clones: records, asks for the snapshot
 * meanwhile, and prints the recording. The argument is for how many seconds. */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static char bytes[65536];
	int status = -1;
	pid_t child = fork();
	size_t n;
	FILE *f;

	if (argc < 2)
		return 2;
	if (!child) {
		execl("/vmgenc-lab", "vmgenc-lab", "record", "-o", "/recording", "--seconds",
		      argv[1], "--quiet", (char *)NULL);
		_exit(127);
	}
	sleep(3);
	puts("SNAPSHOT");
	fflush(stdout);
	if (waitpid(child, &status, 0) != child || status)
		return 1;
	f = fopen("/recording", "r");
	while (f && (n = fread(bytes, 1, sizeof(bytes), f)) > 0)
		fwrite(bytes, 1, n, stdout);
	return f && !fflush(stdout) ? 0 : 1;
}
