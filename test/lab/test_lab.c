/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/lab: what vmgenc-lab says, and leaves behind, when something is wrong. It is given
 * KERNEL MODULE OTHER-KERNEL OTHER-MODULE.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"

static const char *kernel, *module, *other_module;

#define MATRIX "prove", "--kernel", kernel, "--firmware", "xen"
#define PROVE "prove", "--draws", "1000", "--generator", "getrandom", "--kernel", kernel

/* Fails if wrong words are taken, or end otherwise than with 2 and the word. */
static void wrong_usage(void **state)
{
	char other[300];

	(void)state;
	snprintf(other, sizeof(other), "other=%s", kernel);
	EXPECT(2, "there is no command clone", "clone");
	EXPECT(2, "unrecognized option '--closes'", PROVE, "--closes");
	EXPECT(2, "--clones takes a number from 2 to", PROVE, "--clones", "3x");
	EXPECT(2, "--clones takes a number from 2 to", PROVE, "--clones", "1");
	EXPECT(2, "--cpus takes a number from 1 to 16, not 17", PROVE, "--cpus", "17");
	EXPECT(2, "there is no generator dice", PROVE, "--generator", "dice");
	EXPECT(2, "there is no probe dice", PROVE, "--probe", "dice");
	EXPECT(2, "there is no firmware dice", PROVE, "--firmware", "dice");
	EXPECT(2, "--accel takes auto, kvm or tcg, not xen", PROVE, "--accel", "xen");
	EXPECT(2, "prove needs --kernel", "prove");
	EXPECT(2, "--compare takes LABEL=KERNEL", PROVE, "--compare", "other");
	EXPECT(2, "either --firmware or --compare", MATRIX, "--compare", other);
	EXPECT(2, "--torn needs --vmclock", PROVE, "--torn");
	EXPECT(2, "either --firmware or --draws", MATRIX, "--draws", "5");
	EXPECT(2, "--brief needs --firmware", PROVE, "--brief");
	EXPECT(2, "--vmclock is for Linux guests without a module", PROVE, "--module", module,
	       "--vmclock", module);
	EXPECT(3, "cannot read the module /nowhere/vmclock.ko", PROVE, "--vmclock",
	       "/nowhere/vmclock.ko");
	EXPECT(2, "prove takes no argument more", PROVE, "more");
	EXPECT(2, "--cpus takes a whole number, not 1.5", PROVE, "--cpus", "1.5");
	EXPECT(2, "--seconds takes a number from", PROVE, "--seconds", "nan");
	EXPECT(2, "option '--json' requires an argument", "prove", "--json");
	EXPECT(2, "report needs a RESULTS.json", "report", "-o", "page.html");
	EXPECT(2, "option requires an argument -- 'o'", "report", "-o");
	EXPECT(3, "cannot read /nowhere.json", "report", "/nowhere.json");
	EXPECT(125, "unrecognized option '--bogus'", "run", "--bogus");
	EXPECT(125, "--tree takes a directory, not /nowhere", "run", "--kernel", kernel, "--tree",
	       "/nowhere", LAB);
	EXPECT(125, "a guest has at most 3500 MiB", "run", "--kernel", kernel, "--tree", directory,
	       "--memory", "3500", LAB);
	EXPECT(125, "unable to find CPU model 'nonsense'", "run", "--kernel", kernel, "--cpu",
	       "nonsense", LAB);
	EXPECT(125, "--memory takes a number from", "run", "--kernel", kernel, "--memory", "4000",
	       LAB);
	EXPECT(125, "run needs --kernel and a program", "run", "--kernel", kernel);
}

/* Fails if an option that the command would ignore is taken, or goes unnamed. */
static void option_that_would_be_ignored(void **state)
{
	static const char *const prove_only[] = {
		"at-once",   "brief",	"clones",   "compare", "depth",		"draws", "firmware",
		"generator", "guest",	"interval", "json",    "max-identical", "probe", "programs",
		"runs",	     "same-id", "seconds",  "tables",  "times",		"torn",	 "vmclock"};
	static const char *const run_only[] = {"acpi",	 "cpu",	    "file",	  "id",
					       "memory", "no-load", "no-vmgenid", "tree"};
	char option[40], said[80];

	(void)state;
	for (size_t i = 0; i < sizeof(prove_only) / sizeof(*prove_only); i++) {
		sprintf(option, "--%s", prove_only[i]);
		sprintf(said, "run does not take --%s (", prove_only[i]);
		EXPECT(125, said, "run", option, "2");
		EXPECT(2, said + sizeof("run ") - 1, "report", option, "2");
	}
	for (size_t i = 0; i < sizeof(run_only) / sizeof(*run_only); i++) {
		sprintf(option, "--%s", run_only[i]);
		sprintf(said, "prove does not take --%s (", run_only[i]);
		EXPECT(2, said, PROVE, option, "2");
	}
	EXPECT(2, "prove does not take --output", PROVE, "-o", "page.html");
	EXPECT(2, "report does not take --keep", "report", "--keep", "results.json");
	EXPECT(2, "report does not take --kernel", "report", "--kernel", kernel, "results.json");
	EXPECT(2, "--module-args needs a guest with a module", PROVE, "--module-args", "draws=0");
	EXPECT(2, "--arc4rand is for FreeBSD guests", PROVE, "--arc4rand", module);
	EXPECT(2, "--programs needs --probe", PROVE, "--programs", directory);
	EXPECT(125, "--module-args needs --module", "run", "--kernel", kernel, "--module-args",
	       "draws=0", LAB);
	EXPECT(125, "--no-load needs --module", "run", "--kernel", kernel, "--no-load", LAB);
	EXPECT(125, "--arc4rand is for FreeBSD guests", "run", "--kernel", kernel, "--arc4rand",
	       module, LAB);
	EXPECT(125, "either --cpu or --rdrand", "run", "--kernel", kernel, "--cpu", "max",
	       "--rdrand", LAB);
	EXPECT(125, "either --id or --no-vmgenid", "run", "--kernel", kernel, "--no-vmgenid",
	       "--id", "324e6eaf-d1d1-4bf6-bf41-b9bb6c91fb87", LAB);
}

/* Fails if the module is given less than was asked for. */
static void too_long_module_args(void **state)
{
	char args[600];

	(void)state;
	memset(args, 'x', sizeof(args) - 1);
	args[sizeof(args) - 1] = '\0';
	EXPECT(2, "--module-args is longer than", PROVE, "--module-args", args);
}

/* Fails if a file that is missing or is something else costs a boot, or goes unnamed. */
static void wrong_files(void **state)
{
	char text[100];

	(void)state;
	write_file("not a kernel", 12, text);
	EXPECT(3, "cannot open the kernel /nowhere/vmlinuz", "prove", "--kernel",
	       "/nowhere/vmlinuz");
	EXPECT(3, "is neither a Linux kernel image", "prove", "--kernel", text);
	EXPECT(3, "/nowhere/vmgenc.ko", PROVE, "--module", "/nowhere/vmgenc.ko");
	EXPECT(3, "/nowhere/nginx is not a directory", PROVE, "--probe", "nginx", "--programs",
	       "/nowhere");
	EXPECT(3, "cannot write /nowhere/report.json", PROVE, "--json", "/nowhere/report.json");
	EXPECT(3, "cannot write /nowhere/report.json", MATRIX, "--json", "/nowhere/report.json");
	EXPECT(3, "cannot open the ACPI table /nowhere/xen.aml", MATRIX, "--tables", "/nowhere");
	EXPECT(125, "is not a whole compiled ACPI table", "run", "--kernel", kernel, "--acpi", text,
	       LAB);
	unlink(text);
}

/* Fails if trying the report's path leaves an empty report of a run that failed. */
static void no_report_of_a_failed_run(void **state)
{
	char report[100];

	(void)state;
	sprintf(report, "%s/report", directory);
	EXPECT(4, "", PROVE, "--append", "rdinit=/none init=/none root=/none", "--json", report);
	assert_int_equal(access(report, F_OK), -1);
}

/* Fails if a kernel of FreeBSD's is not taken for one, or its header is believed blindly. */
static void freebsd_kernel_that_is_none(void **state)
{
	static char image[8192];
	Elf64_Ehdr *elf = (Elf64_Ehdr *)image;
	Elf64_Phdr *segment = (Elf64_Phdr *)(image + sizeof(*elf));
	char path[100];

	(void)state;
	memcpy(elf->e_ident, ELFMAG, SELFMAG);
	elf->e_ident[EI_CLASS] = ELFCLASS64;
	elf->e_machine = EM_X86_64;
	write_file(image, sizeof(image), path);
	EXPECT(3, "nor a FreeBSD kernel for amd64", "prove", "--kernel", path);
	unlink(path);
	elf->e_ident[EI_OSABI] = ELFOSABI_FREEBSD;
	write_file(image, sizeof(image), path);
	EXPECT(3, "has nothing to load", "prove", "--kernel", path);
	unlink(path);
	elf->e_phnum = 1;
	elf->e_phoff = sizeof(*elf);
	*segment = (Elf64_Phdr){.p_type = PT_LOAD,
				.p_vaddr = 0xffffffff80200000,
				.p_filesz = sizeof(image) + 1,
				.p_memsz = sizeof(image) + 1};
	write_file(image, sizeof(image), path);
	EXPECT(3, "segment 0 does not belong to a kernel", "prove", "--kernel", path);
	unlink(path);
	segment->p_filesz = sizeof(image);
	segment->p_vaddr = 0x200000;
	write_file(image, sizeof(image), path);
	EXPECT(3, "segment 0 does not belong to a kernel", "prove", "--kernel", path);
	unlink(path);
	elf->e_phoff = UINT64_MAX - 8;
	write_file(image, sizeof(image), path);
	EXPECT(3, "has nothing to load", "prove", "--kernel", path);
	unlink(path);
}

static void kernel_that_does_not_boot(void **state)
{
	char path[100];

	(void)state;
	write_cut_kernel(kernel, path);
	EXPECT(4, "the guest (", "prove", "--kernel", path, "--timeout", "3");
	unlink(path);
}

/* Fails if a kernel that gets nowhere has shown no sign of life, or is waited for as if it had. */
static void kernel_that_waits(void **state)
{
	(void)state;
	EXPECT(4, "has been silent for 13 s (--timeout); its console ended with:\n    ", PROVE,
	       "--timeout", "12", "--append", "rdinit=/none root=/dev/none rootwait");
}

/* Fails if the kernel's own words are not shown. */
static void module_for_another_kernel(void **state)
{
	(void)state;
	EXPECT(4, "the kernel refused the module", PROVE, "--module", module, "--module-args",
	       "look_ms=often");
	if (other_module == module)
		skip(); /* this Debian offers one kernel */
	EXPECT(4, "vmgenc: disagrees about version of symbol", PROVE, "--module", other_module);
	EXPECT(4, "(it is built for another kernel)", PROVE, "--module", other_module);
}

/* Fails if a missing QEMU is blamed on something else, by the probe of /dev/kvm too. */
static void no_qemu(void **state)
{
	char *path = strdup(getenv("PATH"));

	(void)state;
	setenv("PATH", "/nowhere", 1);
	EXPECT(3, "apt-get install qemu-system-x86", PROVE, "--accel", "tcg");
	EXPECT(3, "cannot run qemu-system-x86_64:\n    No such file", PROVE);
	setenv("PATH", path, 1);
	free(path);
}

/* A script in place of QEMU. */
static void with_qemu(const char *script, const char *says)
{
	char *path = strdup(getenv("PATH")), file[100], first[8192];

	sprintf(file, "%s/qemu-system-x86_64", directory);
	FILE *f = fopen(file, "we");

	assert_non_null(f);
	assert_true(fputs(script, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(file, 0700), 0);
	snprintf(first, sizeof(first), "%s:%s", directory, path);
	setenv("PATH", first, 1);
	EXPECT(3, says, PROVE, "--accel", "tcg");
	setenv("PATH", path, 1);
	unlink(file);
	free(path);
}

/* Fails if QEMU's own words are lost, or what is no answer is waited for or taken for one. */
static void wrong_qemu(void **state)
{
	(void)state;
	with_qemu("#!/bin/sh\necho 'bad luck' >&2; exit 1\n",
		  "QEMU ended with status 1; it said:\n    bad luck");
	with_qemu(
		"#!/bin/sh\nfd=${*#*id=qmp,fd=}\neval \"echo hello >&${fd%% *}\"\nexec sleep 60\n",
		"QEMU sent something other than JSON");
	with_qemu("#!/bin/sh\necho 'libx.so: no such file' >&2; exit 127\n",
		  "cannot run qemu-system-x86_64:\n    libx.so");
	with_qemu("#!/bin/sh\ncase \"$*\" in *-sandbox*)\n"
		  "	echo 'qemu: -sandbox support is not enabled' >&2; exit 1 ;;\n"
		  "esac\necho 'started without' >&2; exit 1\n",
		  "this QEMU has no -sandbox, so guests run without it\n"
		  "vmgenc-lab: QEMU ended with status 1; it said:\n    started without");
}

/* A file system of one MiB, seen by this process and its children only. */
static void no_space(void **state)
{
	(void)state;
	assert_int_equal(mount("none", directory, "tmpfs", 0, "size=1m"), 0);
	EXPECT(3, "no disk space", PROVE);
	assert_int_equal(umount(directory), 0);
	setenv("TMPDIR", "/nowhere", 1);
	EXPECT(3, "/nowhere", PROVE);
	setenv("TMPDIR", directory, 1);
}

static void wait_for_file(const char *pattern)
{
	char path[200];
	glob_t found;
	int missing = 1;

	sprintf(path, "%s/%s", directory, pattern);
	for (int tries = 0; tries < PATIENCE_S * 100 && missing; tries++) {
		missing = glob(path, 0, NULL, &found);
		globfree(&found);
		usleep(10000);
	}
	assert_int_equal(missing, 0);
}

static void fill(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	off_t at = 0;

	assert_true(fd >= 0);
	for (off_t size = 1 << 24; size >= 4096; size /= 2) {
		while (!posix_fallocate(fd, at, size))
			at += size;
	}
	close(fd);
}

/* Another takes the space that was there at first. Fails if the user has to guess that. */
static void space_runs_out(void **state)
{
	static struct run run;
	char path[100];

	(void)state;
	assert_int_equal(mount("none", directory, "tmpfs", 0, "size=512m"), 0);
	START(&run, PROVE, "--runs", "1000");
	run_wait_for(&run, "booting");
	wait_for_file("vmgenc-lab-run.*/source.top");
	sprintf(path, "%s/filler", directory);
	fill(path);
	run_end(&run, 3, "no disk space was left for its RAM");
}

#define GUEST "build/test/lab-guest"
#define HOSTILE "run", "--accel", "tcg", "--quiet", "--kernel", kernel, GUEST

/* Fails if a guest's nonsense is taken, or its words drive the terminal. */
static void hostile_guest(void **state)
{
	static struct run run;

	(void)state;
	EXPECT(125, "guest run: reports 18446744073709551615 bytes of output where at most",
	       HOSTILE, "stream");
	EXPECT(125, "guest run: has overwritten what the host told it", HOSTILE, "records");
	START(&run, HOSTILE, "escapes");
	run_end(&run, 125, "xxxxx: broken ?]0;yours??31m?\nits kernel's log ends with:");
	assert_null(memchr(run.text, '\033', run.used));
}

static int unmount(void **state)
{
	(void)state;
	return umount(directory);
}

/* Fails if results that were lost are a success. */
static void full_output(void **state)
{
	static struct run run;
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	run_output = full;
	START(&run, PROVE);
	run_output = -1;
	run_end(&run, 3, "cannot write to standard output: No space left");
	close(full);
}

/* Fails if a signal leaves a process or a file behind, at whatever stage. */
static void signals(void **state)
{
	static const char *const stages[] = {"booting", "cloning"};
	static struct run run;

	(void)state;
	for (int i = 0; i < 2; i++) {
		START(&run, PROVE, "--runs", "1000");
		run_wait_for(&run, stages[i]);
		usleep(300000);
		kill(run.pid, i ? SIGTERM : SIGINT);
		run_end(&run, 128 + (i ? SIGTERM : SIGINT), stages[i]);
	}
}

static pid_t child_of(pid_t pid)
{
	char path[64];
	int child = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	for (int tries = 0; tries < PATIENCE_S * 100 && !child; tries++) {
		FILE *f = fopen(path, "re");

		if (f && fscanf(f, "%d", &child) != 1)
			child = 0;
		if (f)
			fclose(f);
		usleep(10000);
	}
	return child;
}

static void has_line(pid_t pid, const char *file, const char *line)
{
	char path[64], text[4096];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	FILE *f = fopen(path, "re");

	assert_non_null(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	if (!strstr(text, line))
		fail_msg("no \"%s\" in: %s", line, text);
}

/* Fails if a QEMU that a guest took over could do what it likes: 2 is a filter of system calls. */
static void sandbox(void **state)
{
	static struct run run;

	(void)state;
	START(&run, PROVE, "--runs", "1000");
	run_wait_for(&run, "cloning");
	pid_t qemu = child_of(run.pid);

	has_line(qemu, "status", "Seccomp:\t2");
	/* 192 + 1 MiB of RAM, 32 above the exchange of 1 MiB. */
	has_line(qemu, "limits", "Max file size             236978176            236978176");
	kill(run.pid, SIGINT);
	run_end(&run, 128 + SIGINT, "cloning");
}

static void qemu_killed(void **state)
{
	static struct run run;

	(void)state;
	START(&run, PROVE, "--runs", "1000");
	run_wait_for(&run, "cloning");
	assert_int_equal(kill(child_of(run.pid), SIGKILL), 0);
	run_end(&run, 3, "QEMU was killed by signal 9");
}

/* Fails if QEMU outlives the lab, or the next run does not remove what is left. */
static void lab_killed(void **state)
{
	static struct run run;
	int status;

	(void)state;
	START(&run, PROVE, "--runs", "1000");
	run_wait_for(&run, "cloning");
	assert_int_equal(files_left(), 1);
	kill(run.pid, SIGKILL);
	while (run_read(&run))
		;
	close(run.output);
	while (wait(&status) > 0) /* the lab and its QEMU; the latter would stay for ever */
		;
	EXPECT(0, "Nothing judged", PROVE);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_usage),
		cmocka_unit_test(option_that_would_be_ignored),
		cmocka_unit_test(too_long_module_args),
		cmocka_unit_test(wrong_files),
		cmocka_unit_test(no_report_of_a_failed_run),
		cmocka_unit_test(freebsd_kernel_that_is_none),
		cmocka_unit_test(kernel_that_does_not_boot),
		cmocka_unit_test(kernel_that_waits),
		cmocka_unit_test(module_for_another_kernel),
		cmocka_unit_test(no_qemu),
		cmocka_unit_test(wrong_qemu),
		cmocka_unit_test(no_space),
		cmocka_unit_test_teardown(space_runs_out, unmount),
		cmocka_unit_test(hostile_guest),
		cmocka_unit_test(full_output),
		cmocka_unit_test(signals),
		cmocka_unit_test(sandbox),
		cmocka_unit_test(qemu_killed),
		cmocka_unit_test(lab_killed),
	};

	if ((argc != 3 && argc != 5) || tests_begin())
		return 2;
	kernel = argv[1];
	module = argv[2];
	other_module = argv[argc - 1];
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	tests_end();
	return failed;
}
