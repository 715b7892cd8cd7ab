/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lab: the experiment. Boot a guest, let it draw, take a snapshot, resume that in several
 * clones and compare what they draw; once for each generator, as a guarded program's sync
 * rekeys the kernel for everyone.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "lab.h"

const char *const generator_names[LAB_GENERATORS] = {"getrandom", "arandom",
						     "arc4rand",  "unguarded",
						     "guarded",	  "uuid",
						     "openssl",	  "openssl+provider",
						     "postgres",  "postgres+provider",
						     "scram",	  "scram+provider",
						     "nginx",	  "nginx+provider",
						     "ticket",	  "ticket+provider"};

/* Where the records begin in the report's memory. */
#define RECORDS (LAB_CLOCK_OFFSET + LAB_CLOCK_SIZE)

/* What one guest of one run is made of. */
struct bench {
	const struct prove_options *options;
	struct results *results;
	struct machine machine;
	const char *directory;
	size_t guest;
	unsigned int run;
	uint32_t lineage;  /* the last one given to a VM */
	struct vm *clones; /* clones of every depth, of the generator under way */
	size_t clone_count;
	uint8_t in_snapshot[ID_SIZE]; /* the id that the snapshot's file has now */
};

/* The report's header, then the records. */
static uint64_t report_used(const struct prove_options *o)
{
	return RECORDS + o->draws * o->cpus * sizeof(struct lab_draw);
}

/* As whole MiB, which is what QEMU takes. */
static uint64_t report_size(const struct prove_options *o)
{
	uint64_t want = report_used(o) + (o->shape ? PAGE_BLOCK : 0);

	return (want + (1 << 20) - 1) >> 20 << 20;
}

static uint64_t space_needed(const struct prove_options *o, const struct machine *m)
{
	uint64_t ram = (uint64_t)(m->memory_mb + 2 * m->initramfs_mb) << 20;

	uint64_t clones = (uint64_t)o->clones * o->depth;
	uint64_t at_once = o->at_once < o->clones ? o->at_once : o->clones;

	/* A parent's RAM is there until its clones have drawn, whatever the depth. */
	return (96 << 20) + ram * (o->depth < 3 ? o->depth : 3) +
	       m->report_size * (3 + at_once) + report_used(o) * clones + (64 << 20);
}

static void first_report(const struct bench *b, struct lab_report *r)
{
	const struct prove_options *o = b->options;

	memset(r, 0, sizeof(*r));
	r->magic = LAB_REPORT_MAGIC;
	r->version = LAB_REPORT_VERSION;
	r->mode = LAB_MODE_PROVE;
	r->cpus = o->cpus;
	r->draws = o->draws;
	r->nanoseconds = (uint64_t)(o->seconds * 1e9);
	r->interval = (uint64_t)(o->interval * 1e6);
	r->records = RECORDS;
	r->load_module = o->guests[b->guest].module != NULL;
	r->vmclock = o->vmclock != NULL;
	if (getrandom(r->seed, sizeof(r->seed), 0) < 0)
		lab_note("the host has no random numbers for the guest's seed");
	snprintf(r->module_args, sizeof(r->module_args), "%s", o->module_args);
	r->may_refuse = o->shape != NULL;
	r->id_address = o->shape ? shape_address(o->shape, &b->machine) : 0;
	r->bell = o->shape && o->shape->news == NEWS_GED;
	r->hole = o->shape && o->shape->where == WHERE_HOLE ? HOLE_ADDRESS : 0;
}

/* The hypervisor's way to give a clone its id, before it runs. */
static int give_id(struct bench *b, struct vm *clone, const char *snapshot)
{
	if (!b->options->shape)
		return 0;
	if (!idpage_is_in_snapshot(b->options->shape))
		return idpage_write(clone);
	int code = idpage_change_snapshot(clone, snapshot, b->in_snapshot);

	memcpy(b->in_snapshot, clone->id.bytes, ID_SIZE);
	return code;
}

/* A clone starts with its parent's report, but for the lineage that tells it what it is. */
static int start_clone(struct bench *b, struct vm *parent, const char *snapshot, bool breeds)
{
	struct vm *clone = &b->clones[b->clone_count++];
	struct lab_report *first = malloc(sizeof(*first));
	bool torn = b->options->torn && parent->report->generator == LAB_GUARDED;
	char name[32];

	if (!first)
		return lab_fail(EXIT_ENVIRONMENT, "no memory");
	snprintf(name, sizeof(name), "vm%u", ++b->lineage);
	vm_init(clone, &b->machine, b->directory, name);
	*first = *parent->report;
	first->lineage = b->lineage;
	first->state = LAB_DRAWING;
	first->unsettled = 0;
	if (b->options->same_id)
		memcpy(clone->guid, parent->guid, sizeof(clone->guid));
	int code = vm_create_report(clone, first);

	free(first);
	if (!code && b->options->vmclock)
		vmclock_change(parent, clone, torn);
	if (!code && breeds)
		code = vm_copy_ram(parent, clone);
	if (!breeds)
		vm_share_ram(parent, clone);
	if (!code)
		code = give_id(b, clone, snapshot);
	if (!code)
		code = vm_restore(clone, snapshot, &clone->start_seconds);
	if (!code && torn)
		code = vmclock_finish(clone);
	return code;
}

/* As FreeBSD's sysctl gives it: the device's 16 bytes, the first three fields little-endian. */
static void format_guid(const struct lab_report *report, char *to, size_t size)
{
	const uint8_t *b = report->guid;

	to[0] = '\0';
	if (report->guid_size == sizeof(report->guid))
		snprintf(to, size,
			 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
			 b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8], b[9], b[10], b[11],
			 b[12], b[13], b[14], b[15]);
}

static void note_clone(struct result *r, const struct vm *vm)
{
	const struct lab_report *report = vm->report;
	struct clone *c = &r->clones[r->clone_count++];

	*c = (struct clone){.start_seconds = vm->start_seconds,
			    .resume_within_ns = report->resume_within_ns,
			    .rekeyed_ns = report->rekeyed_ns,
			    .woken_ns = report->woken_ns,
			    .announced_ns = report->announced_ns,
			    .logged_ns = report->logged_ns,
			    .changes = report->changes,
			    .spurious = report->spurious,
			    .rekeys = report->rekeys,
			    .rekey_failures = report->rekey_failures,
			    .device = report->device};
	snprintf(c->clock, sizeof(c->clock), "%.*s", (int)sizeof(report->clock) - 1, report->clock);
	snprintf(c->event, sizeof(c->event), "%.*s", (int)sizeof(report->event) - 1, report->event);
	snprintf(c->complaint, sizeof(c->complaint), "%.*s", (int)sizeof(report->complaint) - 1,
		 report->complaint);
	snprintf(c->id, sizeof(c->id), "%s", vm->guid);
	format_guid(report, c->guid, sizeof(c->guid));
	sighting_take(&c->seen, vm);
}

static void end_clone(const struct bench *b, struct vm *clone)
{
	vm_kill(clone);
	vm_keep_report(clone, report_used(b->options));
}

/* Those that have recorded take no more time from the others; how many are left. */
static unsigned int count_running(struct bench *b, const struct vm *breeder)
{
	unsigned int running = 0;

	for (size_t i = 0; i < b->clone_count; i++) {
		struct vm *clone = &b->clones[i];

		if (!clone->pid || clone == breeder)
			continue;
		if (__atomic_load_n(&clone->report->state, __ATOMIC_ACQUIRE) == LAB_RECORDED)
			end_clone(b, clone);
		else
			running++;
	}
	return running;
}

/* The next in order; one that is to be cloned stands still until then. */
static int finish_clone(struct bench *b, const struct vm *breeder, struct result *r)
{
	struct vm *clone = &b->clones[r->clone_count];
	int code = vm_wait(clone, LAB_RECORDED);

	if (code)
		return code;
	note_clone(r, clone);
	if (clone == breeder)
		return vm_stop(clone);
	end_clone(b, clone);
	return 0;
}

static void say_how_far(const struct bench *b, size_t started)
{
	const struct prove_options *o = b->options;

	if (started % 100 == 0 && o->clones * o->depth > started)
		lab_progress("run %u of %u, %s: cloning, %zu of %u clones", b->run + 1, o->runs,
			     o->guests[b->guest].label, started, o->clones * o->depth);
}

/* Clones of one snapshot of parent, some at once; breeder is the one to be cloned in turn. */
static int clone_parent(struct bench *b, struct vm *parent, const struct vm *breeder,
			struct result *r)
{
	const struct prove_options *o = b->options;
	size_t end = b->clone_count + o->clones;
	char snapshot[300];

	snprintf(snapshot, sizeof(snapshot), "%s/%s.snapshot", b->directory, parent->name);
	int code = vm_snapshot(parent, snapshot, &r->snapshot_seconds, &r->snapshot_bytes);

	memcpy(b->in_snapshot, parent->id.bytes, ID_SIZE);
	while (!code && r->clone_count < end) {
		unsigned int running = count_running(b, breeder);
		bool room = running < o->at_once && (!running || crowd_has_memory(&b->machine));

		if (b->clone_count == end || !room) {
			code = finish_clone(b, breeder, r);
			continue;
		}
		code = start_clone(b, parent, snapshot, breeder == &b->clones[b->clone_count]);
		say_how_far(b, b->clone_count);
		if (running + 1 > r->most_at_once)
			r->most_at_once = running + 1;
	}
	unlink(snapshot);
	return code;
}

/* The first of each snapshot's clones is cloned in turn until the depth is reached. */
static int clone_all(struct bench *b, struct vm *source, struct result *r)
{
	struct vm *parent = source;
	int code = 0;

	for (unsigned int depth = 1; depth <= b->options->depth && !code; depth++) {
		struct vm *first = &b->clones[b->clone_count];

		code = clone_parent(b, parent, depth < b->options->depth ? first : NULL, r);
		if (parent != source) {
			end_clone(b, parent);
			vm_drop_ram(parent);
		}
		parent = first;
	}
	return code;
}

/* A guest whose memory is broken may write anything there. */
static bool makes_sense(const struct prove_options *o, const struct lab_report *r)
{
	bool sane = r->cpus == o->cpus && r->draws == o->draws && r->records == RECORDS;

	for (unsigned int cpu = 0; sane && cpu < o->cpus; cpu++)
		sane = r->counts[cpu] <= o->draws;
	return sane;
}

static int compare(struct bench *b, struct result *r)
{
	const struct lab_report **reports = calloc(b->clone_count, sizeof(*reports));

	if (!reports)
		return lab_fail(EXIT_ENVIRONMENT, "no memory");
	int code = 0;

	for (size_t i = 0; i < b->clone_count && !code; i++) {
		reports[i] = b->clones[i].report;
		if (!makes_sense(b->options, reports[i]))
			code = lab_fail(EXIT_GUEST, "a clone's report makes no sense");
	}
	if (!code)
		code = compare_clones(reports, b->clone_count, &r->found, r->drawn);

	free(reports);
	return code;
}

static void forget_clones(struct bench *b)
{
	for (size_t i = 0; i < b->clone_count; i++)
		vm_forget(&b->clones[i]);

	b->clone_count = 0;
}

static int command(struct vm *vm, enum lab_command c, enum lab_state then)
{
	__atomic_store_n(&vm->report->command, c, __ATOMIC_RELEASE);
	return vm_wait(vm, then);
}

static int try_generator(struct bench *b, struct vm *source, struct result *r)
{
	source->report->generator = r->generator;
	int code = command(source, LAB_DRAW, LAB_DRAWING);
	double begin = lab_now();

	if (!code)
		code = clone_all(b, source, r);
	if (!code)
		code = compare(b, r);
	r->seconds = lab_now() - begin;
	forget_clones(b);
	if (!code)
		code = vm_continue(source);
	return code ? code : command(source, LAB_IDLE, LAB_READY);
}

static struct result *new_result(struct bench *b, enum lab_generator g, bool possible)
{
	struct result *r = &b->results->list[b->results->count++];

	r->guest = b->guest;
	r->run = b->run;
	r->generator = g;
	r->possible = possible;
	r->clones = calloc((size_t)b->options->clones * b->options->depth, sizeof(*r->clones));
	r->drawn = calloc((size_t)b->options->clones * b->options->depth, sizeof(*r->drawn));
	return r;
}

static bool is_freebsds(int generator)
{
	return generator == LAB_ARANDOM || generator == LAB_ARC4RAND;
}

static int try_guest(struct bench *b, struct vm *source)
{
	const struct prove_options *o = b->options;
	struct guest *guest = &o->guests[b->guest];
	int code = vm_boot(source);

	if (!code)
		snprintf(guest->release, sizeof(guest->release), "%s", source->report->release);
	for (int g = 0; g < LAB_GENERATORS && !code; g++) {
		if (!o->generators[g] || (is_freebsds(g) && !guest->freebsd))
			continue;
		bool possible = source->report->generators & 1u << g;
		struct result *r = new_result(b, (enum lab_generator)g, possible);

		if (!r->clones || !r->drawn)
			return lab_fail(EXIT_ENVIRONMENT, "no memory");
		lab_progress("run %u of %u, %s: cloning while %s draws", b->run + 1, o->runs,
			     guest->label, generator_names[g]);
		if (possible)
			code = try_generator(b, source, r);
	}
	return code;
}

static void add_file(struct cpio_file *files, size_t *count, const char *path, const char *name)
{
	if (path)
		files[(*count)++] =
			(struct cpio_file){.host_path = path, .name = name, .mode = 0100644};
}

static int boot_and_try(struct bench *b)
{
	const struct guest *guest = &b->options->guests[b->guest];
	struct cpio_file files[6] = {{.name = "init", .mode = 0100755}};
	struct media_source from = {.freebsd = guest->freebsd,
				    .module_args = b->options->module_args,
				    .files = files,
				    .file_count = 1};
	struct media media;
	struct lab_report *first = malloc(sizeof(*first));
	struct vm source;

	if (!first)
		return lab_fail(EXIT_ENVIRONMENT, "no memory");
	add_file(files, &from.file_count, guest->module, "vmgenc.ko");
	add_file(files, &from.file_count, guest->companion, "companion.ko");
	add_file(files, &from.file_count, b->options->vmclock, "vmclock.ko");
	if (guest->freebsd)
		add_file(files, &from.file_count, b->options->arc4rand, "arc4rand.ko");
	b->machine.kernel = guest->kernel;
	vm_init(&source, &b->machine, b->directory, "source");
	first_report(b, first);
	if (b->options->shape)
		add_file(files, &from.file_count, b->machine.firmware.placed,
			 "kernel/firmware/acpi/vmgenc.aml");
	int code = media_write(&media, &b->machine, b->directory, &from);

	if (!code)
		code = probe_append(b->options, media.files);
	if (!code)
		code = vm_create_report(&source, first);
	if (!code && b->options->shape)
		code = idpage_write(&source);
	if (!code && b->options->vmclock)
		vmclock_first(&source);
	free(first);
	lab_progress("run %u of %u, %s: booting", b->run + 1, b->options->runs, guest->label);
	if (!code)
		code = try_guest(b, &source);
	forget_clones(b);
	vm_forget(&source);
	unlink(source.console);
	media_remove(&media);
	return code;
}

static int try_all(struct bench *b)
{
	int code = 0;

	for (b->run = 0; b->run < b->options->runs && !code; b->run++) {
		for (b->guest = 0; b->guest < b->options->guest_count && !code; b->guest++)
			code = boot_and_try(b);
	}
	return code;
}

/* What would fail at the end of long work, or in every guest, fails at once. */
static int check_files(const struct prove_options *o)
{
	for (size_t i = 0; i < o->guest_count; i++) {
		const char *module = o->guests[i].module;

		if (module && access(module, R_OK))
			return lab_fail(EXIT_ENVIRONMENT, "cannot read the module %s: %s", module,
					strerror(errno));
	}
	if (o->vmclock && access(o->vmclock, R_OK))
		return lab_fail(EXIT_ENVIRONMENT, "cannot read the module %s: %s", o->vmclock,
				strerror(errno));
	return o->json ? json_check(o->json) : 0;
}

static int prove_in(const struct prove_options *o, struct bench *b)
{
	struct rundir dir;
	int code = check_files(o);

	if (!code)
		code = accel_choose(o->accel, &b->machine.accel);
	b->results->accel = b->machine.accel;
	if (code)
		return code;
	code = rundir_open(&dir, space_needed(o, &b->machine));
	if (code)
		return code;
	b->directory = dir.path;
	if (o->shape)
		code = idpage_prepare(o, &b->machine, b->directory);
	if (!code)
		code = try_all(b);
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
	struct bench b = {.options = o,
			  .results = all,
			  .machine = {.firmware = {.shape = o->shape,
						   .no_vmgenid = o->vmclock != NULL},
				      .cpus = o->cpus,
				      .rdrand = o->rdrand,
				      .tcg_single = o->tcg_single,
				      .append = o->append,
				      .timeout = o->timeout + o->seconds,
				      .report_size = report_size(o)}};
	int code;

	b.machine.memory_mb =
		192 + (unsigned int)(o->draws * o->cpus * sizeof(struct lab_draw) >> 20) + 1;
	b.machine.initramfs_mb = probe_size_mb(o);
	/* Unpacked, and as much again for the programs that run. */
	b.machine.memory_mb += 2 * b.machine.initramfs_mb;
	b.clones = calloc((size_t)o->clones * o->depth, sizeof(*b.clones));
	all->count = 0;
	all->started = time(NULL);
	all->list = calloc(o->runs * o->guest_count * LAB_GENERATORS, sizeof(struct result));
	if (!all->list || !b.clones)
		code = lab_fail(EXIT_ENVIRONMENT, "no memory");
	else
		code = prove_in(o, &b);
	free(b.clones);
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
