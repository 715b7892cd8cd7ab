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
int qemu_missing(const char *words)
{
	return lab_fail(LAB_EXIT_ENVIRONMENT,
			"cannot run " QEMU ":%s\nInstall it: apt-get install qemu-system-x86",
			words);
}

int qemu_reap(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* In the child. It dies with the lab; Ctrl-C at the terminal reaches the lab only. */
static void run_child(const struct vm *vm, int qmp, bool incoming, pid_t lab)
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
	arguments_build(vm, &a, qmp, incoming);
	qemu_exec(a.list);
}

int process_start(struct vm *vm, bool incoming)
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
		run_child(vm, pair[1], incoming, lab);
	close(pair[1]);
	vm->qmp.fd = pair[0];
	if (vm->pid < 0) {
		vm->pid = 0;
		return lab_fail(LAB_EXIT_ENVIRONMENT, "fork: %s", strerror(errno));
	}
	int code = qmp_greet(&vm->qmp);

	if (!code)
		code = qmp_call(&vm->qmp, "migrate-set-capabilities",
				json_pack("{s:[{s:s,s:b},{s:s,s:b}]}", "capabilities", "capability",
					  "x-ignore-shared", "state", 1, "capability", "events",
					  "state", 1),
				-1);
	return code;
}
