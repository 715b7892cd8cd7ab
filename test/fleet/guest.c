/* SPDX-License-Identifier: BSD-2-Clause */
/* test/fleet: runs in a guest that is cloned: gives it identities, asks for the snapshot, waits
 * until the driver has noticed the clone, and prints its metrics. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Random, but the same in each clone. */
static void put(const char *path, const char *before, size_t bytes, const char *after)
{
	FILE *f = fopen(path, "w");
	unsigned char random[64];

	if (!f || getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		exit(1);
	fputs(before, f);
	for (size_t i = 0; i < bytes; i++)
		fprintf(f, "%02x", random[i]);
	fputs(after, f);
	if (fclose(f))
		exit(1);
}

static int run(const char *const arguments[])
{
	int status = -1;
	pid_t child = fork();

	if (!child) {
		execv("/vmgenc", (char *const *)(uintptr_t)arguments);
		_exit(127);
	}
	waitpid(child, &status, 0);
	return status;
}

#define RUN(...) run((const char *const[]){"vmgenc", __VA_ARGS__, NULL})

int main(void)
{
	static const char *const directories[] = {"/etc", "/etc/ssh", "/etc/vmgenc",
						  "/var", "/var/lib", "/var/lib/systemd"};

	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
		mkdir(directories[i], 0755);
	umask(077);
	put("/etc/machine-id", "", 16, "\n");
	put("/etc/ssh/ssh_host_ed25519_key.pub", "ssh-ed25519 ", 32, " root@guest\n");
	put("/var/lib/systemd/random-seed", "", 64, "");
	if (RUN("status", "--metrics", "--output", "/metrics")) /* the boot id is made when read */
		return 1;
	puts("SNAPSHOT");
	fflush(stdout);
	if (RUN("wait", "--since", "1", "--timeout", "600"))
		return 1;
	return RUN("status", "--metrics") ? 1 : 0;
}
