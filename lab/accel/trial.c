/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/accel: boots a kernel under kvm until the guest's PID 1 reports. With incomplete nested
 * virtualization, /dev/kvm opens and executes some instructions but does not run a kernel.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "accel.h"
#include "boot/boot.h"
#include "host/host.h"
#include "vm/vm.h"

/* Nested kvm on a cold host takes 5 to 20 s to the first sign of life. See watchdog.c for later. */
#define SILENCE_SECONDS 20
#define MEMORY_MB 256
#define EXCHANGE_SIZE (1 << 20)

static int create_exchange(struct vm *vm)
{
	struct lab_exchange *first = calloc(1, sizeof(*first));

	if (!first)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "no memory");
	first->magic = LAB_EXCHANGE_MAGIC;
	first->version = LAB_EXCHANGE_VERSION;
	first->mode = LAB_MODE_PROVE;
	first->cpus = vm->machine->cpus;
	first->draws = 1;
	first->records = LAB_CLOCK_OFFSET + LAB_CLOCK_SIZE;
	if (getrandom(first->seed, sizeof(first->seed), 0) < 0)
		lab_note("the host has no random numbers for the guest's seed");
	int code = vm_create_exchange(vm, first);

	free(first);
	return code;
}

/* Join the lines of text. */
static void join_lines(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		bool gap = *from == '\n' || *from == ' ';

		if (!gap)
			*to++ = *from;
		else if (to > text && to[-1] != ' ')
			*to++ = ' ';
	}
	*to = '\0';
}

static int boot(struct vm *vm, struct accel_verdict *v)
{
	vm->qmp.patience = SILENCE_SECONDS;
	lab_capture(v->why, sizeof(v->why));
	int code = vm_boot(vm);

	lab_capture(NULL, 0);
	join_lines(v->why);
	v->tried = true;
	v->runs = !code;
	v->lasting = !vm->killed;
	return lab_interrupted();
}

static int try_in(const char *directory, const struct accel_kernel *kernel, struct accel_verdict *v)
{
	const struct boot_file init = {.name = "init", .mode = 0100755};
	struct machine m = {.kernel = kernel->path,
			    .accel = "kvm",
			    .append = "",
			    .cpus = 2,
			    .memory_mb = MEMORY_MB,
			    .timeout = SILENCE_SECONDS,
			    .trial = true,
			    .exchange_size = EXCHANGE_SIZE};
	struct boot_source from = {.freebsd = kernel->freebsd,
				   .kernel = kernel->path,
				   .append = "",
				   .module_args = "",
				   .exchange = machine_exchange_address(&m),
				   .exchange_size = machine_exchange_size(&m),
				   .files = &init,
				   .file_count = 1};
	struct boot_files disk = {.kernel = NULL};
	struct vm vm;

	vm_init(&vm, &m, directory, "kvm");
	int code = boot_write(&disk, directory, &from);

	m.image = disk.kernel;
	m.initramfs = disk.initramfs;
	if (!code)
		code = create_exchange(&vm);
	if (!code)
		code = boot(&vm, v);
	vm_forget(&vm);
	return code;
}

int accel_try(const struct accel_kernel *kernel, struct accel_verdict *v)
{
	struct rundir dir;
	int code = rundir_open(&dir, ((uint64_t)MEMORY_MB << 20) + EXCHANGE_SIZE + (64 << 20));

	if (code)
		return code;
	lab_progress("booting %s once under kvm", kernel->path);
	code = try_in(dir.path, kernel, v);
	rundir_close(&dir, false);
	lab_progress("%s", "");
	return code;
}
