/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lab: vmgenc-lab(1)'s commands and options.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab.h"
#include "page.h"

enum {
	OPT_ACCEL = 256,
	OPT_ACPI,
	OPT_APPEND,
	OPT_ARC4RAND,
	OPT_AT_ONCE,
	OPT_BRIEF,
	OPT_CLONES,
	OPT_CPUS,
	OPT_DEPTH,
	OPT_DRAWS,
	OPT_FILE,
	OPT_FIRMWARE,
	OPT_GENERATOR,
	OPT_GUEST,
	OPT_ID,
	OPT_INTERVAL,
	OPT_JSON,
	OPT_KEEP,
	OPT_KERNEL,
	OPT_MAX,
	OPT_MEMORY,
	OPT_MODULE,
	OPT_ARGS,
	OPT_NO_LOAD,
	OPT_NO_VMGENID,
	OPT_PROBE,
	OPT_PROGRAMS,
	OPT_QUIET,
	OPT_RDRAND,
	OPT_RUNS,
	OPT_SAME_ID,
	OPT_SECONDS,
	OPT_TABLES,
	OPT_TCG_SINGLE,
	OPT_TIMEOUT,
	OPT_TIMES,
	OPT_TORN,
	OPT_TREE,
	OPT_VMCLOCK
};

static const struct option options[] = {
	{"accel", required_argument, NULL, OPT_ACCEL},
	{"acpi", required_argument, NULL, OPT_ACPI},
	{"append", required_argument, NULL, OPT_APPEND},
	{"arc4rand", required_argument, NULL, OPT_ARC4RAND},
	{"at-once", required_argument, NULL, OPT_AT_ONCE},
	{"brief", no_argument, NULL, OPT_BRIEF},
	{"clones", required_argument, NULL, OPT_CLONES},
	{"cpus", required_argument, NULL, OPT_CPUS},
	{"depth", required_argument, NULL, OPT_DEPTH},
	{"draws", required_argument, NULL, OPT_DRAWS},
	{"file", required_argument, NULL, OPT_FILE},
	{"firmware", required_argument, NULL, OPT_FIRMWARE},
	{"generator", required_argument, NULL, OPT_GENERATOR},
	{"guest", required_argument, NULL, OPT_GUEST},
	{"help", no_argument, NULL, 'h'},
	{"id", required_argument, NULL, OPT_ID},
	{"interval", required_argument, NULL, OPT_INTERVAL},
	{"json", required_argument, NULL, OPT_JSON},
	{"keep", no_argument, NULL, OPT_KEEP},
	{"kernel", required_argument, NULL, OPT_KERNEL},
	{"max-identical", required_argument, NULL, OPT_MAX},
	{"memory", required_argument, NULL, OPT_MEMORY},
	{"module", required_argument, NULL, OPT_MODULE},
	{"module-args", required_argument, NULL, OPT_ARGS},
	{"no-load", no_argument, NULL, OPT_NO_LOAD},
	{"no-vmgenid", no_argument, NULL, OPT_NO_VMGENID},
	{"output", required_argument, NULL, 'o'},
	{"probe", required_argument, NULL, OPT_PROBE},
	{"programs", required_argument, NULL, OPT_PROGRAMS},
	{"quiet", no_argument, NULL, OPT_QUIET},
	{"rdrand", no_argument, NULL, OPT_RDRAND},
	{"tcg-single", no_argument, NULL, OPT_TCG_SINGLE},
	{"runs", required_argument, NULL, OPT_RUNS},
	{"same-id", no_argument, NULL, OPT_SAME_ID},
	{"seconds", required_argument, NULL, OPT_SECONDS},
	{"tables", required_argument, NULL, OPT_TABLES},
	{"timeout", required_argument, NULL, OPT_TIMEOUT},
	{"times", no_argument, NULL, OPT_TIMES},
	{"torn", no_argument, NULL, OPT_TORN},
	{"tree", required_argument, NULL, OPT_TREE},
	{"version", no_argument, NULL, 'V'},
	{"vmclock", required_argument, NULL, OPT_VMCLOCK},
	{NULL, 0, NULL, 0},
};

static const char help[] =
	"usage: vmgenc-lab prove --kernel FILE [--module FILE] [option ...]\n"
	"       vmgenc-lab prove --guest LABEL=KERNEL[,MODULE[,COMPANION]] ... [option ...]\n"
	"       vmgenc-lab run --kernel FILE [--module FILE] [option ...] PROGRAM [ARG ...]\n"
	"       vmgenc-lab report [-o FILE.html] RESULTS.json ...\n"
	"\n"
	"prove clones a running virtual machine and compares what the clones draw.\n"
	"run runs a static program in a virtual machine, as root.\n"
	"report makes one HTML page of what --json wrote (to standard output without -o).\n"
	"\n"
	"  --generator NAME      getrandom, unguarded, guarded, on FreeBSD arandom or arc4rand "
	"too,\n"
	"                        or all (default all; repeatable)\n"
	"  --probe NAME          uuid, openssl, postgres or nginx: a real program (repeatable)\n"
	"  --firmware NAME       a hypervisor's ACPI table and way to change the id: qemu, "
	"vmware,\n"
	"                        hyperv-old, hyperv, xen, aws, firecracker-old, firecracker, "
	"bhyve\n"
	"                        or all; prints a matrix (repeatable)\n"
	"  --brief               with --firmware: one boot each; neither getrandom nor the "
	"kernel's\n"
	"                        own driver\n"
	"  --tables DIR          where \"make firmware\" put those tables (build/test/firmware)\n"
	"  --programs DIR        where \"make programs\" put those (build/programs)\n"
	"  --clones N            clones of each snapshot (2)\n"
	"  --at-once N           of these, run so many at once if memory allows (1)\n"
	"  --runs N              boot and clone everything this often (1)\n"
	"  --depth N             2: clone a clone, and so on (1)\n"
	"  --same-id             clones keep their parent's id: a notification without a change\n"
	"  --vmclock FILE        a VMClock page instead of the id; FILE: the module that offers it\n"
	"  --torn                with --vmclock: clones find the page half-written\n"
	"  --draws N             draws a CPU records (100000), in at most\n"
	"  --seconds S           this much guest time (1)\n"
	"  --interval MS         sleep so long after each draw: an idle guest (0)\n"
	"  --max-identical N     allow getrandom this many with a module (one a CPU)\n"
	"  --json FILE           also write the results there\n"
	"  --times               also print how long things took\n"
	"  --module-args TEXT    parameters for the module\n"
	"  --append TEXT         more of the kernel's command line; FreeBSD: NAME=VALUE, kenv(1)\n"
	"  --arc4rand FILE       FreeBSD: the module that makes arc4rand(9) readable\n"
	"  --accel auto|kvm|tcg  how QEMU runs the guest (auto: kvm where it works)\n"
	"  --tcg-single          with tcg, emulate one CPU at a time\n"
	"  --cpus N              virtual CPUs (2)\n"
	"  --rdrand              leave the CPU's random instructions to the guest\n"
	"  --timeout S           give up on a guest silent for so long (60)\n"
	"  --file HOST[:GUEST]   run: put a file into the guest's / (repeatable)\n"
	"  --tree DIR            run: put all that is below it into the guest's / (Linux)\n"
	"  --memory MB           run: what the guest has beside that (256)\n"
	"  --no-load             run: leave the module at /vmgenc.ko unloaded\n"
	"  --id GUID             run: the VM Generation ID (random)\n"
	"  --no-vmgenid          run: no VM Generation ID device of QEMU's own\n"
	"  --acpi FILE           run: one more ACPI table, compiled\n"
	"  -o, --output FILE     report: where the page goes (standard output)\n"
	"  --keep, --quiet, --help, --version\n"
	"\n"
	"examples:\n"
	"  vmgenc-lab prove --kernel /boot/vmlinuz-6.1.0-25-cloud-amd64\n"
	"  vmgenc-lab prove --guest plain=vmlinuz --guest vmgenc=vmlinuz,vmgenc.ko --runs 5\n"
	"  vmgenc-lab run --kernel vmlinuz --module vmgenc.ko ./device-test\n"
	"  vmgenc-lab report -o demo.html demo.json\n";

struct parsed {
	struct prove_options prove;
	struct run_options run;
	const char *kernel, *module;
	const char *output; /* report */
	const char *matrix_only, *not_for_matrix; /* an option that was given, for the message */
};

static int usage(const char *format, const char *what)
{
	char text[300];

	snprintf(text, sizeof(text), format, what);
	return lab_fail(EXIT_USAGE, "%s (vmgenc-lab --help lists the options)", text);
}

static int number(const char *name, const char *text, double min, double max, double *to)
{
	char *end;

	*to = strtod(text, &end);
	if (!*text || *end || !(*to >= min && *to <= max))
		return lab_fail(EXIT_USAGE, "--%s takes a number from %g to %g, not %s", name, min,
				max, text);
	return 0;
}

static int whole(const char *name, const char *text, double n)
{
	if (n == (double)(long)n)
		return 0;
	return lab_fail(EXIT_USAGE, "--%s takes a whole number, not %s", name, text);
}

static int add_generator(struct prove_options *o, const char *name)
{
	bool found = false;

	for (int g = 0; g < LAB_PROBES; g++) {
		if (!strcmp(name, "all") || !strcmp(name, generator_names[g]))
			o->generators[g] = found = true;
	}
	return found ? 0 : usage("there is no generator %s", name);
}

static int add_guest(struct prove_options *o, const char *label, size_t length, const char *kernel,
		     const char *module)
{
	struct guest *list = realloc(o->guests, (o->guest_count + 1) * sizeof(*list));

	if (!list)
		return lab_fail(EXIT_ENVIRONMENT, "no memory");
	o->guests = list;
	struct guest *g = &list[o->guest_count++];

	memset(g, 0, sizeof(*g));
	g->kernel = kernel;
	g->module = module;
	int code = kernel_release(kernel, g->release, sizeof(g->release), &g->freebsd);

	if (label)
		snprintf(g->label, sizeof(g->label), "%.*s", (int)length, label);
	else
		snprintf(g->label, sizeof(g->label), "%.20s%s", g->release,
			 module ? " + vmgenc" : "");
	return code;
}

static int parse_guest(struct prove_options *o, char *text)
{
	char *kernel = strchr(text, '=');
	char *module = kernel ? strchr(kernel, ',') : NULL;
	char *companion = module ? strchr(module + 1, ',') : NULL;

	if (!kernel || kernel == text)
		return usage("--guest takes LABEL=KERNEL[,MODULE[,COMPANION]], not %s", text);
	if (module)
		*module++ = '\0';
	if (companion)
		*companion++ = '\0';
	int code = add_guest(o, text, (size_t)(kernel - text), kernel + 1, module);

	if (code || !companion)
		return code;
	o->guests[o->guest_count - 1].companion = companion;
	return o->guests[o->guest_count - 1].freebsd
		       ? 0
		       : usage("only FreeBSD guests take a second module, %s", companion);
}

static int add_file(struct run_options *o, char *text)
{
	const size_t max = sizeof(o->files) / sizeof(*o->files);
	char *name = strchr(text, ':');

	/* Four places stay for PID 1, the modules and the program. */
	if (o->file_count + 4 >= max)
		return usage("too many files at %s", text);
	if (name)
		*name++ = '\0';
	else
		name = strrchr(text, '/') ? strrchr(text, '/') + 1 : text;
	while (*name == '/')
		name++;
	o->files[o->file_count++] =
		(struct cpio_file){.host_path = text, .name = name, .mode = 0100755};
	return 0;
}

static int parse_number(struct parsed *p, int option, const char *name)
{
	struct prove_options *o = &p->prove;
	double n;
	double max = option == OPT_CPUS	    ? LAB_MAX_CPUS
		     : option == OPT_DEPTH  ? 1000
		     : option == OPT_MEMORY ? 3500
					    : 1e6;
	double min = option == OPT_CLONES ? 2 : option == OPT_MAX || option == OPT_INTERVAL ? 0 : 1;
	int code = number(name, optarg, option == OPT_SECONDS ? 0.001 : min,
			  option == OPT_DRAWS ? 1e7 : max, &n);

	if (!code && option != OPT_SECONDS && option != OPT_TIMEOUT)
		code = whole(name, optarg, n);
	if (code)
		return code;
	switch (option) {
	case OPT_AT_ONCE:
		o->at_once = (unsigned int)n;
		break;
	case OPT_CLONES:
		o->clones = (unsigned int)n;
		break;
	case OPT_CPUS:
		o->cpus = p->run.cpus = (unsigned int)n;
		break;
	case OPT_DEPTH:
		o->depth = (unsigned int)n;
		break;
	case OPT_DRAWS:
		o->draws = (uint64_t)n;
		break;
	case OPT_INTERVAL:
		o->interval = n;
		break;
	case OPT_MAX:
		o->max_identical = (long)n;
		break;
	case OPT_MEMORY:
		p->run.memory_mb = (unsigned int)n;
		break;
	case OPT_RUNS:
		o->runs = (unsigned int)n;
		break;
	case OPT_SECONDS:
		o->seconds = n;
		break;
	default:
		o->timeout = p->run.timeout = n;
	}
	return 0;
}

static int parse_id(struct parsed *p)
{
	if (!firmware_is_id(optarg))
		return usage("--id takes a GUID such as "
			     "324e6eaf-d1d1-4bf6-bf41-b9bb6c91fb87, not %s",
			     optarg);
	p->run.firmware.id = optarg;
	return 0;
}

static int add_firmware(struct prove_options *o, const char *name)
{
	bool found = false;

	for (size_t i = 0; i < shape_count; i++) {
		if (!strcmp(name, "all") || !strcmp(name, shapes[i].name))
			o->shapes[i] = o->matrix = found = true;
	}
	return found ? 0 : usage("there is no firmware %s", name);
}

static int parse_accel(struct parsed *p)
{
	if (strcmp(optarg, "auto") && strcmp(optarg, "kvm") && strcmp(optarg, "tcg"))
		return usage("--accel takes auto, kvm or tcg, not %s", optarg);
	p->prove.accel = p->run.accel = optarg;
	return 0;
}

static int parse_module_args(struct parsed *p)
{
	const size_t size = sizeof(((struct lab_report *)0)->module_args);

	if (strlen(optarg) >= size)
		return lab_fail(EXIT_USAGE, "--module-args is longer than %zu characters",
				size - 1);
	p->prove.module_args = p->run.module_args = optarg;
	return 0;
}

/* With --firmware the matrix decides what else is tried; an option without effect is a mistake. */
static void note_for_matrix(struct parsed *p, int option, const char *name)
{
	switch (option) {
	case OPT_BRIEF:
	case OPT_TABLES:
		p->matrix_only = name;
		break;
	case OPT_AT_ONCE:
	case OPT_CLONES:
	case OPT_DEPTH:
	case OPT_DRAWS:
	case OPT_GENERATOR:
	case OPT_INTERVAL:
	case OPT_MAX:
	case OPT_PROBE:
	case OPT_RUNS:
	case OPT_SAME_ID:
	case OPT_SECONDS:
	case OPT_TIMES:
	case OPT_VMCLOCK:
		p->not_for_matrix = name;
		break;
	}
}

static int parse_option(struct parsed *p, int option, const char *name)
{
	note_for_matrix(p, option, name);
	switch (option) {
	case OPT_ACCEL:
		return parse_accel(p);
	case OPT_ACPI:
		p->run.firmware.table = optarg;
		return 0;
	case OPT_APPEND:
		p->prove.append = p->run.append = optarg;
		return 0;
	case OPT_ARC4RAND:
		p->prove.arc4rand = p->run.arc4rand = optarg;
		return 0;
	case OPT_FILE:
		return add_file(&p->run, optarg);
	case OPT_FIRMWARE:
		return add_firmware(&p->prove, optarg);
	case OPT_BRIEF:
		p->prove.brief = true;
		return 0;
	case OPT_TABLES:
		p->prove.tables = optarg;
		return 0;
	case OPT_GENERATOR:
		return add_generator(&p->prove, optarg);
	case OPT_GUEST:
		return parse_guest(&p->prove, optarg);
	case OPT_ID:
		return parse_id(p);
	case OPT_JSON:
		p->prove.json = optarg;
		return 0;
	case OPT_KEEP:
		p->prove.keep = p->run.keep = true;
		return 0;
	case OPT_KERNEL:
		p->kernel = optarg;
		return 0;
	case OPT_MODULE:
		p->module = optarg;
		return 0;
	case OPT_ARGS:
		return parse_module_args(p);
	case OPT_NO_LOAD:
		p->run.no_load = true;
		return 0;
	case OPT_NO_VMGENID:
		p->run.firmware.no_vmgenid = true;
		return 0;
	case 'o':
		p->output = optarg;
		return 0;
	case OPT_PROBE:
		return probe_add(&p->prove, optarg) ? 0 : usage("there is no probe %s", optarg);
	case OPT_PROGRAMS:
		p->prove.programs = optarg;
		return 0;
	case OPT_QUIET:
		lab_quiet();
		return 0;
	case OPT_RDRAND:
		p->prove.rdrand = p->run.rdrand = true;
		return 0;
	case OPT_TCG_SINGLE:
		p->prove.tcg_single = p->run.tcg_single = true;
		return 0;
	case OPT_SAME_ID:
		p->prove.same_id = true;
		return 0;
	case OPT_TIMES:
		p->prove.times = true;
		return 0;
	case OPT_TORN:
		p->prove.torn = true;
		return 0;
	case OPT_TREE:
		p->run.tree = optarg;
		return 0;
	case OPT_VMCLOCK:
		p->prove.vmclock = optarg;
		return 0;
	case '?':
		return lab_fail(EXIT_USAGE, "vmgenc-lab --help lists the options");
	default:
		return parse_number(p, option, name);
	}
}

static int main_prove(struct parsed *p, char **rest)
{
	struct prove_options *o = &p->prove;
	bool any = false;
	int code = 0;

	if (*rest)
		return usage("prove takes no argument %s", *rest);
	if (p->kernel)
		code = add_guest(o, NULL, 0, p->kernel, p->module);
	else if (p->module)
		return usage("--module needs --%s", "kernel");
	if (code)
		return code;
	if (!o->guest_count)
		return usage("prove needs --kernel or %s", "--guest");
	if (o->matrix && p->not_for_matrix)
		return usage("either --firmware or --%s", p->not_for_matrix);
	if (!o->matrix && p->matrix_only)
		return usage("--%s needs --firmware", p->matrix_only);
	if (o->torn && !o->vmclock)
		return usage("--torn needs --%s", "vmclock");
	for (size_t i = 0; o->vmclock && i < o->guest_count; i++) {
		if (o->guests[i].module || o->guests[i].freebsd)
			return usage("--vmclock is for Linux guests without a module, not %s",
				     o->guests[i].label);
	}
	if (o->matrix)
		return matrix(o);
	for (int g = 0; g < LAB_GENERATORS; g++)
		any |= o->generators[g];
	if (!any)
		add_generator(o, "all");
	return prove(o);
}

static int main_run(struct parsed *p, char **rest)
{
	struct run_options *o = &p->run;
	char release[72];

	if (!p->kernel || !*rest) {
		usage("run needs --kernel and a %s", "program");
		return EXIT_LAB;
	}
	if (kernel_release(p->kernel, release, sizeof(release), &o->freebsd) ||
	    firmware_check(&p->run.firmware))
		return EXIT_LAB;
	if (o->tree && o->freebsd) {
		usage("--tree is for Linux guests, not %s", release);
		return EXIT_LAB;
	}
	o->kernel = p->kernel;
	o->module = p->module;
	o->argv = rest;
	while (rest[o->argc])
		o->argc++;
	o->files[o->file_count++] = (struct cpio_file){.name = "init", .mode = 0100755};
	o->files[o->file_count++] =
		(struct cpio_file){.host_path = rest[0], .name = "program", .mode = 0100755};
	if (o->module)
		o->files[o->file_count++] = (struct cpio_file){
			.host_path = o->module, .name = "vmgenc.ko", .mode = 0100644};
	if (o->freebsd && o->arc4rand)
		o->files[o->file_count++] = (struct cpio_file){
			.host_path = o->arc4rand, .name = "arc4rand.ko", .mode = 0100644};
	return run_program(o);
}

static int main_report(const struct parsed *p, char **rest)
{
	if (!*rest)
		return usage("report needs a %s", "RESULTS.json");
	return report(p->output, rest);
}

/* Results that nobody could read are no success. */
static int output_ended(bool is_run, int code)
{
	if ((!fflush(stdout) && !ferror(stdout)) || code)
		return code;
	lab_fail(EXIT_ENVIRONMENT, "cannot write to standard output: %s", strerror(errno));
	return is_run ? EXIT_LAB : EXIT_ENVIRONMENT;
}

/* A file of ours must not become standard error because the caller closed that. */
static int standard_files(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	return fd < 0 ? EXIT_ENVIRONMENT : close(fd);
}

int main(int argc, char **argv)
{
	static struct parsed p = {.prove = {.module_args = "",
					    .programs = "build/programs",
					    .tables = "build/test/firmware",
					    .append = "",
					    .accel = "auto",
					    .clones = 2,
					    .at_once = 1,
					    .runs = 1,
					    .depth = 1,
					    .cpus = 2,
					    .draws = 100000,
					    .seconds = 1,
					    .timeout = 60,
					    .max_identical = -1},
				  .run = {.module_args = "",
					  .append = "",
					  .accel = "auto",
					  .cpus = 2,
					  .memory_mb = 256,
					  .timeout = 60}};
	const char *command = argc > 1 ? argv[1] : "";
	bool is_run = !strcmp(command, "run"), is_report = !strcmp(command, "report");
	int option, index = 0, code = 0;

	if (standard_files())
		return is_run ? EXIT_LAB : EXIT_ENVIRONMENT;
	if (!strcmp(command, "--help") || !strcmp(command, "-h"))
		return fputs(help, stdout) < 0;
	if (!strcmp(command, "--version"))
		return puts("vmgenc-lab " LAB_VERSION) < 0;
	if (!is_run && !is_report && strcmp(command, "prove"))
		return usage(*command ? "there is no command %s" : "say prove, run or report%s",
			     command);
	argv[1] = argv[0];
	/* "+": the program's own options are not ours. */
	while (!code && (option = getopt_long(argc - 1, argv + 1, "+ho:", options, &index)) != -1) {
		if (option == 'h')
			return fputs(help, stdout) < 0;
		if (option == 'V')
			return puts("vmgenc-lab " LAB_VERSION) < 0;
		code = parse_option(&p, option, options[index].name);
	}
	lab_catch_signals();
	if (!code && is_report)
		code = main_report(&p, argv + 1 + optind);
	else if (!code)
		code = is_run ? main_run(&p, argv + 1 + optind) : main_prove(&p, argv + 1 + optind);
	else if (is_run)
		code = EXIT_LAB;
	free(p.prove.guests);
	return output_ended(is_run, code);
}
