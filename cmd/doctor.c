/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: vmgenc doctor - why this machine is not protected, and what to do about it. */
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
	"Checks everything that protection needs, from the hypervisor's device to the hooks, and\n"
	"prints what to do about each problem.\n"
	"\n"
	"  --processes       check the running processes instead, by unit of systemd\n"
	"  --json            with --processes: print one object; vmgenc(8) documents its keys\n"
	"  --source SOURCE   dev:NODE, vmclock:NODE or file:PATH instead of the best one\n"
	"  --state FILE      the record of vmgenc hooks; default " VMGENC_STATE "\n"
	"  --root DIR        check the files of another system, such as a mounted image\n"
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

void note(const char *format, ...)
{
	va_list args;

	fputs("note  ", stdout);
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
		bad("chmod 0444 its node, which everyone should be able to read",
		    "the source may not be opened by this user");
	else
		bad("see the message", "%s %s", name ? name : "the source", source_error(error));
}

static void check_state(const struct vmgenc_status *st)
{
	char remedy[256];

	snprintf(remedy, sizeof(remedy), "set one in the hypervisor; %s", doctor_offer());
	if (st->guarantee == VMGENC_NONE)
		bad(remedy, "the host has not filled in the id of %s", st->source);
	else if (is_vmclock(st))
		bad("load the vmgenc module if the hypervisor has a VM Generation ID device",
		    "%s detects clones, but no driver rekeys the kernel", st->source);
	else if (st->settled != st->generation)
		bad("see the kernel's log", "the kernel is not rekeyed for generation %llu",
		    (unsigned long long)st->generation);
	else if (st->flags & VMGENC_PREDICTABLE)
		bad("give the machine virtio-rng or a CPU with RDRAND; QEMU: -device "
		    "virtio-rng-pci, -cpu host",
		    "%s: generation %llu is parted from other clones, but predictable by a "
		    "sibling's owner",
		    st->source, (unsigned long long)st->generation);
	else
		good("%s: generation %llu, settled", st->source,
		     (unsigned long long)st->generation);
	for (size_t i = 0; i < sizeof(lacks) / sizeof(lacks[0]); i++)
		if (st->flags & lacks[i].flag)
			bad(lacks[i].remedy, "%s", lacks[i].what);
	if (st->guarantee == VMGENC_NOTIFIED && !is_vmclock(st))
		bad("give this program CAP_SYS_RAWIO, or load the module with raw=all",
		    "this program may map only the driver's counter, and so sees a clone only when "
		    "the driver has noticed it");
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
	static struct state s;
	int error = state_load(path, &s, why, sizeof(why));

	if (error == -ENOENT)
		good("vmgenc hooks has never run; it is needed only if you use hooks");
	else if (error == -EPROTO)
		bad("run the newer vmgenc that wrote it", "the record of the hooks %s %s", path,
		    why);
	else if (error)
		bad(error == -EINVAL ? "remove it: its copy beside it is used then"
				     : "give it and its directories to root",
		    "the record of the hooks %s %s%s", path,
		    error == -EINVAL ? "" : "cannot be read: ", why);
	else if (s.under_way)
		bad("start vmgenc hooks, or wait for it", "hooks of generation %llu are under way",
		    (unsigned long long)s.generation);
	else if (s.owed_count)
		bad("see its log; once that is mended, or the hook is off, vmgenc hooks --retry",
		    "%zu hook%s not done %s work; generation %llu: %s %s", s.owed_count,
		    s.owed_count == 1 ? " has" : "s have", s.owed_count == 1 ? "its" : "their",
		    (unsigned long long)s.owed[0].generation, s.owed[0].name, s.owed[0].reason);
	else if (*s.doubt)
		bad("if it is one, vmgenc hooks --new-machine; COPIES in vmgenc(8) says how copies "
		    "are told",
		    "whether this machine is a copy is not known: %s", s.doubt);
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
	doctor_hooks();
	doctor_host();
	return problems ? EXIT_NO : EXIT_YES;
}
