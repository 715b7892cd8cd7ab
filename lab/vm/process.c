/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/vm: starts QEMU as a child process.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/host.h"
#include "qemu.h"

void qemu_exec(char *const argv[])
{
	execvp(argv[0], argv);
	dprintf(STDERR_FILENO, "%s\n", strerror(errno));
	_exit(QEMU_MISSING);
}

/* The dynamic loader exits with the same status, after a message of its own. */
int qemu_missing(const struct machine *m, const char *words)
{
	return lab_fail(LAB_EXIT_ENVIRONMENT,
			"cannot run %s:%s\nInstall it: apt-get install qemu-system-%s",
			m->arm64 ? QEMU_ARM64 : QEMU, words, m->arm64 ? "arm" : "x86");
}

int qemu_reap(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/*
 * What a guest writes to its console, QEMU writes to a file. No file of QEMU's becomes larger than
 * the guest's memory; beyond that, QEMU drops what the guest writes.
 */
static void bound_files(const struct machine *m)
{
	const rlim_t most = machine_memory_mb(m) << 20;
	const struct rlimit limit = {.rlim_cur = most, .rlim_max = most};

	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit)) {
		dprintf(2, "cannot limit the size of " QEMU "'s files: %s\n", strerror(errno));
		_exit(1);
	}
}

/* In the child. It dies with the lab; Ctrl-C at the terminal reaches the lab only. */
static void run_child(const struct vm *vm, int qmp, bool incoming, bool sandbox, pid_t lab)
{
	struct arguments a = {.count = 0};
	int errors = open(vm->errors, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != lab)
		_exit(1);
	setpgid(0, 0);
	if (dup2(errors, 2) < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 ||
	    fcntl(qmp, F_SETFD, 0)) {
		dprintf(2, "cannot start " QEMU ": %s\n", strerror(errno));
		_exit(1);
	}
	bound_files(vm->machine);
	arguments_build(vm, &a, qmp, incoming, sandbox);
	qemu_exec(a.list);
}

static int start(struct vm *vm, bool incoming, bool sandbox)
{
	int pair[2];
	pid_t lab = getpid();

	if (vm->machine->firmware.shape && mkfifo(vm->bell, 0600) && errno != EEXIST)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "cannot make %s: %s", vm->bell,
				strerror(errno));
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return lab_fail(LAB_EXIT_ENVIRONMENT, "socketpair: %s", strerror(errno));
	vm->started = lab_now();
	vm->pid = fork();
	if (!vm->pid)
		run_child(vm, pair[1], incoming, sandbox, lab);
	close(pair[1]);
	vm->qmp.fd = pair[0];
	if (vm->pid < 0) {
		vm->pid = 0;
		return lab_fail(LAB_EXIT_ENVIRONMENT, "fork: %s", strerror(errno));
	}
	return qmp_greet(&vm->qmp);
}

/* QEMU says so before it opens a file of the guest's. */
static bool lacks_sandbox(const struct vm *vm)
{
	char words[2000];

	rundir_tail(vm->errors, words, sizeof(words));
	return strstr(words, "-sandbox support is not enabled") ||
	       strstr(words, "seccomp support is disabled") ||
	       strstr(words, "failed to install seccomp syscall filter");
}

int process_start(struct vm *vm, bool incoming)
{
	static bool without_sandbox;
	int code = start(vm, incoming, !without_sandbox);

	if (code == -1 && !without_sandbox && lacks_sandbox(vm)) {
		lab_note("this QEMU has no -sandbox, so guests run without it");
		without_sandbox = true;
		vm_kill(vm);
		code = start(vm, incoming, false);
	}
	if (!code)
		code = qmp_call(&vm->qmp, "migrate-set-capabilities",
				json_pack("{s:[{s:s,s:b},{s:s,s:b}]}", "capabilities", "capability",
					  "x-ignore-shared", "state", 1, "capability", "events",
					  "state", 1),
				-1);
	return code;
}
