/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/lab: how vmgenc-lab chooses the accelerator, given KERNEL. /dev/kvm is a plain file in a
 * /dev that only this process sees, and test/lab/stand_in plays a QEMU whose kvm works, hangs ...
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"

#define NOBODY 65534
/* With STAND_IN_TCG unset the boot that follows the choice ends at once, and so does the test. */
#define PROVE "prove", "--draws", "1000", "--generator", "getrandom", "--kernel", kernel
#define CHOSEN_TCG "tcg was asked for"

static const char *given, *kernel; /* of this test */
static char log_file[100], cache[100];

static void make_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* Those nodes that shell and QEMU need. */
static int make_dev(void)
{
	static const char *const nodes[] = {"null", "zero", "full", "random", "urandom"};
	char dev[100], from[100], to[120];

	sprintf(dev, "%s/dev", directory);
	if (mkdir(dev, 0755) || mount("none", dev, "tmpfs", 0, "mode=755"))
		return 2;
	for (size_t i = 0; i < sizeof(nodes) / sizeof(*nodes); i++) {
		sprintf(from, "/dev/%s", nodes[i]);
		sprintf(to, "%s/%s", dev, nodes[i]);
		close(open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
		if (mount(from, to, NULL, MS_BIND, NULL))
			return 2;
	}
	return mount(dev, "/dev", NULL, MS_MOVE, NULL) ? 2 : 0;
}

static int make_stand_in(void)
{
	char bin[100], to[150], path[4096];

	sprintf(bin, "%s/bin", directory);
	sprintf(to, "cp test/lab/stand_in %s/qemu-system-x86_64", bin);
	sprintf(log_file, "%s/log", directory);
	sprintf(cache, "%s/cache", directory);
	snprintf(path, sizeof(path), "%s:%s", bin, getenv("PATH"));
	setenv("STAND_IN_LOG", log_file, 1);
	unsetenv("VMGENC_LAB_ACCEL");
	if (chmod(directory, 0755) || mkdir(bin, 0755) || system(to))
		return 2;
	return setenv("PATH", path, 1);
}

/*
 * Begins a case, also after one that failed: nothing is remembered, nothing was started, and kvm
 * does what the word says (NULL: there is no /dev/kvm).
 */
static void begin(const char *kvm)
{
	char command[150];

	kernel = given;
	run_user = geteuid();
	setenv("TMPDIR", directory, 1);
	setenv("XDG_CACHE_HOME", cache, 1);
	unsetenv("VMGENC_LAB_ACCEL");
	unlink("/dev/kvm");
	if (kvm) {
		make_file("/dev/kvm", "");
		setenv("STAND_IN_KVM", kvm, 1);
	}
	unsetenv("STAND_IN_TCG");
	sprintf(command, "rm -rf %s", cache);
	assert_int_equal(system(command), 0);
	make_file(log_file, "");
	assert_int_equal(chmod(log_file, 0666), 0);
}

static int times_started(const char *accel)
{
	FILE *f = fopen(log_file, "re");
	char line[32];
	int n = 0;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		n += !strncmp(line, accel, strlen(accel));
	fclose(f);
	return n;
}

static void assert_said(const struct run *run, const char *text)
{
	if (!strstr(run->text, text))
		fail_msg("no \"%s\" in: %s", text, run->text);
}

/* Fails if a wrong word is taken, or the variable counts where an option overrides it. */
static void wrong_words(void **state)
{
	(void)state;
	begin(NULL);
	setenv("VMGENC_LAB_ACCEL", "foo", 1);
	EXPECT(2, "VMGENC_LAB_ACCEL is auto, kvm or tcg, not foo", PROVE);
	EXPECT(125, "VMGENC_LAB_ACCEL is auto, kvm or tcg, not foo", "run", "--kernel", kernel,
	       LAB);
	EXPECT(3, CHOSEN_TCG, PROVE, "--accel", "tcg");
	EXPECT(3, "cannot read /nowhere.json", "report", "/nowhere.json");
	setenv("VMGENC_LAB_ACCEL", "", 1);
	EXPECT(3, "accelerator tcg: there is no /dev/kvm", PROVE);
	unsetenv("VMGENC_LAB_ACCEL");
}

/* Fails if the missing device is not named, or kvm is used, or not, against the user's word. */
static void no_kvm(void **state)
{
	(void)state;
	begin(NULL);
	EXPECT(3, "accelerator tcg: there is no /dev/kvm", PROVE);
	EXPECT(3, CHOSEN_TCG, PROVE);
	EXPECT(3, "cannot use kvm: there is no /dev/kvm", PROVE, "--accel", "kvm");
	EXPECT(125, "cannot use kvm: there is no /dev/kvm", "run", "--accel", "kvm", "--kernel",
	       kernel, LAB);
	setenv("VMGENC_LAB_ACCEL", "kvm", 1);
	EXPECT(3, "cannot use kvm: there is no /dev/kvm", PROVE);
	EXPECT(3, CHOSEN_TCG, PROVE, "--accel", "auto");
	unsetenv("VMGENC_LAB_ACCEL");
	assert_int_equal(times_started("kvm"), 0);
	assert_int_equal(access(cache, F_OK), -1);
}

/* Fails if a user who may not open it is not told how to get there. */
static void no_permission(void **state)
{
	char copy[100], command[400];

	(void)state;
	begin("works");
	assert_int_equal(chmod("/dev/kvm", 0), 0);
	sprintf(copy, "%s/tmp", directory);
	sprintf(command, "cp %s %s/kernel && chmod 644 %s/kernel && mkdir -m 1777 %s", kernel,
		directory, directory, copy);
	assert_int_equal(system(command), 0);
	setenv("TMPDIR", copy, 1);
	sprintf(copy, "%s/kernel", directory);
	kernel = copy;
	run_user = geteuid() ? geteuid() : NOBODY; /* root may do anything */
	EXPECT(3, "accelerator tcg: no permission on /dev/kvm: join group kvm", PROVE);
	EXPECT(3, "cannot use kvm: no permission on /dev/kvm: join group kvm", PROVE, "--accel",
	       "kvm");
	assert_int_equal(times_started("kvm"), 0);
}

/* Fails if QEMU's words are lost, or what was found out is not said again or found out again. */
static void kvm_dies(void **state)
{
	static struct run run;

	(void)state;
	begin("dies");
	START(&run, PROVE);
	run_end(&run, 3, CHOSEN_TCG);
	assert_said(&run, "accelerator tcg: kvm does not run ");
	assert_said(&run, "error: failed to set MSR 0x48f");
	assert_said(&run, "found out in ");
	assert_int_equal(times_started("kvm"), 1);
	START(&run, PROVE);
	run_end(&run, 3, CHOSEN_TCG);
	assert_said(&run, "error: failed to set MSR 0x48f");
	assert_said(&run, "remembered in ");
	EXPECT(3, "cannot use kvm: kvm does not run ", PROVE, "--accel", "kvm");
	assert_int_equal(times_started("kvm"), 1);
	assert_int_equal(times_started("tcg"), 2);
}

/*
 * Without a PATH, as PID 1 of a guest has none, execvp(3) still finds QEMU, the real one here.
 * Fails if the guest then runs without the kvm that was asked for.
 */
static void no_path(void **state)
{
	char *path = strdup(getenv("PATH"));

	(void)state;
	begin("works");
	unsetenv("PATH");
	EXPECT(3, "cannot use kvm: kvm does not run ", PROVE, "--accel", "kvm");
	EXPECT(125, "cannot use kvm: kvm does not run ", "run", "--accel", "kvm", "--kernel",
	       kernel, LAB);
	setenv("PATH", path, 1);
	free(path);
}

static void open_file(char *path)
{
	char pattern[150];
	glob_t found;

	sprintf(pattern, "%s/vmgenc/kvm-*", cache);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	strcpy(path, found.gl_pathv[0]);
	globfree(&found);
}

static void replace(const char *path, const char *from, const char *to)
{
	char text[2000] = "";
	FILE *f = fopen(path, "re");

	assert_non_null(f);
	assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
	fclose(f);
	char *at = strstr(text, from);

	assert_non_null(at);
	memcpy(at, to, strlen(to));
	make_file(path, text);
}

static void truncated(const char *path)
{
	assert_int_equal(truncate(path, 100), 0);
}

static void garbage(const char *path)
{
	make_file(path, "kvm is fine, believe me\n");
}

static void other_verdict(const char *path)
{
	replace(path, "\nfails: ", "\nperhaps");
}

static void other_boot(const char *path)
{
	replace(path, "\nboot ", "\nboot 0");
}

static void other_user(const char *path)
{
	assert_int_equal(chown(path, NOBODY, NOBODY), 0);
}

static void second_name(const char *path)
{
	char other[300];

	sprintf(other, "%s.other", path);
	assert_int_equal(link(path, other), 0);
}

static void a_link(const char *path)
{
	char target[300];

	sprintf(target, "%s.target", path);
	make_file(target, "not to be written");
	assert_int_equal(unlink(path) || symlink(target, path), 0);
}

static void a_fifo(const char *path)
{
	assert_int_equal(unlink(path) || mkfifo(path, 0600), 0);
}

static void a_directory(const char *path)
{
	assert_int_equal(unlink(path) || mkdir(path, 0700), 0);
}

/* Its directory: of another user, and one that cannot be written. */
static void foreign_directory(const char *path)
{
	char name[300];

	sprintf(name, "%.*s", (int)(strrchr(path, '/') - path), path);
	assert_int_equal(chown(name, NOBODY, NOBODY), 0);
}

static void no_directory(const char *path)
{
	char command[300];

	(void)path;
	sprintf(command, "rm -rf %s && touch %s", cache, cache);
	assert_int_equal(system(command), 0);
}

static void read_only(const char *path)
{
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mount(cache, cache, NULL, MS_BIND, NULL), 0);
	assert_int_equal(mount(NULL, cache, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), 0);
}

/* Fails if such a file is believed, followed, waited for, or anything but one sentence long. */
static void remembered_wrongly(void **state)
{
	static const struct {
		void (*spoil)(const char *path);
		const char *says;
	} rows[] = {
		{truncated, "is damaged, so kvm is tried again"},
		{garbage, "is damaged, so kvm is tried again"},
		{other_verdict, "is damaged, so kvm is tried again"},
		{other_boot, "found out in"},
		{other_user, "belongs to another user, so the result of trying kvm"},
		{second_name, "has a second name, so the result of trying kvm"},
		{a_link, "is a link, so the result of trying kvm"},
		{a_fifo, "is neither a file nor a directory, so the result of trying kvm"},
		{a_directory, "Is a directory, so the result of trying kvm"},
		{foreign_directory, "belongs to another user, so the result of trying kvm"},
		{no_directory, "Not a directory, so the result of trying kvm"},
		{read_only, "Read-only file system, so the result of trying kvm"},
	};
	static struct run run;
	char path[300];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (geteuid() &&
		    (rows[i].spoil == other_user || rows[i].spoil == foreign_directory))
			continue;
		begin("dies");
		EXPECT(3, "found out in", PROVE);
		open_file(path);
		rows[i].spoil(path);
		START(&run, PROVE);
		run_end(&run, 3, CHOSEN_TCG);
		if (rows[i].spoil == read_only)
			assert_int_equal(umount(cache), 0);
		assert_said(&run, rows[i].says);
		assert_said(&run, "error: failed to set MSR 0x48f (found out in");
		assert_int_equal(times_started("kvm"), 2);
	}
}

/* Fails if what was found out of one kernel, or of one QEMU, is taken for another's. */
static void of_another(void **state)
{
	char other[100], command[300];

	(void)state;
	begin("dies");
	EXPECT(3, "found out in", PROVE);
	sprintf(other, "%s/other", directory);
	sprintf(command, "cp %s %s && echo >>%s", kernel, other, other);
	assert_int_equal(system(command), 0);
	kernel = other;
	EXPECT(3, "found out in", PROVE);
	EXPECT(3, "remembered in", PROVE);
	kernel = given;
	EXPECT(3, "remembered in", PROVE);
	sprintf(command, "touch -d 2001-01-01 %s/bin/qemu-system-x86_64", directory);
	assert_int_equal(system(command), 0);
	EXPECT(3, "found out in", PROVE);
}

/* Fails if the message does not say that neither runs it, or the lab waits longer than asked. */
static void neither(void **state)
{
	static struct run run;
	char path[100];

	(void)state;
	write_cut_kernel(given, path);
	begin("dies");
	setenv("STAND_IN_TCG", "real", 1);
	kernel = path;
	START(&run, PROVE, "--timeout", "3");
	run_end(&run, 4, ", which kvm does not run here either, ");
	unlink(path);
}

/* Fails if a signal in the middle of the trial leaves a process, a file or a verdict behind. */
static void interrupted(void **state)
{
	static struct run run;

	(void)state;
	begin("hangs");
	START(&run, PROVE);
	run_wait_for(&run, "once under kvm");
	usleep(300000);
	kill(run.pid, SIGINT);
	run_end(&run, 128 + SIGINT, "");
	setenv("STAND_IN_KVM", "dies", 1);
	EXPECT(3, "found out in", PROVE);
}

static void print_line(const struct run *run)
{
	const char *line = strstr(run->text, "accelerator ");

	print_message("           %.*s\n", (int)strcspn(line, "\n"), line);
}

/* What pauses the slow stand-in is a process of its own, which this one adopts and which ends soon.
 */
static void all_end(void)
{
	for (int i = 0; i < 600; i++) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);

		if (pid < 0 && errno == ECHILD)
			return;
		if (!pid)
			usleep(100000);
	}
	fail_msg("a process was left running");
}

/*
 * All at once, since most of it is waiting. Fails if a kvm that runs no kernel is taken, one that
 * is slow or pauses is not, two labs both try, or the next lab tries again.
 */
static void hangs_and_slow(void **state)
{
	static struct run hangs[2], slow;
	char slow_cache[120];

	(void)state;
	begin("hangs");
	START(&hangs[0], PROVE);
	START(&hangs[1], PROVE);
	sprintf(slow_cache, "%s/slow", directory);
	setenv("XDG_CACHE_HOME", slow_cache, 1);
	setenv("STAND_IN_KVM", "slow", 1);
	START(&slow, "run", "--kernel", kernel, "build/vmgenc", "--help");
	setenv("STAND_IN_KVM", "hangs", 1);
	setenv("XDG_CACHE_HOME", cache, 1);
	run_end_one(&slow, 0, "usage: vmgenc");
	assert_said(&slow, "accelerator kvm: kvm runs ");
	run_end_one(&hangs[0], 3, CHOSEN_TCG);
	run_end_one(&hangs[1], 3, CHOSEN_TCG);
	all_end();
	assert_int_equal(files_left(), 0);
	for (int i = 0; i < 2; i++) {
		assert_said(&hangs[i], "accelerator tcg: kvm does not run ");
		assert_said(&hangs[i], "silent for 20 s, last output: nothing");
		print_line(&hangs[i]);
	}
	print_line(&slow);
	assert_int_equal(times_started("kvm"), 1 + 2);
	EXPECT(3, "remembered in", PROVE);
	assert_int_equal(times_started("kvm"), 1 + 2);
	assert_int_equal(times_started("tcg"), 3);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_words),	 cmocka_unit_test(no_kvm),
		cmocka_unit_test(no_permission), cmocka_unit_test(kvm_dies),
		cmocka_unit_test(no_path),	 cmocka_unit_test(remembered_wrongly),
		cmocka_unit_test(of_another),	 cmocka_unit_test(neither),
		cmocka_unit_test(interrupted),	 cmocka_unit_test(hangs_and_slow),
	};

	if (argc != 2 || tests_begin())
		return 2;
	given = argv[1];
	int failed = 2;

	if (make_dev() || make_stand_in())
		perror("test/lab: a /dev and a QEMU to stand in");
	else
		failed = cmocka_run_group_tests(tests, NULL, NULL);
	tests_end();
	return failed;
}
