/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab: the command "run", which tests of the device use.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "accel/accel.h"
#include "boot/boot.h"
#include "exchange.h"
#include "host/host.h"
#include "hypervisor/hypervisor.h"
#include "run.h"
#include "shared/shared.h"
#include "vm/vm.h"

#define EXCHANGE_SIZE (1 << 20)
#define RING_SIZE (1 << 19)
#define MAX_MB 3500 /* the exchange must be below the hole under 4 GiB */

static int first_exchange(const struct run_options *o, struct lab_exchange *r)
{
	size_t used = 0;

	memset(r, 0, sizeof(*r));
	r->magic = LAB_EXCHANGE_MAGIC;
	r->version = LAB_EXCHANGE_VERSION;
	r->mode = LAB_MODE_RUN;
	r->cpus = o->cpus;
	r->records = (sizeof(*r) + 63) & ~63ull;
	r->stream_size = RING_SIZE;
	r->load_module = o->module && !o->no_load;
	snprintf(r->module_args, sizeof(r->module_args), "%s", o->module_args);
	if (getrandom(r->seed, sizeof(r->seed), 0) < 0)
		lab_note("the host has no random numbers for the guest's seed");
	for (int i = 0; i < o->argc; i++) {
		const char *argument = i ? o->argv[i] : "/program";
		size_t size = strlen(argument) + 1;

		if (used + size > sizeof(r->args) || i >= LAB_MAX_ARGS)
			return lab_fail(LAB_EXIT_USAGE, "too many arguments for the program");
		memcpy(r->args + used, argument, size);
		used += size;
	}
	r->argc = (uint32_t)o->argc;
	return 0;
}

/* Copy no more than the ring has, so that a guest that never stops writing ends with a signal. */
static int drain(struct vm *vm, struct output *out)
{
	static char bytes[65536];
	size_t got = 1;
	int code = 0;

	for (size_t all = 0; !code && got && all < RING_SIZE; all += got) {
		code = shared_stream(vm->exchange, bytes, sizeof(bytes), &got);
		if (!code)
			code = output_write(out, bytes, got);
	}
	return code;
}

static int follow(struct vm *vm, int *status)
{
	struct output out;
	enum lab_state state = LAB_READY;
	int code = 0;

	output_begin(&out, STDOUT_FILENO);
	while (!code && state != LAB_EXITED) {
		code = vm_check(vm);
		if (!code)
			code = shared_state(vm->exchange, &state);
		if (!code)
			code = drain(vm, &out);
		if (!code && state != LAB_EXITED)
			usleep(2000);
	}
	*status = shared_status(vm->exchange);
	return code ? code : output_end(&out);
}

/* The size of a tree in the initramfs. Unpacked, it takes as much again. */
static unsigned int tree_mb(const struct run_options *o)
{
	return o->tree ? (unsigned int)(directory_size(o->tree) >> 20) + 1 : 0;
}

static unsigned int memory_mb(const struct run_options *o)
{
	return o->memory_mb + 2 * tree_mb(o);
}

static int check_tree(const struct run_options *o)
{
	struct stat st;

	if (o->tree && (stat(o->tree, &st) || !S_ISDIR(st.st_mode)))
		return lab_fail(LAB_EXIT_USAGE, "--tree takes a directory, not %s", o->tree);
	if (memory_mb(o) + tree_mb(o) <= MAX_MB)
		return 0;
	return lab_fail(LAB_EXIT_USAGE,
			"--memory plus three times the size of --tree is %u MiB; a guest has at "
			"most %u MiB",
			memory_mb(o) + tree_mb(o), MAX_MB);
}

static int boot(struct vm *vm, int *status)
{
	int code = vm_boot(vm);

	return code ? code : follow(vm, status);
}

static int run_in(const struct run_options *o, const char *directory, const char *accel,
		  bool kvm_failed, int *status)
{
	struct boot_files disk = {.kernel = NULL};
	struct machine m = {.kernel = o->kernel,
			    .accel = accel,
			    .cpu = o->cpu,
			    .cpus = o->cpus,
			    .arm64 = o->arm64,
			    .memory_mb = memory_mb(o),
			    .initramfs_mb = tree_mb(o),
			    .rdrand = o->rdrand,
			    .q35 = o->q35,
			    .tcg_single = o->tcg_single,
			    .append = o->append,
			    .timeout = o->timeout,
			    .kvm_failed = kvm_failed,
			    .exchange_size = EXCHANGE_SIZE,
			    .firmware = o->firmware};
	m.firmware.shape = o->arm64 ? &shape_tree : NULL;
	struct boot_source from = {.freebsd = o->freebsd,
				   .kernel = o->kernel,
				   .append = o->append,
				   .module_args = o->module_args,
				   .exchange = machine_exchange_address(&m),
				   .exchange_size = machine_exchange_size(&m),
				   .files = o->files,
				   .file_count = o->file_count};
	struct lab_exchange *first = malloc(sizeof(*first));
	struct vm vm;

	vm_init(&vm, &m, directory, "run");
	int code = first ? first_exchange(o, first) : lab_fail(LAB_EXIT_ENVIRONMENT, "no memory");

	if (!code && o->arm64)
		code = idpage_prepare("", &m, directory);
	if (!code)
		code = boot_write(&disk, directory, &from);
	m.image = disk.kernel;
	m.initramfs = disk.initramfs;
	if (!code && o->tree)
		code = directory_append(disk.initramfs, o->tree);
	if (!code)
		code = vm_create_exchange(&vm, first);
	free(first);
	if (!code && o->arm64)
		code = idpage_write(&vm);
	if (!code)
		code = boot(&vm, status);
	vm_forget(&vm);
	return code;
}

int run_program(const struct run_options *o)
{
	const struct accel_kernel kernel = {
		.path = o->kernel, .freebsd = o->freebsd, .arm64 = o->arm64};
	const char *accel;
	bool kvm_failed = false;
	struct rundir dir;
	int status = 0;
	int code = check_tree(o);

	if (!code)
		code = accel_choose(o->accel, &kernel, &accel, &kvm_failed);
	if (!code)
		code = rundir_open(&dir, ((uint64_t)(memory_mb(o) + 2 * tree_mb(o)) << 20) +
						 EXCHANGE_SIZE + (16 << 20));
	if (code)
		return lab_signal ? code : LAB_EXIT_RUN;
	code = run_in(o, dir.path, accel, kvm_failed, &status);
	rundir_close(&dir, o->keep);
	if (code)
		return lab_signal ? code : LAB_EXIT_RUN;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
