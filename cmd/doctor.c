/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: vmgenc doctor - why is this machine not protected, and the one thing to do about it. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "doctor.h"
#include "os.h"
#include "hooks/state.h"

static const char help[] =
	"usage: vmgenc doctor [--source SOURCE] [--state FILE] [--root DIR]\n"
	"       vmgenc doctor --processes [--json] [--root DIR]\n"
	"Looks at what protection needs, from the hypervisor's device to the hooks, and tells for\n"
	"each thing that is missing what to do.\n"
	"\n"
	"  --processes       which running processes are covered, by unit, and what mends the "
	"others\n"
	"  --json            with --processes: one object; its keys are documented in vmgenc(8)\n"
	"  --source SOURCE   dev:NODE, vmclock:NODE or file:PATH instead of the best one\n"
	"  --state FILE      of vmgenc hooks; default " VMGENC_STATE "\n"
	"  --root DIR        look at the files of another system, such as a mounted image or a "
	"test\n"
	"\n"
	"Exit codes: 0 nothing to do, 1 something to do, 2 wrong usage, 3 trouble.\n"
	"Examples:\n"
	"  vmgenc doctor\n"
	"  vmgenc doctor --source dev:/dev/vmgenc1\n"
	"  vmgenc doctor --processes\n";

const char *doctor_root = "";
static unsigned int problems;

void good(const char *format, ...)
{
	va_list args;

	fputs("ok    ", stdout);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

void bad(const char *remedy, const char *format, ...)
{
	va_list args;

	fputs("to do ", stdout);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf(": %s\n", remedy);
	problems++;
}

static void check_error(const char *name, int error)
{
	if (error == -ENODEV && !name)
		doctor_why_no_source();
	else if (error == -EACCES)
		bad("chmod 0444 its node: everyone may read it",
		    "the source may not be opened by this user");
	else
		bad("see the message", "%s %s", name ? name : "the source", source_error(error));
}

static void check_state(const struct vmgenc_status *st)
{
	if (st->guarantee == VMGENC_NONE)
		bad("set one in the hypervisor; QEMU: -device vmgenid,guid=auto",
		    "the host has not filled in the id of %s", st->source);
	else if (is_vmclock(st))
		bad("load the vmgenc module if the hypervisor has a VM Generation ID device",
		    "%s tells of clones, but nobody rekeys the kernel", st->source);
	else if (st->settled != st->generation)
		bad("see the kernel's log", "the kernel is not rekeyed for generation %llu",
		    (unsigned long long)st->generation);
	else
		good("%s: generation %llu, settled", st->source,
		     (unsigned long long)st->generation);
	for (size_t i = 0; i < sizeof(lacks) / sizeof(lacks[0]); i++)
		if (st->flags & lacks[i].flag)
			bad(lacks[i].remedy, "%s", lacks[i].what);
	if (st->guarantee == VMGENC_NOTIFIED && !is_vmclock(st))
		bad("give this program CAP_SYS_RAWIO, or load the module with raw=all",
		    "only the driver's counter may be mapped: programs see a clone when the driver "
		    "has noticed");
}

static void check_source(const char *name)
{
	struct vmgenc_status st = {.size = sizeof(st)};
	struct vmgenc *vg;
	int error = vmgenc_open(&vg, name);

	if (!error)
		error = vmgenc_status(vg, &st);
	if (error)
		check_error(name ? name : secure_getenv("VMGENC_SOURCE"), error);
	else
		check_state(&st);
	vmgenc_close(vg);
}

static void check_hooks(const char *path)
{
	char why[STATE_WHY];
	struct state s;
	int error = state_load(path, &s, why, sizeof(why));

	if (error == -ENOENT)
		good("vmgenc hooks has never run: nothing asks for it");
	else if (error)
		bad(error == -EINVAL ? "remove it once it is clear what was done"
				     : "make it root's, and its directories",
		    "the hooks' state %s %s%s", path,
		    error == -EINVAL ? "" : "cannot be read: ", why);
	else if (s.under_way)
		bad("start vmgenc hooks, or wait for it", "hooks of generation %llu are under way",
		    (unsigned long long)s.generation);
	else if (s.failures || s.interrupted)
		bad("see its log, then remove the state's counters by removing the file",
		    "%llu hooks failed and %llu were interrupted; last: %s",
		    (unsigned long long)s.failures, (unsigned long long)s.interrupted,
		    s.last_failure);
	else
		good("hooks of generation %llu are done", (unsigned long long)s.generation);
}

int cmd_doctor(int argc, char **argv)
{
	struct args a;
	int code = args_parse(argc, argv, "sSrpj", help, &a);

	if (code >= 0)
		return code;
	if (a.rest_count)
		return say_usage("doctor: \"%s\" is not expected", a.rest[0]);
	if (a.json && !a.processes)
		return say_usage("doctor: --json goes with --processes");
	doctor_root = a.root;
	if (a.processes)
		return doctor_processes(a.json);
	check_source(a.source);
	doctor_driver_version();
	doctor_openssl();
	check_hooks(a.state);
	return problems ? EXIT_NO : EXIT_YES;
}
