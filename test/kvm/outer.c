/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/kvm: where this machine has no KVM that runs a kernel, an emulated one has: a guest of the
 * lab's with an AMD CPU, Debian's generic kernel and kvm_amd. test/kvm/lay_out makes its root.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/host.h"
#include "kvm.h"

#define TREE "build/kvm/tree"
#define KERNEL "build/kvm/vmlinuz"
#define MEMORY_MB "2048"
#define NEEDED_MEMORY_MB 3072ul /* that, three times the tree, and QEMU */
#define NEEDED_DISK_MB 1500ul	/* packages, what is in them, and the tree */
#define LAY_OUT_S (6 * 3600)
/* Inside, a line is printed each minute. */
#define SILENT_S 300
#define OUTPUT "build/kvm.outer.log"
/* A model that guests know; with all that QEMU can emulate, 6.12 died in it without kvm. */
#define CPU "EPYC,+svm,-rdrand,-rdseed"
/* A counter that is trusted: emulated time is uneven. */
#define APPEND "mitigations=off tsc=reliable"
/*
 * 6.12's allocator died of a cmpxchg16b, behind which the flags held half an address. QEMU itself
 * needs the instruction, so the CPU has it.
 */
#define NESTED_APPEND "clearcpuid=cx16"

static unsigned long disk_mb(const char *path)
{
	struct statvfs st;

	return statvfs(path, &st) ? 0 : (unsigned long)((uint64_t)st.f_bavail * st.f_frsize >> 20);
}

static bool has_room(void)
{
	unsigned long memory = lab_available_mb(), disk = disk_mb("build");

	if (memory < NEEDED_MEMORY_MB)
		fprintf(stderr,
			"no room for the outer guest: it needs %lu MiB of memory, %lu MiB are "
			"available\n",
			NEEDED_MEMORY_MB, memory);
	else if (disk < NEEDED_DISK_MB && access(KERNEL, F_OK))
		fprintf(stderr,
			"no room for the outer guest: build/ needs %lu MiB of disk, %lu MiB are "
			"free\n",
			NEEDED_DISK_MB, disk);
	else
		return true;
	return false;
}

/*
 * QEMU 7.2's emulation of SVM does not survive that its threads run at once: its main thread and a
 * CPU's both change what interrupts that CPU, without a lock. On two CPUs of the host, timer ticks
 * were lost until the machine stood still, and its memory and its guests' were damaged, in four
 * runs of five. On one, it held.
 */
static bool pin(void)
{
	cpu_set_t set;
	int cpu = 0;

	if (sched_getaffinity(0, sizeof(set), &set)) {
		perror("cannot read the CPUs that the outer guest may use");
		return false;
	}
	while (!CPU_ISSET(cpu, &set))
		cpu++;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (!sched_setaffinity(0, sizeof(set), &set))
		return true;
	perror("cannot keep the outer guest on one CPU");
	return false;
}

int outer_run(const char *self, const char *only)
{
	static const char *const lay_out[] = {"test/kvm/lay_out", NULL};
	const char *const argv[] = {LAB,     "run",    "--accel",   "tcg",	"--kernel",
				    KERNEL,  "--tree", TREE,	    "--memory", MEMORY_MB,
				    "--cpu", CPU,      "--timeout", "600",	"--append",
				    APPEND,  self,     "--inside",  only,	NULL};

	if (!has_room())
		return NO_ROOM;
	if (step_run(lay_out, LAY_OUT_S, NULL))
		return NO_ROOM;
	if (!pin())
		return NO_ROOM;
	int code = step_relay(argv, SILENT_S, OUTPUT);

	if (code == 0 || code == 1)
		return code;
	fprintf(stderr, step_signal ? "interrupted\n"
				    : "the outer guest did not come to the end of its tests: run "
				      "make check-kvm again\n");
	return step_signal ? 128 + step_signal : NO_ROOM;
}

static bool load(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "modules/%s.ko", name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && !syscall(SYS_finit_module, fd, "", 0))
		return !close(fd);
	fprintf(stderr, "the outer guest cannot load %s: %s\n", name, strerror(errno));
	return false;
}

bool outer_prepare_inside(void)
{
	kernel_append = NESTED_APPEND;
	mkdir("dev/shm", 01777);
	if (mount("tmpfs", "/dev/shm", "tmpfs", 0, NULL) ||
	    mount("tmpfs", "/tmp", "tmpfs", 0, NULL)) {
		fprintf(stderr, "the outer guest cannot mount a tmpfs: %s\n", strerror(errno));
		return false;
	}
	if (!load("irqbypass") || !load("ccp") || !load("kvm") || !load("kvm-amd"))
		return false;
	if (!access("/dev/kvm", R_OK | W_OK))
		return true;
	fprintf(stderr, "the outer guest has no /dev/kvm: %s\n", strerror(errno));
	return false;
}
