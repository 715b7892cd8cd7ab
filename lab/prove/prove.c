/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/prove: the experiment. Boot a guest, let it draw, take a snapshot, resume it in several
 * clones and compare what they draw. Each generator has a turn of its own, because a guarded
 * program's sync rekeys the kernel for all.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "accel/accel.h"
#include "boot/boot.h"
#include "experiment.h"
#include "host/host.h"
#include "hypervisor/hypervisor.h"

/* QEMU takes whole MiB. */
static uint64_t exchange_size(const struct prove_options *o)
{
	uint64_t want = exchange_used(o) + (o->shape ? PAGE_BLOCK : 0);

	return (want + (1 << 20) - 1) >> 20 << 20;
}

static uint64_t space_needed(const struct prove_options *o, const struct machine *m)
{
	uint64_t ram = (uint64_t)(m->memory_mb + 2 * m->initramfs_mb) << 20;

	uint64_t at_once = o->at_once < o->clones ? o->at_once : o->clones;

	/* A parent's RAM is kept until its clones have drawn, at any depth. */
	return (96 << 20) + ram * (o->depth < 3 ? o->depth : 3) + m->exchange_size * (3 + at_once) +
	       (64 << 20);
}

static void first_exchange(const struct experiment *e, struct lab_exchange *r)
{
	const struct prove_options *o = e->options;

	memset(r, 0, sizeof(*r));
	r->magic = LAB_EXCHANGE_MAGIC;
	r->version = LAB_EXCHANGE_VERSION;
	r->mode = LAB_MODE_PROVE;
	r->cpus = o->cpus;
	r->draws = o->draws;
	r->nanoseconds = (uint64_t)(o->seconds * 1e9);
	r->interval = (uint64_t)(o->interval * 1e6);
	r->records = RECORDS;
	r->load_module = o->guests[e->guest].module != NULL;
	r->vmclock = o->vmclock != NULL;
	if (getrandom(r->seed, sizeof(r->seed), 0) < 0)
		lab_note("the host has no random numbers for the guest's seed");
	snprintf(r->module_args, sizeof(r->module_args), "%s", o->module_args);
	r->may_refuse = o->shape && !e->machine.arm64;
	r->id_address = o->shape ? machine_id_address(&e->machine) : 0;
	r->hole = o->shape && o->shape->where == WHERE_HOLE ? HOLE_ADDRESS : 0;
}

static int compare(struct experiment *e, struct result *r)
{
	struct draws *draws = calloc(e->clone_count, sizeof(*draws));

	if (!draws)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "no memory");
	for (size_t i = 0; i < e->clone_count; i++)
		draws[i] = e->reported[i].draws;
	int code = compare_clones(draws, e->clone_count, &r->found, r->drawn);

	free(draws);
	return code;
}

static void forget_clones(struct experiment *e)
{
	for (size_t i = 0; i < e->clone_count; i++) {
		vm_forget(&e->clones[i]);
		draws_free(&e->reported[i].draws);
		e->reported[i].taken = false;
	}
	e->clone_count = 0;
}

static int command(struct vm *vm, enum lab_command c, enum lab_state then)
{
	shared_set_command(vm->exchange, c);
	return vm_wait(vm, then);
}

static int try_generator(struct experiment *e, struct vm *source, struct result *r)
{
	shared_set_generator(source->exchange, r->generator);
	int code = command(source, LAB_DRAW, LAB_DRAWING);
	double begin = lab_now();

	if (!code)
		code = clone_all(e, source, r);
	if (!code)
		code = compare(e, r);
	r->seconds = lab_now() - begin;
	forget_clones(e);
	if (!code)
		code = vm_continue(source);
	return code ? code : command(source, LAB_IDLE, LAB_READY);
}

static struct result *new_result(struct experiment *e, enum lab_generator g, bool possible)
{
	struct result *r = &e->results->list[e->results->count++];

	r->guest = e->guest;
	r->run = e->run;
	r->generator = g;
	r->possible = possible;
	r->clones = calloc((size_t)e->options->clones * e->options->depth, sizeof(*r->clones));
	r->drawn = calloc((size_t)e->options->clones * e->options->depth, sizeof(*r->drawn));
	return r;
}

static bool system_has(enum lab_generator g, bool freebsd)
{
	enum lab_system only = generator_table[g].system;

	return only == LAB_SYSTEM_ANY || (only == LAB_SYSTEM_FREEBSD) == freebsd;
}

static int try_guest(struct experiment *e, struct vm *source)
{
	const struct prove_options *o = e->options;
	struct guest *guest = &o->guests[e->guest];
	struct guest_report report;
	int code = vm_boot(source);

	if (!code)
		code = shared_report(source->exchange, &report);
	if (!code && o->built_in && !guest->compare && !report.device)
		code = lab_fail(LAB_EXIT_GUEST, "the kernel %s has no vmgenc, or it has no device",
				guest->kernel);
	if (!code)
		memcpy(guest->release, report.release, sizeof(guest->release));
	for (int g = 0; g < LAB_GENERATORS && !code; g++) {
		if (!o->generators[g] || !system_has((enum lab_generator)g, guest->freebsd))
			continue;
		bool possible = report.generators & 1u << g;
		struct result *r = new_result(e, (enum lab_generator)g, possible);

		if (!r->clones || !r->drawn)
			return lab_fail(LAB_EXIT_ENVIRONMENT, "no memory");
		lab_progress("run %u of %u, %s: cloning while %s draws", e->run + 1, o->runs,
			     guest->label, generator_table[g].name);
		if (possible)
			code = try_generator(e, source, r);
	}
	return code;
}

static void add_file(struct boot_file *files, size_t *count, const char *path, const char *name)
{
	if (path)
		files[(*count)++] =
			(struct boot_file){.host_path = path, .name = name, .mode = 0100644};
}

static int boot_and_try(struct experiment *e)
{
	const struct guest *guest = &e->options->guests[e->guest];
	struct boot_file files[6] = {{.host_path = guest->arm64 ? e->options->init : NULL,
				      .name = "init",
				      .mode = 0100755}};
	struct boot_source from = {.freebsd = guest->freebsd,
				   .kernel = guest->kernel,
				   .append = e->options->append,
				   .module_args = e->options->module_args,
				   .exchange = machine_exchange_address(&e->machine),
				   .exchange_size = machine_exchange_size(&e->machine),
				   .files = files,
				   .file_count = 1};
	struct boot_files disk = {.kernel = NULL};
	struct lab_exchange *first = malloc(sizeof(*first));
	struct vm source;

	if (!first)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "no memory");
	add_file(files, &from.file_count, guest->module, "vmgenc.ko");
	add_file(files, &from.file_count, guest->companion, "companion.ko");
	add_file(files, &from.file_count, e->options->vmclock, "vmclock.ko");
	if (guest->freebsd)
		add_file(files, &from.file_count, e->options->arc4rand, "arc4rand.ko");
	e->machine.kernel = guest->kernel;
	vm_init(&source, &e->machine, e->directory, "source");
	first_exchange(e, first);
	if (e->options->shape && !guest->arm64)
		add_file(files, &from.file_count, e->machine.firmware.placed,
			 "kernel/firmware/acpi/vmgenc.aml");
	int code = boot_write(&disk, e->directory, &from);

	e->machine.image = disk.kernel;
	e->machine.initramfs = disk.initramfs;
	if (!code)
		code = probe_append(e->options, disk.files);
	if (!code)
		code = vm_create_exchange(&source, first);
	if (!code && e->options->shape)
		code = idpage_write(&source);
	if (!code && e->options->vmclock)
		vmclock_first(&source);
	free(first);
	lab_progress("run %u of %u, %s: booting", e->run + 1, e->options->runs, guest->label);
	if (!code)
		code = try_guest(e, &source);
	forget_clones(e);
	vm_forget(&source);
	unlink(source.console);
	boot_remove(&disk);
	return code;
}

static int try_all(struct experiment *e)
{
	int code = 0;

	for (e->run = 0; e->run < e->options->runs && !code; e->run++) {
		for (e->guest = 0; e->guest < e->options->guest_count && !code; e->guest++)
			code = boot_and_try(e);
	}
	return code;
}

/* Fail now, not at the end of long work or in every guest. */
static int check_files(const struct prove_options *o)
{
	for (size_t i = 0; i < o->guest_count; i++) {
		const char *module = o->guests[i].module;

		if (module && access(module, R_OK))
			return lab_fail(LAB_EXIT_ENVIRONMENT, "cannot read the module %s: %s",
					module, strerror(errno));
	}
	if (o->vmclock && access(o->vmclock, R_OK))
		return lab_fail(LAB_EXIT_ENVIRONMENT, "cannot read the module %s: %s", o->vmclock,
				strerror(errno));
	return o->json ? json_check(o->json) : 0;
}

/* All guests run with the same accelerator: kvm only if it runs all their kernels. */
static int choose_accel(const struct prove_options *o, struct machine *m)
{
	int code = 0;

	m->accel = "kvm";
	for (size_t i = 0; i < o->guest_count && !code && strcmp(m->accel, "tcg"); i++) {
		struct accel_kernel kernel = {.path = o->guests[i].kernel,
					      .freebsd = o->guests[i].freebsd,
					      .arm64 = o->guests[i].arm64};

		code = accel_choose(o->accel, &kernel, &m->accel, &m->kvm_failed);
	}
	return code;
}

static int prove_in(const struct prove_options *o, struct experiment *e)
{
	struct rundir dir;
	int code = check_files(o);

	if (!code)
		code = choose_accel(o, &e->machine);
	e->results->accel = e->machine.accel;
	if (code)
		return code;
	code = rundir_open(&dir, space_needed(o, &e->machine));
	if (code)
		return code;
	e->directory = dir.path;
	if (o->shape)
		code = idpage_prepare(o->tables, &e->machine, e->directory);
	if (!code)
		code = try_all(e);
	rundir_close(&dir, o->keep);
	lab_progress("%s", "");
	return code;
}

void results_free(struct results *all)
{
	for (size_t i = 0; i < all->count; i++) {
		for (size_t j = 0; j < all->list[i].clone_count; j++)
			free(all->list[i].drawn[j].strip);
		free(all->list[i].clones);
		free(all->list[i].drawn);
	}
	free(all->list);
}

int prove_quietly(const struct prove_options *o, struct results *all)
{
	struct experiment e = {
		.options = o,
		.results = all,
		.machine = {.firmware = {.shape = o->shape, .no_vmgenid = o->vmclock != NULL},
			    .cpus = o->cpus,
			    .arm64 = o->guests[0].arm64,
			    .rdrand = o->rdrand,
			    .q35 = o->q35,
			    .tcg_single = o->tcg_single,
			    .append = o->append,
			    .timeout = o->timeout + o->seconds,
			    .exchange_size = exchange_size(o)}};
	int code;

	e.machine.memory_mb =
		192 + (unsigned int)(o->draws * o->cpus * sizeof(struct lab_draw) >> 20) + 1;
	e.machine.initramfs_mb = probe_size_mb(o);
	/* Once for the unpacked files, and once for the programs that run. */
	e.machine.memory_mb += 2 * e.machine.initramfs_mb;
	e.clones = calloc((size_t)o->clones * o->depth, sizeof(*e.clones));
	e.reported = calloc((size_t)o->clones * o->depth, sizeof(*e.reported));
	all->count = 0;
	all->started = time(NULL);
	all->list = calloc(o->runs * o->guest_count * LAB_GENERATORS, sizeof(struct result));
	if (!all->list || !e.clones || !e.reported)
		code = lab_fail(LAB_EXIT_ENVIRONMENT, "no memory");
	else
		code = prove_in(o, &e);
	free(e.clones);
	free(e.reported);
	return code;
}

int prove(const struct prove_options *o)
{
	struct results all;
	int code = prove_quietly(o, &all);

	if (!code) {
		table_print(o, &all);
		clocks_print(&all);
		code = o->times ? times_print(o, &all) : 0;
		code = !code && o->json ? json_write(o, &all) : code;
		int verdict = judge(o, &all);

		code = code ? code : verdict;
	}
	results_free(&all);
	return code;
}
