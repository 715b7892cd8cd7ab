/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab: parses vmgenc-lab(1)'s options.
 */
#include <stdlib.h>
#include <string.h>

#include "generators.h"
#include "host/host.h"
#include "options.h"

enum {
	OPT_ACCEL = 256,
	OPT_ACPI,
	OPT_APPEND,
	OPT_ARC4RAND,
	OPT_AT_ONCE,
	OPT_BRIEF,
	OPT_BUILT_IN,
	OPT_CLONES,
	OPT_COMPARE,
	OPT_CPU,
	OPT_CPUS,
	OPT_DEPTH,
	OPT_DRAWS,
	OPT_FILE,
	OPT_FIRMWARE,
	OPT_GENERATOR,
	OPT_GUEST,
	OPT_ID,
	OPT_INIT,
	OPT_INTERVAL,
	OPT_JSON,
	OPT_KEEP,
	OPT_KERNEL,
	OPT_MAX,
	OPT_MEMORY,
	OPT_MODULE,
	OPT_ARGS,
	OPT_NODE,
	OPT_NO_LOAD,
	OPT_NO_VMGENID,
	OPT_PROBE,
	OPT_PROGRAMS,
	OPT_Q35,
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

const struct option options_list[] = {
	{"accel", required_argument, NULL, OPT_ACCEL},
	{"acpi", required_argument, NULL, OPT_ACPI},
	{"append", required_argument, NULL, OPT_APPEND},
	{"arc4rand", required_argument, NULL, OPT_ARC4RAND},
	{"at-once", required_argument, NULL, OPT_AT_ONCE},
	{"brief", no_argument, NULL, OPT_BRIEF},
	{"built-in", no_argument, NULL, OPT_BUILT_IN},
	{"clones", required_argument, NULL, OPT_CLONES},
	{"compare", required_argument, NULL, OPT_COMPARE},
	{"cpu", required_argument, NULL, OPT_CPU},
	{"cpus", required_argument, NULL, OPT_CPUS},
	{"depth", required_argument, NULL, OPT_DEPTH},
	{"draws", required_argument, NULL, OPT_DRAWS},
	{"file", required_argument, NULL, OPT_FILE},
	{"firmware", required_argument, NULL, OPT_FIRMWARE},
	{"generator", required_argument, NULL, OPT_GENERATOR},
	{"guest", required_argument, NULL, OPT_GUEST},
	{"help", no_argument, NULL, 'h'},
	{"id", required_argument, NULL, OPT_ID},
	{"init", required_argument, NULL, OPT_INIT},
	{"interval", required_argument, NULL, OPT_INTERVAL},
	{"json", required_argument, NULL, OPT_JSON},
	{"keep", no_argument, NULL, OPT_KEEP},
	{"kernel", required_argument, NULL, OPT_KERNEL},
	{"max-identical", required_argument, NULL, OPT_MAX},
	{"memory", required_argument, NULL, OPT_MEMORY},
	{"module", required_argument, NULL, OPT_MODULE},
	{"module-args", required_argument, NULL, OPT_ARGS},
	{"node", required_argument, NULL, OPT_NODE},
	{"no-load", no_argument, NULL, OPT_NO_LOAD},
	{"no-vmgenid", no_argument, NULL, OPT_NO_VMGENID},
	{"output", required_argument, NULL, 'o'},
	{"probe", required_argument, NULL, OPT_PROBE},
	{"programs", required_argument, NULL, OPT_PROGRAMS},
	{"q35", no_argument, NULL, OPT_Q35},
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

int options_usage(const char *format, const char *what)
{
	char text[300];

	snprintf(text, sizeof(text), format, what);
	return lab_fail(LAB_EXIT_USAGE, "%s (vmgenc-lab --help lists the options)", text);
}

static int number(const char *name, const char *text, double min, double max, double *to)
{
	char *end;

	*to = strtod(text, &end);
	if (!*text || *end || !(*to >= min && *to <= max))
		return lab_fail(LAB_EXIT_USAGE, "--%s takes a number from %.10g to %.10g, not %s",
				name, min, max, text);
	return 0;
}

static int whole(const char *name, const char *text, double n)
{
	if (n == (double)(long)n)
		return 0;
	return lab_fail(LAB_EXIT_USAGE, "--%s takes a whole number, not %s", name, text);
}

int options_add_generator(struct prove_options *o, const char *name)
{
	bool found = false;

	for (int g = 0; g < LAB_GENERATORS; g++) {
		if (generator_table[g].probe)
			continue;
		if (!strcmp(name, "all") || !strcmp(name, generator_table[g].name))
			o->generators[g] = found = true;
	}
	return found ? 0 : options_usage("there is no generator %s", name);
}

int options_add_guest(struct prove_options *o, const char *label, size_t length, const char *kernel,
		      const char *module)
{
	struct guest *list = realloc(o->guests, (o->guest_count + 1) * sizeof(*list));

	if (!list)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "no memory");
	o->guests = list;
	struct guest *g = &list[o->guest_count++];

	memset(g, 0, sizeof(*g));
	g->kernel = kernel;
	g->module = module;
	struct kernel_kind kind = {.freebsd = false};
	int code = kernel_release(kernel, g->release, sizeof(g->release), &kind);

	g->freebsd = kind.freebsd;
	g->arm64 = kind.arm64;

	if (label)
		snprintf(g->label, sizeof(g->label), "%.*s", (int)length, label);
	else
		snprintf(g->label, sizeof(g->label), "%.20s%s", g->release,
			 module ? " + vmgenc" : "");
	return code;
}

static int parse_guest(struct prove_options *o, char *text, const char *option)
{
	char *kernel = strchr(text, '=');
	char *module = kernel ? strchr(kernel, ',') : NULL;
	char *companion = module ? strchr(module + 1, ',') : NULL;

	if (!kernel || kernel == text)
		return lab_fail(LAB_EXIT_USAGE,
				"--%s takes LABEL=KERNEL[,MODULE[,COMPANION]], not %s (vmgenc-lab "
				"--help lists the options)",
				option, text);
	if (module)
		*module++ = '\0';
	if (companion)
		*companion++ = '\0';
	int code = options_add_guest(o, text, (size_t)(kernel - text), kernel + 1, module);

	if (code)
		return code;
	o->guests[o->guest_count - 1].compare = !strcmp(option, "compare");
	if (!companion)
		return 0;
	o->guests[o->guest_count - 1].companion = companion;
	return o->guests[o->guest_count - 1].freebsd
		       ? 0
		       : options_usage("only FreeBSD guests take a second module, %s", companion);
}

static int add_file(struct run_options *o, char *text)
{
	const size_t max = sizeof(o->files) / sizeof(*o->files);
	char *name = strchr(text, ':');

	/* Leave four places for PID 1, the modules and the program. */
	if (o->file_count + 4 >= max)
		return options_usage("too many files: %s", text);
	if (name)
		*name++ = '\0';
	else
		name = strrchr(text, '/') ? strrchr(text, '/') + 1 : text;
	while (*name == '/')
		name++;
	o->files[o->file_count++] =
		(struct boot_file){.host_path = text, .name = name, .mode = 0100755};
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

	if (!code && option != OPT_SECONDS && option != OPT_TIMEOUT && option != OPT_INTERVAL)
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

static int add_node(struct firmware *f)
{
	if (f->node_count == NODES_MAX)
		return options_usage("too many nodes: %s", optarg);
	f->nodes[f->node_count++] = optarg;
	return 0;
}

static int parse_id(struct parsed *p)
{
	if (!firmware_is_id(optarg))
		return options_usage("--id takes a GUID such as "
				     "324e6eaf-d1d1-4bf6-bf41-b9bb6c91fb87, not %s",
				     optarg);
	p->run.firmware.id = optarg;
	return 0;
}

static int add_firmware(struct parsed *p, const char *name)
{
	bool found = false;

	for (size_t i = 0; i < shape_count; i++) {
		if (!strcmp(name, "all") || !strcmp(name, shapes[i].name))
			p->matrix.shapes[i] = p->any_firmware = found = true;
	}
	return found ? 0 : options_usage("there is no firmware %s", name);
}

static bool is_accel(const char *name)
{
	return !strcmp(name, "auto") || !strcmp(name, "kvm") || !strcmp(name, "tcg");
}

static int parse_accel(struct parsed *p)
{
	if (!is_accel(optarg))
		return options_usage("--accel takes auto, kvm or tcg, not %s", optarg);
	p->prove.accel = p->run.accel = optarg;
	return 0;
}

/* The option overrides the environment. */
int options_accel(struct parsed *p)
{
	const char *name = getenv("VMGENC_LAB_ACCEL");

	if (p->run.accel)
		return 0;
	if (!name || !*name)
		name = "auto";
	p->prove.accel = p->run.accel = name;
	return is_accel(name) ? 0
			      : options_usage("VMGENC_LAB_ACCEL is auto, kvm or tcg, not %s", name);
}

static int parse_module_args(struct parsed *p)
{
	const size_t size = sizeof(((struct lab_exchange *)0)->module_args);

	if (strlen(optarg) >= size)
		return lab_fail(LAB_EXIT_USAGE, "--module-args is longer than %zu characters",
				size - 1);
	p->prove.module_args = p->run.module_args = optarg;
	return 0;
}

int options_take(struct parsed *p, int option, const char *name)
{
	if (option != '?' && allowed_take(p, option == 'o' ? "output" : name))
		return LAB_EXIT_USAGE;
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
		return add_firmware(p, optarg);
	case OPT_BRIEF:
		p->matrix.brief = true;
		return 0;
	case OPT_BUILT_IN:
		p->prove.built_in = true;
		return 0;
	case OPT_TABLES:
		p->prove.tables = optarg;
		return 0;
	case OPT_GENERATOR:
		return options_add_generator(&p->prove, optarg);
	case OPT_COMPARE:
	case OPT_GUEST:
		return parse_guest(&p->prove, optarg, name);
	case OPT_ID:
		return parse_id(p);
	case OPT_INIT:
		p->prove.init = p->run.init = optarg;
		return 0;
	case OPT_NODE:
		return add_node(&p->run.firmware);
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
		return probe_add(&p->prove, optarg) ? 0
						    : options_usage("there is no probe %s", optarg);
	case OPT_PROGRAMS:
		p->prove.programs = optarg;
		return 0;
	case OPT_QUIET:
		lab_quiet();
		return 0;
	case OPT_CPU:
		p->run.cpu = optarg;
		return 0;
	case OPT_RDRAND:
		p->prove.rdrand = p->run.rdrand = true;
		return 0;
	case OPT_Q35:
		p->prove.q35 = p->run.q35 = true;
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
		return lab_fail(LAB_EXIT_USAGE, "vmgenc-lab --help lists the options");
	default:
		return parse_number(p, option, name);
	}
}
