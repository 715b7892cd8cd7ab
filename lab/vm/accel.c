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

#include "host/host.h"
#include "qemu.h"

#define ROM_SIZE 65536
#define RESET_VECTOR 0xfff0

/* mov $0x10, %al; out %al, $0xf4: isa-debug-exit ends QEMU with (0x10 << 1) | 1. */
static const unsigned char program[] = {0xb0, 0x10, 0xe6, 0xf4, 0xf4};
#define PROGRAM_RAN 33

static void exec_probe(const char *rom, int errors)
{
	char *const argv[] = {QEMU,	   "-accel",	  "kvm",
			      "-cpu",	   "host",	  "-m",
			      "1M",	   "-nodefaults", "-display",
			      "none",	   "-no-reboot",  "-bios",
			      (char *)rom, "-device",	  "isa-debug-exit,iobase=0xf4,iosize=1",
			      NULL};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	dup2(errors, 2);
	qemu_exec(argv);
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
	return qemu_reap(pid);
}

static int run_probe(const char *rom, int errors)
{
	pid_t pid = fork();

	if (!pid)
		exec_probe(rom, errors);
	if (pid > 0)
		return wait_probe(pid);
	dprintf(errors, "fork: %s\n", strerror(errno));
	return -1;
}

/* How the probe ended, as waitpid(2) says it, and its words. */
static int try_kvm(char *why, size_t size)
{
	static unsigned char rom[ROM_SIZE];
	char path[40];
	int status = -1;
	int fd = memfd_create("vmgenc-lab-rom", 0);
	int errors = memfd_create("vmgenc-lab-errors", 0);

	memcpy(rom + RESET_VECTOR, program, sizeof(program));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd < 0 || errors < 0 || write(fd, rom, ROM_SIZE) != ROM_SIZE) {
		snprintf(why, size, " %s", strerror(errno));
	} else {
		status = run_probe(path, errors);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", errors);
		rundir_tail(path, why, size);
	}
	if (fd >= 0)
		close(fd);
	if (errors >= 0)
		close(errors);
	return status;
}

int accel_choose(const char *wanted, const char **accel)
{
	char why[2000] = "";
	int status = -1;

	*accel = "tcg";
	if (!strcmp(wanted, "tcg"))
		return 0;
	bool node = !access("/dev/kvm", R_OK | W_OK);

	if (node)
		status = try_kvm(why, sizeof(why));
	else
		snprintf(why, sizeof(why), " %s", strerror(errno));
	if (lab_signal)
		return lab_interrupted();
	if (WIFEXITED(status) && WEXITSTATUS(status) == QEMU_MISSING)
		return qemu_missing(why);
	if (WIFEXITED(status) && WEXITSTATUS(status) == PROGRAM_RAN) {
		*accel = "kvm";
		return 0;
	}
	if (!strcmp(wanted, "kvm"))
		return lab_fail(LAB_EXIT_ENVIRONMENT,
				"/dev/kvm cannot run a guest here, use --accel tcg:%s",
				*why ? why : " it did not come to its second instruction");
	if (node)
		lab_note("/dev/kvm is there but cannot run a guest; emulating with tcg");
	return 0;
}
