/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab: vmgenc-lab(1)'s commands and --help.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "boot/boot.h"
#include "host/host.h"
#include "options.h"
#include "record/record.h"
#include "report/report.h"

static const char help[] =
	"usage: vmgenc-lab prove --kernel FILE [--module FILE] [option ...]\n"
	"       vmgenc-lab prove --guest LABEL=KERNEL[,MODULE[,COMPANION]] ... [option ...]\n"
	"       vmgenc-lab run --kernel FILE [--module FILE] [option ...] PROGRAM [ARG ...]\n"
	"       vmgenc-lab report [-o FILE.html] RESULTS.json ...\n"
	"       vmgenc-lab record -o FILE [--seconds S] [--interval MS]\n"
	"       vmgenc-lab compare [--json FILE] RECORDING RECORDING ...\n"
	"\n"
	"prove clones a running virtual machine and compares what the clones draw.\n"
	"run runs a static program in a virtual machine, as root.\n"
	"report makes one HTML page from the files that --json wrote.\n"
	"record draws in a guest of any hypervisor while it is cloned; compare says what the "
	"copies\n"
	"of this guest drew twice.\n"
	"\n"
	"prove and run:\n"
	"  --kernel FILE         the guest's kernel: Linux for x86 or arm64, or FreeBSD\n"
	"  --module FILE         the module that this guest loads\n"
	"  --module-args TEXT    parameters for the module\n"
	"  --append TEXT         append to the kernel's command line; FreeBSD: NAME=VALUE, "
	"kenv(1)\n"
	"  --arc4rand FILE       FreeBSD: the module that makes arc4rand(9) readable\n"
	"  --accel auto|kvm|tcg  how QEMU runs the guest; auto: kvm if the kernel boots with it\n"
	"                        (VMGENC_LAB_ACCEL, or auto)\n"
	"  --q35                 use QEMU's machine q35 instead of pc\n"
	"  --tcg-single          with tcg, emulate one CPU at a time\n"
	"  --cpus N              number of virtual CPUs (2)\n"
	"  --rdrand              do not mask the CPU's random instructions in the guest\n"
	"  --timeout S           give up on a guest that is silent for this long (60)\n"
	"  --init FILE           arm64: the guest's PID 1 (build/arm64/guest-init)\n"
	"  --keep                keep the files of the run\n"
	"\n"
	"prove:\n"
	"  --guest LABEL=KERNEL[,MODULE[,COMPANION]]\n"
	"                        add a column: a guest (repeatable)\n"
	"  --compare LABEL=KERNEL[,MODULE[,COMPANION]]\n"
	"                        add a column that is not judged, such as another driver\n"
	"  --generator NAME      getrandom, unguarded or guarded; on Linux also vdso or\n"
	"                        urandom, on FreeBSD arandom or arc4rand;\n"
	"                        or all (default all; repeatable)\n"
	"  --probe NAME          uuid, sysgenid, glibc, openssl, postgres, nginx, gnutls or\n"
	"                        libgcrypt: a real program (repeatable)\n"
	"  --programs DIR        the programs from \"make programs\" (build/programs)\n"
	"  --firmware NAME       print a matrix: use the ACPI table of a hypervisor, and change "
	"the id\n"
	"                        as it does: qemu, vmware, hyperv-old, hyperv, xen, aws,\n"
	"                        firecracker-old, firecracker, bhyve or all (repeatable)\n"
	"  --built-in            the kernels have vmgenc themselves: judge guests without a "
	"module\n"
	"  --brief               with --firmware: boot once for each row, without getrandom and\n"
	"                        without the kernel's own driver\n"
	"  --tables DIR          the tables from \"make firmware\" (build/test/firmware)\n"
	"  --clones N            number of clones of each snapshot (2)\n"
	"  --at-once N           run this many clones at once if memory allows (1)\n"
	"  --runs N              boot and clone everything this many times (1)\n"
	"  --depth N             with 2, clone a clone as well, and so on (1)\n"
	"  --same-id             give clones their parent's id: a notification without a change\n"
	"  --vmclock FILE        use a VMClock instead of the id; FILE is the module that offers "
	"it\n"
	"  --torn                with --vmclock: give clones a half-written page\n"
	"  --draws N             number of draws that each CPU records (100000)\n"
	"  --seconds S           stop recording after this much guest time (1)\n"
	"  --interval MS         sleep this long after each draw: an idle guest (0)\n"
	"  --max-identical N     allow getrandom N identical draws with a module (one per CPU)\n"
	"  --json FILE           also write the results to FILE\n"
	"  --times               also print how long things took\n"
	"\n"
	"run:\n"
	"  --file HOST[:GUEST]   put a file into the guest's / (repeatable)\n"
	"  --tree DIR            put all files below DIR into the guest's / (Linux)\n"
	"  --cpu MODEL           the CPU's model, in QEMU's words (max,-rdrand,-rdseed)\n"
	"  --memory MB           the guest's RAM beyond what --tree needs (256)\n"
	"  --no-load             do not load the module, which is at /vmgenc.ko\n"
	"  --id GUID             the VM Generation ID (random)\n"
	"  --no-vmgenid          leave out QEMU's own VM Generation ID device, or arm64's\n"
	"  --node NAME[=CELL,...]\n"
	"                        arm64: add a node of another VM Generation ID, with this reg;\n"
	"                        page and page+N are the low half of the id's page (repeatable)\n"
	"  --acpi FILE           give the guest one more compiled ACPI table\n"
	"\n"
	"report:\n"
	"  -o, --output FILE     write the page to FILE (standard output)\n"
	"\n"
	"record and compare:\n"
	"  -o, --output FILE     record: write the recording to FILE\n"
	"  --seconds S           record: stop after this much of the guest's time (60)\n"
	"  --interval MS         record: draw this often (2)\n"
	"  --json FILE           compare: also write the results to FILE\n"
	"\n"
	"all:\n"
	"  --quiet               do not print progress or notes\n"
	"  --help, --version\n"
	"\n"
	"examples:\n"
	"  vmgenc-lab prove --kernel /boot/vmlinuz-6.1.0-25-cloud-amd64\n"
	"  vmgenc-lab prove --guest plain=vmlinuz --guest vmgenc=vmlinuz,vmgenc.ko --runs 5\n"
	"  vmgenc-lab run --kernel vmlinuz --module vmgenc.ko ./device-test\n"
	"  vmgenc-lab report -o demo.html demo.json\n"
	"  vmgenc-lab record -o copy.rec\n"
	"  vmgenc-lab compare copy-1.rec copy-2.rec\n";

static int main_prove(struct parsed *p, char **rest)
{
	struct prove_options *o = &p->prove;
	bool any = false;
	int code = 0;

	if (*rest)
		return options_usage("prove takes no argument %s", *rest);
	if (p->kernel)
		code = options_add_guest(o, NULL, 0, p->kernel, p->module);
	else if (p->module)
		return options_usage("--module needs --%s", "kernel");
	if (code)
		return code;
	if (!o->guest_count)
		return options_usage("prove needs --kernel or %s", "--guest");
	code = allowed_prove(p);
	if (code)
		return code;
	if (p->any_firmware)
		return matrix(&p->matrix);
	if (o->guests[0].arm64)
		o->shape = &shape_tree;
	for (int g = 0; g < LAB_GENERATORS; g++)
		any |= o->generators[g];
	if (!any)
		options_add_generator(o, "all");
	return prove(o);
}

static int main_run(struct parsed *p, char **rest)
{
	struct run_options *o = &p->run;
	struct kernel_kind kind = {.freebsd = false};
	char release[72];

	if (!p->kernel || !*rest) {
		options_usage("run needs --kernel and a %s", "program");
		return LAB_EXIT_RUN;
	}
	if (kernel_release(p->kernel, release, sizeof(release), &kind) ||
	    firmware_check(&p->run.firmware))
		return LAB_EXIT_RUN;
	o->freebsd = kind.freebsd;
	o->arm64 = kind.arm64;
	if (allowed_run(p))
		return LAB_EXIT_RUN;
	o->kernel = p->kernel;
	o->module = p->module;
	o->argv = rest;
	while (rest[o->argc])
		o->argc++;
	o->files[o->file_count++] = (struct boot_file){
		.host_path = o->arm64 ? o->init : NULL, .name = "init", .mode = 0100755};
	o->files[o->file_count++] =
		(struct boot_file){.host_path = rest[0], .name = "program", .mode = 0100755};
	if (o->module)
		o->files[o->file_count++] = (struct boot_file){
			.host_path = o->module, .name = "vmgenc.ko", .mode = 0100644};
	if (o->freebsd && o->arc4rand)
		o->files[o->file_count++] = (struct boot_file){
			.host_path = o->arc4rand, .name = "arc4rand.ko", .mode = 0100644};
	return run_program(o);
}

static int main_report(const struct parsed *p, char **rest)
{
	if (!*rest)
		return options_usage("report needs a %s", "RESULTS.json");
	return report(p->output, rest);
}

static int main_record(const struct parsed *p, char **rest)
{
	const struct record_options o = {
		.output = p->output, .seconds = p->prove.seconds, .interval_ms = p->prove.interval};

	if (*rest)
		return options_usage("record takes no argument %s", *rest);
	if (!p->output)
		return options_usage("record needs --%s", "output");
	return record(&o);
}

static int main_compare(const struct parsed *p, char **rest)
{
	size_t count = 0;

	while (rest[count])
		count++;
	if (count < 2)
		return options_usage("compare needs the recordings of two copies or more%s", "");
	return compare_recordings(rest, count, p->prove.json);
}

/* The commands that run no virtual machine. */
static int main_other(const struct parsed *p, char **rest)
{
	if (!strcmp(p->command, "record"))
		return main_record(p, rest);
	return strcmp(p->command, "report") ? main_compare(p, rest) : main_report(p, rest);
}

/* Results that could not be written are not a success. */
static int output_ended(bool is_run, int code)
{
	if ((!fflush(stdout) && !ferror(stdout)) || code)
		return code;
	lab_fail(LAB_EXIT_ENVIRONMENT, "cannot write to standard output: %s", strerror(errno));
	return is_run ? LAB_EXIT_RUN : LAB_EXIT_ENVIRONMENT;
}

/* Keep 0 to 2 open, or a file that the lab opens becomes standard error if that was closed. */
static int standard_files(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	return fd < 0 ? LAB_EXIT_ENVIRONMENT : close(fd);
}

int main(int argc, char **argv)
{
	static struct parsed p = {.prove = {.module_args = "",
					    .programs = "build/programs",
					    .tables = "build/test/firmware",
					    .init = "build/arm64/guest-init",
					    .append = "",
					    .clones = 2,
					    .at_once = 1,
					    .runs = 1,
					    .depth = 1,
					    .cpus = 2,
					    .draws = 100000,
					    .seconds = 1,
					    .timeout = 60,
					    .max_identical = -1},
				  .matrix = {.prove = &p.prove},
				  .run = {.init = "build/arm64/guest-init",
					  .module_args = "",
					  .append = "",
					  .cpus = 2,
					  .memory_mb = 256,
					  .timeout = 60}};
	const char *command = argc > 1 ? argv[1] : "";
	bool is_run = !strcmp(command, "run"), is_record = !strcmp(command, "record");
	bool is_other = is_record || !strcmp(command, "report") || !strcmp(command, "compare");
	int option, index = 0, code = 0;

	if (standard_files())
		return is_run ? LAB_EXIT_RUN : LAB_EXIT_ENVIRONMENT;
	if (!strcmp(command, "--help") || !strcmp(command, "-h") || !strcmp(command, "help"))
		return fputs(help, stdout) < 0;
	if (!strcmp(command, "--version"))
		return puts("vmgenc-lab " LAB_VERSION) < 0;
	if (!is_run && !is_other && strcmp(command, "prove"))
		return options_usage(
			*command ? "there is no command %s"
				 : "give a command: prove, run, report, record or compare%s",
			command);
	p.command = command;
	if (is_record) { /* for a person's hands */
		p.prove.seconds = 60;
		p.prove.interval = 2;
	}
	argv[1] = argv[0];
	/* "+": leave the program's own options alone. */
	while (!code &&
	       (option = getopt_long(argc - 1, argv + 1, "+ho:", options_list, &index)) != -1) {
		if (option == 'h')
			return fputs(help, stdout) < 0;
		if (option == 'V')
			return puts("vmgenc-lab " LAB_VERSION) < 0;
		code = options_take(&p, option, options_list[index].name);
	}
	lab_catch_signals();
	if (!code && !is_other)
		code = options_accel(&p);
	if (!code && is_other)
		code = main_other(&p, argv + 1 + optind);
	else if (!code)
		code = is_run ? main_run(&p, argv + 1 + optind) : main_prove(&p, argv + 1 + optind);
	else if (is_run)
		code = LAB_EXIT_RUN;
	free(p.prove.guests);
	return output_ended(is_run, code);
}
