/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lab: chooses the accelerator. /dev/kvm may open and still be unable to run a guest (nested
 * virtualization half there), so a guest of two instructions is run to see.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab.h"

#define ROM_SIZE 65536
#define RESET_VECTOR 0xfff0

/* mov $0x10, %al; out %al, $0xf4: isa-debug-exit ends QEMU with (0x10 << 1) | 1. */
static const unsigned char program[] = {0xb0, 0x10, 0xe6, 0xf4, 0xf4};
#define PROGRAM_RAN 33

static void exec_probe(const char *rom, int errors)
{
	char *const argv[] = {"qemu-system-x86_64",
			      "-accel",
			      "kvm",
			      "-cpu",
			      "host",
			      "-m",
			      "1M",
			      "-nodefaults",
			      "-display",
			      "none",
			      "-no-reboot",
			      "-bios",
			      (char *)rom,
			      "-device",
			      "isa-debug-exit,iobase=0xf4,iosize=1",
			      NULL};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	dup2(errors, 2);
	execvp(argv[0], argv);
	_exit(127);
}

/* A guest that does not get to its second instruction in 5 s never will. */
static int wait_probe(pid_t pid)
{
	int status = 0;

	for (double end = lab_now() + 5; !lab_signal && lab_now() < end; usleep(5000)) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return status;
}

static bool kvm_runs(char *why, size_t size)
{
	static unsigned char rom[ROM_SIZE];
	char path[40];
	int fd = memfd_create("vmgenc-lab-rom", 0);
	int errors = memfd_create("vmgenc-lab-errors", 0);

	memcpy(rom + RESET_VECTOR, program, sizeof(program));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd < 0 || errors < 0 || write(fd, rom, ROM_SIZE) != ROM_SIZE) {
		snprintf(why, size, ": %s", strerror(errno));
		return false;
	}
	pid_t pid = fork();

	if (!pid)
		exec_probe(path, errors);
	int status = pid > 0 ? wait_probe(pid) : -1;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", errors);
	rundir_tail(path, why, size);
	close(fd);
	close(errors);
	return WIFEXITED(status) && WEXITSTATUS(status) == PROGRAM_RAN;
}

int accel_choose(const char *wanted, const char **accel)
{
	char why[2000] = "";

	*accel = "tcg";
	if (!strcmp(wanted, "tcg"))
		return 0;
	bool node = !access("/dev/kvm", R_OK | W_OK);

	if (node && kvm_runs(why, sizeof(why))) {
		*accel = "kvm";
		return lab_interrupted();
	}
	if (!node)
		snprintf(why, sizeof(why), ": %s", strerror(errno));
	if (!strcmp(wanted, "kvm"))
		return lab_fail(EXIT_ENVIRONMENT,
				"/dev/kvm cannot run a guest here, use --accel tcg%s", why);
	if (node)
		lab_note("/dev/kvm is there but cannot run a guest; emulating with tcg");
	return lab_interrupted();
}
