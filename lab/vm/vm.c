/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/vm: a virtual machine is a QEMU process, two files for its RAM and one for the exchange,
 * which the lab maps too. A clone maps its parent's RAM files privately.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/host.h"
#include "qemu.h"

#define ANSWER_SECONDS 60 /* to wait for an answer of QEMU */
#define BOOT_ATTEMPTS 3
void vm_random_id(struct vm *vm)
{
	uint16_t r[8] = {0};

	if (getrandom(r, sizeof(r), 0) < 0)
		r[0] = (uint16_t)getpid();
	snprintf(vm->guid, sizeof(vm->guid), "%04x%04x-%04x-%04x-%04x-%04x%04x%04x", r[0], r[1],
		 r[2], r[3], r[4], r[5], r[6], r[7]);
}

void vm_init(struct vm *vm, const struct machine *m, const char *directory, const char *name)
{
	memset(vm, 0, sizeof(*vm));
	vm->machine = m;
	vm->shared_ram = true;
	vm->qmp.fd = -1;
	vm->qmp.patience = ANSWER_SECONDS;
	snprintf(vm->name, sizeof(vm->name), "%s", name);
	snprintf(vm->ram, sizeof(vm->ram), "%s/%s.ram", directory, name);
	snprintf(vm->ram_top, sizeof(vm->ram_top), "%s/%s.top", directory, name);
	snprintf(vm->exchange_path, sizeof(vm->exchange_path), "%s/%s.exchange", directory, name);
	snprintf(vm->console, sizeof(vm->console), "%s/%s.console", directory, name);
	snprintf(vm->errors, sizeof(vm->errors), "%s/%s.qemu", directory, name);
	snprintf(vm->bell, sizeof(vm->bell), "%s/%s.bell", directory, name);
	vm_random_id(vm);
	if (m->firmware.shape)
		shape_new_id(m->firmware.shape, &vm->id);
	if (m->firmware.id)
		snprintf(vm->guid, sizeof(vm->guid), "%s", m->firmware.id);
}

int vm_create_exchange(struct vm *vm, const struct lab_exchange *first)
{
	uint64_t size = vm->machine->exchange_size;
	int code = rundir_create(vm->exchange_path, size, true);

	return code ? code : shared_open(&vm->exchange, vm->name, vm->exchange_path, size, first);
}

int vm_clone_exchange(struct vm *vm, const struct vm *parent, uint32_t lineage)
{
	int code = rundir_create(vm->exchange_path, vm->machine->exchange_size, true);

	return code ? code
		    : shared_open_clone(&vm->exchange, vm->name, vm->exchange_path,
					parent->exchange, lineage);
}

void vm_drop_exchange(struct vm *vm)
{
	if (vm->exchange)
		unlink(vm->exchange_path);
	shared_close(vm->exchange);
	vm->exchange = NULL;
}

/*
 * Sometimes QEMU's multi-threaded TCG lets a CPU execute the int3 that Linux writes while it
 * patches its own code (seen with 7.2 and 6.12). The lab is not at fault: boot again.
 */
static bool is_patching_race(const struct vm *vm)
{
	char text[16384];
	FILE *f = fopen(vm->console, "re");

	if (!f)
		return false;
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	return !strcmp(vm->machine->accel, "tcg") && strstr(text, "Oops: int3");
}

static int qemu_ended(struct vm *vm, int status)
{
	char words[2000], console[2000];
	/* Nobody else truncates the mapped file, so SIGBUS means that no space was left. */
	const char *no_space = WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS
				       ? ": no disk space was left for its RAM"
				       : "";

	vm->pid = 0;
	vm->killed = WIFSIGNALED(status) || WEXITSTATUS(status) == QEMU_MISSING;
	rundir_tail(vm->errors, words, sizeof(words));
	if (WIFEXITED(status) && WEXITSTATUS(status) == QEMU_MISSING)
		return qemu_missing(vm->machine, words);
	rundir_tail(vm->console, console, sizeof(console));
	if (WIFSIGNALED(status))
		return lab_fail(LAB_EXIT_ENVIRONMENT, "QEMU was killed by signal %d (%s)%s%s%s",
				WTERMSIG(status), strsignal(WTERMSIG(status)), no_space,
				*words ? "; it said:" : "", words);
	if (!WEXITSTATUS(status) && is_patching_race(vm))
		return LAB_EXIT_GUEST; /* vm_boot() prints the message */
	if (WEXITSTATUS(status))
		return lab_fail(LAB_EXIT_ENVIRONMENT, "QEMU ended with status %d; it said:%s",
				WEXITSTATUS(status), words);
	return lab_fail(LAB_EXIT_GUEST,
			"the guest (%s)%s stopped by itself; its console ended with:%s",
			vm->machine->kernel, watchdog_nor_kvm(vm->machine),
			*console ? console : " nothing");
}

static int guest_failed(const struct vm *vm)
{
	struct guest_words words;

	shared_words(vm->exchange, &words);
	char *end = words.log + strlen(words.log);

	/* The kernel gives the reason in its last five lines. */
	for (int lines = 0; end > words.log && lines < 6; lines += *end == '\n')
		end--;
	return lab_fail(LAB_EXIT_GUEST, "guest %s: %s\nits kernel's log ends with:%s",
			words.release, words.error, end);
}

/* Set *state to the guest's. */
static int look(struct vm *vm, enum lab_state *state)
{
	int status;

	if (lab_signal)
		return lab_interrupted();
	if (vm->pid && waitpid(vm->pid, &status, WNOHANG) == vm->pid)
		return qemu_ended(vm, status);
	int code = shared_state(vm->exchange, state);

	return !code && *state == LAB_FAILED ? guest_failed(vm) : code;
}

int vm_check(struct vm *vm)
{
	enum lab_state state;

	return look(vm, &state);
}

/* A QMP call that lost its QEMU: say how QEMU ended. */
static int explain(struct vm *vm, int code)
{
	if (code >= 0 || !vm->pid)
		return code;
	kill(vm->pid, SIGTERM);
	return qemu_ended(vm, qemu_reap(vm->pid));
}

static int boot_once(struct vm *vm)
{
	int code = explain(vm, process_start(vm, false));

	return code ? code : vm_wait(vm, LAB_READY);
}

int vm_boot(struct vm *vm)
{
	int code = LAB_EXIT_GUEST;

	for (int i = 0; i < BOOT_ATTEMPTS; i++) {
		code = boot_once(vm);
		if (code != LAB_EXIT_GUEST || vm->pid || !is_patching_race(vm))
			break;
		lab_note("the guest crashed in QEMU tcg's race with code patching (attempt %d of "
			 "%d)",
			 i + 1, BOOT_ATTEMPTS);
		vm_kill(vm);
		unlink(vm->ram);
		unlink(vm->ram_top);
		shared_restart(vm->exchange);
	}
	return code;
}

static int migrate_to(struct vm *vm, int fd)
{
	struct qmp *q = &vm->qmp;
	int code = qmp_call(q, "stop", NULL, -1);

	if (!code)
		code = qmp_call(q, "getfd", json_pack("{s:s}", "fdname", "snapshot"), fd);
	if (!code)
		code = qmp_call(q, "migrate", json_pack("{s:s}", "uri", "fd:snapshot"), -1);
	return code ? code : qmp_wait_migrated(q);
}

int vm_snapshot(struct vm *vm, const char *file, double *seconds, uint64_t *bytes)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	double begin = lab_now();
	struct stat st;

	if (fd < 0)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "cannot create %s: %s", file,
				strerror(errno));
	int code = migrate_to(vm, fd);

	*seconds = lab_now() - begin;
	if (!fstat(fd, &st))
		*bytes = (uint64_t)st.st_size;
	close(fd);
	return explain(vm, code);
}

/*
 * Let the second serial port interrupt, and forget what it received: the kernel disables a port
 * that is not open. Not the guest's part: within an emulated machine, QEMU 7.2's emulation refuses
 * the instruction to a process that has the port, once its KVM has set the registers.
 */
static int enable_bell(struct vm *vm)
{
	static const char *const lines[] = {"o /b 0x2fc 0xb", "o /b 0x2f9 1", "i /b 0x2f8"};
	int code = 0;

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines) && !code; i++)
		code = qmp_call(&vm->qmp, "human-monitor-command",
				json_pack("{s:s}", "command-line", lines[i]), -1);
	return code;
}

/* Notify the guest just before it runs, if QEMU's own device does not. */
static int ring_bell(struct vm *vm)
{
	const struct shape *s = vm->machine->firmware.shape;

	if (s && s->notify == NOTIFY_LINE)
		return qmp_call(&vm->qmp, "system_powerdown", NULL, -1);
	if (!s || s->notify != NOTIFY_GED)
		return 0;
	int code = enable_bell(vm);

	if (code)
		return code;
	int fd = open(vm->bell, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	bool rung = fd >= 0 && write(fd, "", 1) == 1;

	if (fd >= 0)
		close(fd);
	return rung ? 0
		    : lab_fail(LAB_EXIT_ENVIRONMENT, "cannot write to %s: %s", vm->bell,
			       strerror(errno));
}

int vm_restore(struct vm *vm, const char *file, double *seconds)
{
	double begin = lab_now();
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "cannot open %s: %s", file, strerror(errno));
	int code = explain(vm, process_start(vm, true));
	struct qmp *q = &vm->qmp;

	if (!code)
		code = qmp_call(q, "getfd", json_pack("{s:s}", "fdname", "snapshot"), fd);
	if (!code)
		code = qmp_call(q, "migrate-incoming", json_pack("{s:s}", "uri", "fd:snapshot"),
				-1);
	if (!code)
		code = qmp_wait_migrated(q);
	if (!code)
		code = ring_bell(vm);
	if (!code)
		code = qmp_call(q, "cont", NULL, -1);
	*seconds = lab_now() - begin;
	close(fd);
	return explain(vm, code);
}

int vm_stop(struct vm *vm)
{
	return explain(vm, qmp_call(&vm->qmp, "stop", NULL, -1));
}

int vm_continue(struct vm *vm)
{
	return explain(vm, qmp_call(&vm->qmp, "cont", NULL, -1));
}

int vm_wait(struct vm *vm, enum lab_state state)
{
	struct watchdog watchdog;
	enum lab_state now;
	int code = look(vm, &now);

	if (!code)
		watchdog_start(&watchdog, vm, now);
	/* The program may end before the lab sees it start. */
	while (!code && now != state && now != LAB_EXITED) {
		code = watchdog_check(&watchdog, vm, now);
		if (code)
			break;
		usleep(2000);
		code = look(vm, &now);
	}
	return code;
}

void vm_kill(struct vm *vm)
{
	if (vm->pid > 0) {
		kill(vm->pid, SIGKILL);
		qemu_reap(vm->pid);
	}
	vm->pid = 0;
	if (vm->qmp.fd >= 0)
		close(vm->qmp.fd);
	vm->qmp.fd = -1;
}

int vm_copy_ram(const struct vm *parent, const struct vm *clone)
{
	int code = rundir_copy(parent->ram, clone->ram);

	return code ? code : rundir_copy(parent->ram_top, clone->ram_top);
}

void vm_share_ram(const struct vm *parent, struct vm *clone)
{
	clone->shared_ram = false;
	memcpy(clone->ram, parent->ram, sizeof(clone->ram));
	memcpy(clone->ram_top, parent->ram_top, sizeof(clone->ram_top));
}

void vm_drop_ram(const struct vm *vm)
{
	unlink(vm->ram);
	unlink(vm->ram_top);
}

void vm_forget(struct vm *vm)
{
	vm_kill(vm);
	unlink(vm->bell);
	vm_drop_exchange(vm);
	if (vm->shared_ram)
		vm_drop_ram(vm);
}
