/* SPDX-License-Identifier: BSD-2-Clause */
/* test/vm: getrandom in the vDSO enters the kernel while the module is loaded, and only then. A
 * seccomp filter that denies the system call tells whether a draw did. */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/syscall.h>

#include "check.h"
#include "guest.h"
#include "guest/linux/vdso.h"
#include "rawid.h"

#define ONLY_SYNC "look_ms=0 notify=0 "
#define DENIED ENOTUNIQ
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

static void deny_getrandom(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getrandom, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | DENIED),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(3);
}

/* The child's exit code: 0 it drew without the kernel, 1 each draw entered it, 2 neither. */
static void draws_alone(void)
{
	int entered = 0, alone = 0;
	uint8_t value[16];
	ssize_t n;
	void *state = vdso_state();

	if (!state)
		_exit(3);
	/* The state has a key by then, as that of a program that has run for a while. */
	vdso_draw(value, sizeof(value), state);
	deny_getrandom();
	for (int i = 0; i < 1000; i++) {
		n = vdso_draw(value, sizeof(value), state);
		alone += n == sizeof(value);
		entered += n == -DENIED;
	}
	_exit(alone == 1000 ? 0 : entered == 1000 ? 1 : 2);
}

#define ALONE 0
#define ENTERS 1

static int how(void)
{
	return in_child(draws_alone);
}

static uint32_t flags_of_page(void)
{
	int fd = open(NODE, O_RDONLY | O_CLOEXEC);
	const volatile struct vmgenc_page *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	uint32_t flags = p->flags;

	munmap((void *)p, 4096);
	close(fd);
	return flags;
}

/* Fails if this shows nothing: without the module a draw does not enter the kernel. */
static void open_without_the_module(void)
{
	CHECK(module_unload("vmgenc") == 0 || errno == ENOENT);
	CHECK(how() == ALONE);
}

/* Fails if it stays open, opens by a reseed, or does not open again. */
static void closed_while_loaded(void)
{
	struct vmgenc_event event;

	for (int cycle = 0; cycle < 3; cycle++) {
		CHECK(module_load(MODULE_FILE, ONLY_SYNC) == 0);
		CHECK(how() == ENTERS);
		CHECK(!(flags_of_page() & VMGENC_LACKS_VDSO));
		for (int i = 0; i < 3; i++) {
			rawid_change();
			CHECK(node_sync(&event));
			CHECK(how() == ENTERS);
		}
		CHECK(module_unload("vmgenc") == 0);
		CHECK(how() == ALONE);
	}
}

static void draws_in_time_namespace(void)
{
	pid_t pid;

	if (unshare(CLONE_NEWTIME))
		_exit(4);
	pid = fork();
	if (pid == 0)
		draws_alone();
	_exit(child_end(pid));
}

/* Fails if a time namespace, which has a page of its own beside the vDSO, has other data. */
static void time_namespaces_are_closed(void)
{
	CHECK(in_child(draws_in_time_namespace) == ALONE);
	CHECK(module_reload(ONLY_SYNC) == 0);
	CHECK(in_child(draws_in_time_namespace) == ENTERS);
}

/* Fails if vdso=1 closes it, or keeps quiet about it. */
static void open_on_demand(void)
{
	CHECK(module_reload(ONLY_SYNC "vdso=1") == 0);
	CHECK(how() == ALONE);
	CHECK(flags_of_page() & VMGENC_LACKS_VDSO);
}

/* Fails if an interrupt does not look while the vDSO is open. Nothing else looks without a draw. */
static void interrupts_look(void)
{
	const volatile struct vmgenc_page *p;
	int fd;

	CHECK(module_reload(ONLY_SYNC "vdso=1 draws=0") == 0);
	fd = open(NODE, O_RDONLY | O_CLOEXEC);
	p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	for (uint64_t i = 2; i < 5; i++) {
		rawid_change();
		for (int tries = 0; tries < PATIENCE_S * 100 && p->settled < i; tries++)
			usleep(10000);
		CHECK(p->settled == i);
	}
	munmap((void *)p, 4096);
}

static void bad_value_is_refused(void)
{
	int log = log_open();

	CHECK(module_unload("vmgenc") == 0 || errno == ENOENT);
	CHECK_ERRNO(module_load(MODULE_FILE, "vdso=2"), EINVAL);
	CHECK(log_has(log, "vmgenc: parameter vdso is 2: it takes 0 (closed) or 1 (open)"));
	close(log);
}

int main(void)
{
	rawid_page();
	RUN(bad_value_is_refused);
	if (!vdso_find()) {
		printf("# no getrandom in the vDSO of this kernel\n");
		return check_result();
	}
	RUN(open_without_the_module);
	RUN(closed_while_loaded);
	RUN(time_namespaces_are_closed);
	RUN(open_on_demand);
	RUN(interrupts_look);
	return check_result();
}
