/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab: which command takes which option, and which options go together. None is ignored in silence.
 */
#include <string.h>

#include "generators.h"
#include "host/host.h"
#include "options.h"

/* prove and run take what is in none of the lists; the other commands take what is in theirs. */
static const char *const run_only[] = {"acpi",	  "cpu",	"file", "id",	"memory",
				       "no-load", "no-vmgenid", "node", "tree", NULL};
static const char *const prove_only[] = {
	"at-once",	 "brief",    "built-in",  "clones",  "compare",	 "depth",
	"draws",	 "firmware", "generator", "guest",   "interval", "json",
	"max-identical", "probe",    "programs",  "runs",    "same-id",	 "seconds",
	"tables",	 "times",    "torn",	  "vmclock", NULL};
static const char *const report_takes[] = {"output", "quiet", NULL};
static const char *const record_takes[] = {"output", "interval", "seconds", "quiet", NULL};
static const char *const compare_takes[] = {"json", "quiet", NULL};
/* The matrix decides what is tried. */
static const char *const not_for_matrix[] = {"at-once",	      "built-in", "clones",    "compare",
					     "depth",	      "draws",	  "generator", "interval",
					     "max-identical", "probe",	  "runs",      "same-id",
					     "seconds",	      "times",	  "vmclock",   NULL};
static const char *const matrix_only[] = {"brief", "tables", NULL};
static const char *const for_module[] = {"module-args", "no-load", NULL};

#define ARM64_CPUS 8 /* of a GICv2 */

static bool is_in(const char *const *list, const char *name)
{
	while (*list && strcmp(*list, name))
		list++;
	return *list;
}

static bool takes(const char *command, const char *name)
{
	if (!strcmp(command, "report"))
		return is_in(report_takes, name);
	if (!strcmp(command, "record"))
		return is_in(record_takes, name);
	if (!strcmp(command, "compare"))
		return is_in(compare_takes, name);
	if (is_in(run_only, name))
		return !strcmp(command, "run");
	if (is_in(prove_only, name))
		return !strcmp(command, "prove");
	return strcmp(name, "output") != 0;
}

int allowed_take(struct parsed *p, const char *name)
{
	if (!takes(p->command, name))
		return lab_fail(LAB_EXIT_USAGE,
				"%s does not take --%s (vmgenc-lab --help lists the options)",
				p->command, name);
	if (is_in(not_for_matrix, name))
		p->not_for_matrix = name;
	if (is_in(matrix_only, name))
		p->matrix_only = name;
	p->programs_given |= !strcmp(name, "programs");
	if (is_in(for_module, name))
		p->for_module = name;
	return 0;
}

int allowed_prove(const struct parsed *p)
{
	const struct prove_options *o = &p->prove;
	bool any_module = false, any_freebsd = false, any_probe = false;

	for (size_t i = 0; i < o->guest_count; i++) {
		const struct guest *g = &o->guests[i];

		if (g->arm64 != o->guests[0].arm64)
			return options_usage("the guests' kernels are for x86 and for arm64%s", "");
		any_module |= g->module != NULL;
		any_freebsd |= g->freebsd;
		if (o->vmclock && (g->module || g->freebsd))
			return options_usage(
				"--vmclock is for Linux guests without a module, not %s", g->label);
	}
	for (int g = 0; g < LAB_GENERATORS; g++)
		any_probe |= o->generators[g] && generator_table[g].probe;
	if (o->guests[0].arm64 && (p->any_firmware || any_probe || o->vmclock))
		return options_usage("--firmware, --probe and --vmclock are %s", "for x86 guests");
	if (o->guests[0].arm64 && o->cpus > ARM64_CPUS)
		return options_usage("an arm64 guest has at most %s", "8 CPUs");
	if (p->any_firmware && p->not_for_matrix)
		return options_usage("either --firmware or --%s", p->not_for_matrix);
	if (!p->any_firmware && p->matrix_only)
		return options_usage("--%s needs --firmware", p->matrix_only);
	if (o->torn && !o->vmclock)
		return options_usage("--torn needs --%s", "vmclock");
	if (p->programs_given && !any_probe)
		return options_usage("--%s needs --probe", "programs");
	if (p->for_module && !any_module)
		return options_usage("--%s needs a guest with a module", p->for_module);
	if (o->arc4rand && !any_freebsd)
		return options_usage("--%s is for FreeBSD guests", "arc4rand");
	return 0;
}

int allowed_run(const struct parsed *p)
{
	const struct run_options *o = &p->run;

	if (p->for_module && !p->module)
		return options_usage("--%s needs --module", p->for_module);
	if (o->arm64 && o->cpus > ARM64_CPUS)
		return options_usage("an arm64 guest has at most %s", "8 CPUs");
	if (o->arm64 && (o->firmware.table || o->firmware.id))
		return options_usage("%s are for x86 guests", "--acpi and --id");
	if (!o->arm64 && o->firmware.node_count)
		return options_usage("--%s is for arm64 guests", "node");
	if (o->cpu && o->rdrand)
		return options_usage("either --cpu or --%s", "rdrand");
	if (o->firmware.id && o->firmware.no_vmgenid)
		return options_usage("either --id or --%s", "no-vmgenid");
	if (o->tree && o->freebsd)
		return options_usage("--%s is for Linux guests", "tree");
	if (o->arc4rand && !o->freebsd)
		return options_usage("--%s is for FreeBSD guests", "arc4rand");
	return 0;
}
