/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lab: a virtual machine is a QEMU process, files that are its RAM and one that is the memory
 * it shares with us. A clone maps its parent's RAM files privately.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab.h"

/* Above the report: the firmware keeps its tables and the initramfs at the top of RAM. */
#define TOP_MB 32u
#define BOOT_ATTEMPTS 3
#define ANSWER_SECONDS 60
/* What the kernel notes from its first second on is the sign that it lives; PID 1 ends that. */
#define CMDLINE                                                                                    \
	"earlyprintk=ttyS0,115200 console=ttyS0 loglevel=6 panic=-1 rdinit=/init no_timer_check "  \
	"audit=0 numa=off "                                                                        \
	"random.trust_cpu=off"

struct arguments {
	char *list[64];
	int count;
};

static void __attribute__((format(printf, 2, 3))) add(struct arguments *a, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (vasprintf(&a->list[a->count], format, args) >= 0)
		a->list[++a->count] = NULL;
	va_end(args);
}

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
	snprintf(vm->report_path, sizeof(vm->report_path), "%s/%s.report", directory, name);
	snprintf(vm->console, sizeof(vm->console), "%s/%s.console", directory, name);
	snprintf(vm->errors, sizeof(vm->errors), "%s/%s.qemu", directory, name);
	snprintf(vm->bell, sizeof(vm->bell), "%s/%s.bell", directory, name);
	vm_random_id(vm);
	if (m->firmware.shape)
		shape_new_id(m->firmware.shape, &vm->id);
	if (m->firmware.id)
		snprintf(vm->guid, sizeof(vm->guid), "%s", m->firmware.id);
}

int vm_create_report(struct vm *vm, const struct lab_report *first)
{
	int code = rundir_create(vm->report_path, vm->machine->report_size, true);

	if (code)
		return code;
	int fd = open(vm->report_path, O_RDWR | O_CLOEXEC);

	vm->report =
		mmap(NULL, vm->machine->report_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	if (vm->report == MAP_FAILED) {
		vm->report = NULL;
		return lab_fail(EXIT_ENVIRONMENT, "cannot map %s: %s", vm->report_path,
				strerror(errno));
	}
	*vm->report = *first;
	return 0;
}

/*
 * The report is a node of RAM, not an ivshmem device: with x-ignore-shared QEMU wants shared
 * memory at the same address before the migration as after, and a PCI BAR is not mapped yet.
 */
static void add_memory(struct arguments *a, unsigned int node, uint64_t mb, bool shared,
		       const char *path)
{
	add(a, "-object");
	add(a, "memory-backend-file,id=ram%u,size=%lluM,share=%s,mem-path=%s", node,
	    (unsigned long long)mb, shared ? "on" : "off", path);
	add(a, "-numa");
	add(a, "node,nodeid=%u,memdev=ram%u", node, node);
}

static bool is_high(const struct machine *m)
{
	return m->firmware.shape && m->firmware.shape->where == WHERE_HIGH;
}

uint64_t machine_report_address(const struct machine *m)
{
	return is_high(m) ? 1ull << 32 : (uint64_t)m->memory_mb << 20;
}

uint64_t machine_report_size(const struct machine *m)
{
	return m->report_size - (m->firmware.shape ? PAGE_BLOCK : 0);
}

/* QEMU's own device is also what raises the event with which some shapes tell the guest. */
static bool wants_vmgenid(const struct firmware *f)
{
	return !f->no_vmgenid && (!f->shape || f->shape->news == NEWS_GPE);
}

static void add_shape(struct arguments *a, const struct vm *vm)
{
	const struct firmware *f = &vm->machine->firmware;

	if (f->shape->where == WHERE_HOLE) {
		add(a, "-object");
		add(a, "memory-backend-file,id=hole,size=4K,share=off,mem-path=%s", f->page_file);
		add(a, "-device");
		add(a, "ivshmem-plain,memdev=hole,master=on");
	}
	if (f->shape->where == WHERE_ROM) {
		add(a, "-bios");
		add(a, "%s", f->page_file);
	}
	if (f->shape->news == NEWS_GED) {
		add(a, "-chardev");
		add(a, "pipe,id=bell,path=%s", vm->bell);
		add(a, "-serial");
		add(a, "chardev:bell");
	}
}

static void add_firmware(struct arguments *a, const struct vm *vm)
{
	const struct firmware *f = &vm->machine->firmware;

	if (wants_vmgenid(f)) {
		add(a, "-device");
		add(a, "vmgenid,guid=%s", vm->guid);
	}
	if (f->table) {
		add(a, "-acpitable");
		add(a, "file=%s", f->table);
	}
}

/* The page of a shape is reserved with the report, or made ACPI NVS. */
static void add_command_line(struct arguments *a, const struct machine *m)
{
	const struct shape *s = m->firmware.shape;
	unsigned long long address = machine_report_address(m), size = machine_report_size(m);
	char page[200] = "";

	if (s)
		snprintf(page, sizeof(page), " 8250.nr_uarts=1 memmap=%u%c0x%llx%s", PAGE_BLOCK,
			 s->where == WHERE_NVS ? '%' : '$', address + size,
			 s->where == WHERE_NVS ? "-1+4" : "");
	add(a, CMDLINE " memmap=%llu$0x%llx lab_report=%llx,%llx%s %s", size, address, address,
	    size, page, m->append);
}

static void build_arguments(const struct vm *vm, struct arguments *a, int qmp, bool incoming)
{
	const struct machine *m = vm->machine;

	add(a, QEMU);
	add(a, "-nodefaults");
	add(a, "-no-user-config");
	add(a, "-no-reboot");
	add(a, "-display");
	add(a, "none");
	add(a, "-machine");
	if (is_high(m))
		add(a, "pc,usb=off,vmport=off,max-ram-below-4g=%uM", m->memory_mb);
	else
		add(a, "pc,usb=off,vmport=off");
	add(a, "-accel");
	if (!strcmp(m->accel, "kvm"))
		add(a, "kvm");
	else
		add(a, "tcg,thread=%s", m->tcg_single ? "single" : "multi");
	add(a, "-cpu");
	add(a, "max%s", m->rdrand ? "" : ",-rdrand,-rdseed");
	add(a, "-smp");
	add(a, "%u", m->cpus);
	add(a, "-m");
	add(a, "%lluM",
	    m->memory_mb + TOP_MB + m->initramfs_mb + (unsigned long long)(m->report_size >> 20));
	add_memory(a, 0, m->memory_mb, vm->shared_ram, vm->ram);
	add_memory(a, 1, m->report_size >> 20, true, vm->report_path);
	add_memory(a, 2, TOP_MB + m->initramfs_mb, vm->shared_ram, vm->ram_top);
	add_firmware(a, vm);
	add(a, "-chardev");
	add(a, "file,id=console,path=%s", vm->console);
	add(a, "-serial");
	add(a, "chardev:console");
	if (m->firmware.shape)
		add_shape(a, vm);
	add(a, "-chardev");
	add(a, "socket,id=qmp,fd=%d", qmp);
	add(a, "-mon");
	add(a, "chardev=qmp,mode=control");
	add(a, "-kernel");
	add(a, "%s", m->image);
	if (m->initramfs) {
		add(a, "-initrd");
		add(a, "%s", m->initramfs);
		add(a, "-append");
		add_command_line(a, m);
	}
	if (!incoming)
		return;
	add(a, "-S");
	add(a, "-incoming");
	add(a, "defer");
}

void qemu_exec(char *const argv[])
{
	execvp(argv[0], argv);
	dprintf(STDERR_FILENO, "%s\n", strerror(errno));
	_exit(QEMU_MISSING);
}

/* The dynamic loader ends with the same status, in words of its own. */
int qemu_missing(const char *words)
{
	return lab_fail(EXIT_ENVIRONMENT,
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

/* In the child. It dies with the lab, and a Ctrl-C at the terminal is the lab's to handle. */
static void exec_qemu(const struct vm *vm, int qmp, bool incoming, pid_t lab)
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
	build_arguments(vm, &a, qmp, incoming);
	qemu_exec(a.list);
}

/*
 * QEMU's multi-threaded TCG at times lets a CPU run into the int3 that Linux puts in place while
 * it patches its own code (seen with 7.2 and 6.12). Nothing of ours is wrong then: boot again.
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

static int gone(struct vm *vm, int status)
{
	char words[2000], console[2000];
	/* What else could be wrong with a mapped file that only we know? */
	const char *no_space = WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS
				       ? ": no disk space was left for its RAM"
				       : "";

	vm->pid = 0;
	vm->killed = WIFSIGNALED(status) || WEXITSTATUS(status) == QEMU_MISSING;
	rundir_tail(vm->errors, words, sizeof(words));
	if (WIFEXITED(status) && WEXITSTATUS(status) == QEMU_MISSING)
		return qemu_missing(words);
	rundir_tail(vm->console, console, sizeof(console));
	if (WIFSIGNALED(status))
		return lab_fail(EXIT_ENVIRONMENT, "QEMU was killed by signal %d (%s)%s%s%s",
				WTERMSIG(status), strsignal(WTERMSIG(status)), no_space,
				*words ? "; it said:" : "", words);
	if (!WEXITSTATUS(status) && is_patching_race(vm))
		return EXIT_GUEST; /* vm_boot() says so */
	if (WEXITSTATUS(status))
		return lab_fail(EXIT_ENVIRONMENT, "QEMU ended with status %d; it said:%s",
				WEXITSTATUS(status), words);
	return lab_fail(EXIT_GUEST, "the guest (%s)%s stopped by itself; its console ended with:%s",
			vm->machine->kernel, alive_nor_kvm(vm->machine), *console ? console : " nothing");
}

static int guest_failed(const struct vm *vm)
{
	char log[LAB_LOG_SIZE];
	char *end = log;

	memcpy(log, vm->report->log, sizeof(log));
	log[sizeof(log) - 1] = '\0';
	/* The last five lines are where the kernel says why. */
	end += strlen(log);
	for (int lines = 0; end > log && lines < 6; lines += *end == '\n')
		end--;
	return lab_fail(EXIT_GUEST, "guest %s: %.*s\nits kernel's log ends with:%s",
			vm->report->release, (int)sizeof(vm->report->error) - 1, vm->report->error,
			end);
}

int vm_check(struct vm *vm)
{
	int status;

	if (lab_signal)
		return lab_interrupted();
	if (vm->pid && waitpid(vm->pid, &status, WNOHANG) == vm->pid)
		return gone(vm, status);
	if (__atomic_load_n(&vm->report->state, __ATOMIC_ACQUIRE) == LAB_FAILED)
		return guest_failed(vm);
	return 0;
}

/* A QMP call that lost its QEMU: say what became of that. */
static int explain(struct vm *vm, int code)
{
	if (code >= 0 || !vm->pid)
		return code;
	kill(vm->pid, SIGTERM);
	return gone(vm, qemu_reap(vm->pid));
}

static int start(struct vm *vm, bool incoming)
{
	int pair[2];
	pid_t lab = getpid();

	if (vm->machine->firmware.shape && mkfifo(vm->bell, 0600) && errno != EEXIST)
		return lab_fail(EXIT_ENVIRONMENT, "cannot make %s: %s", vm->bell, strerror(errno));
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return lab_fail(EXIT_ENVIRONMENT, "socketpair: %s", strerror(errno));
	vm->started = lab_now();
	vm->pid = fork();
	if (!vm->pid)
		exec_qemu(vm, pair[1], incoming, lab);
	close(pair[1]);
	vm->qmp.fd = pair[0];
	if (vm->pid < 0) {
		vm->pid = 0;
		return lab_fail(EXIT_ENVIRONMENT, "fork: %s", strerror(errno));
	}
	int code = qmp_greet(&vm->qmp);

	if (!code)
		code = qmp_call(&vm->qmp, "migrate-set-capabilities",
				json_pack("{s:[{s:s,s:b},{s:s,s:b}]}", "capabilities", "capability",
					  "x-ignore-shared", "state", 1, "capability", "events",
					  "state", 1),
				-1);
	return explain(vm, code);
}

static int boot_once(struct vm *vm)
{
	int code = start(vm, false);

	return code ? code : vm_wait(vm, LAB_READY);
}

int vm_boot(struct vm *vm)
{
	struct lab_report *first = malloc(sizeof(*first));
	int code = EXIT_GUEST;

	if (!first)
		return lab_fail(EXIT_ENVIRONMENT, "no memory");
	*first = *vm->report;
	for (int i = 0; i < BOOT_ATTEMPTS; i++) {
		code = boot_once(vm);
		if (code != EXIT_GUEST || vm->pid || !is_patching_race(vm))
			break;
		lab_note(
			"the guest fell over QEMU tcg's race with code patching (attempt %d of %d)",
			i + 1, BOOT_ATTEMPTS);
		vm_kill(vm);
		unlink(vm->ram);
		unlink(vm->ram_top);
		*vm->report = *first;
	}
	free(first);
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
		return lab_fail(EXIT_ENVIRONMENT, "cannot create %s: %s", file, strerror(errno));
	int code = migrate_to(vm, fd);

	*seconds = lab_now() - begin;
	if (!fstat(fd, &st))
		*bytes = (uint64_t)st.st_size;
	close(fd);
	return explain(vm, code);
}

int vm_restore(struct vm *vm, const char *file, double *seconds)
{
	double begin = lab_now();
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return lab_fail(EXIT_ENVIRONMENT, "cannot open %s: %s", file, strerror(errno));
	int code = start(vm, true);
	struct qmp *q = &vm->qmp;

	if (!code)
		code = qmp_call(q, "getfd", json_pack("{s:s}", "fdname", "snapshot"), fd);
	if (!code)
		code = qmp_call(q, "migrate-incoming", json_pack("{s:s}", "uri", "fd:snapshot"),
				-1);
	if (!code)
		code = qmp_wait_migrated(q);
	if (!code)
		code = idpage_ring(vm);
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
	struct alive alive;

	alive_begin(&alive, vm);
	for (;;) {
		uint32_t now = __atomic_load_n(&vm->report->state, __ATOMIC_ACQUIRE);

		/* A program may have ended before we saw it start. */
		if (now == state || now == LAB_EXITED)
			return 0;
		int code = vm_check(vm);

		if (!code)
			code = alive_check(&alive, vm);
		if (code)
			return code;
		usleep(2000);
	}
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

void vm_keep_report(const struct vm *vm, uint64_t size)
{
	if (vm->report && truncate(vm->report_path, (off_t)size))
		lab_note("cannot shorten %s: %s", vm->report_path, strerror(errno));
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
	if (vm->report) {
		munmap(vm->report, vm->machine->report_size);
		unlink(vm->report_path);
	}
	if (vm->shared_ram)
		vm_drop_ram(vm);
	vm->report = NULL;
}
