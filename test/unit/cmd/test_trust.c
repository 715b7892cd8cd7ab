/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/cmd: what somebody else could put in the place of what root runs, reads or writes is
 * refused, and what was judged is what runs, also while he exchanges it. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd_fixture.h"

#define NOBODY 65534
#define RACES 60

static char app[96], hooks[128], state_file[128];

static void needs_root(void)
{
	if (geteuid() == 0)
		return;
	printf("# skipped: it needs root, to have files of another user\n");
	skip();
}

/* scratch is root's and closed to others but for passing through; app is somebody else's. */
static int setup(void **unused)
{
	if (cmd_setup(unused))
		return -1;
	snprintf(app, sizeof(app), "%s/app", scratch);
	snprintf(hooks, sizeof(hooks), "%s/hooks", app);
	snprintf(state_file, sizeof(state_file), "%s/state", scratch);
	return chmod(scratch, 0711) || mkdir(app, 0755) || mkdir(hooks, 0755);
}

static int once(void)
{
	RUN(&result, "hooks", hooks, "--once", "--state", state_file, "--source", sim.source);
	return result.code;
}

static const char *in(const char *directory, const char *name)
{
	static char paths[32][256];
	static unsigned int next;
	char *path = paths[next++ % 32];

	snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	return path;
}

/* A hook that says whose it is; the evil one is written by its owner-to-be. */
static void script(const char *directory, const char *name, const char *word, uid_t owner)
{
	char body[256];

	snprintf(body, sizeof(body), "#!/bin/sh\necho %s $(id -u) >>%s/done\n", word, scratch);
	write_file(directory, name, body, 0755);
	assert_int_equal(chown(in(directory, name), owner, owner), 0);
}

static const char *done(void)
{
	return read_file(scratch, "done", text);
}

/* Runs the hooks again and again, until those of another ran or it was tried often enough. */
static void change_until_evil(void)
{
	for (int i = 0; i < RACES && !strstr(done(), "evil"); i++) {
		simfile_bump(&sim);
		once();
	}
}

/* Somebody else exchanges two names for as long as he is let. */
static pid_t exchange(const char *one, const char *other)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	if (setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY))
		_exit(1);
	for (;;)
		renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE);
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/*
 * A sticky directory keeps others from renaming what is not theirs, but not its owner. Fails if
 * the owner of one above the hooks gets his program run as root.
 */
static void owner_of_a_sticky_directory(void **unused)
{
	const char *evil = in(app, "evil");
	pid_t pid;

	(void)unused;
	needs_root();
	script(hooks, "a", "good", 0);
	assert_int_equal(mkdir(evil, 0755), 0);
	script(evil, "a", "evil", NOBODY);
	assert_int_equal(chown(evil, NOBODY, NOBODY), 0);
	once(); /* the first only takes note of the generation */
	assert_int_equal(chown(app, NOBODY, NOBODY) || chmod(app, 01755), 0);
	pid = exchange(hooks, evil);
	change_until_evil();
	end(pid);
	assert_null(strstr(done(), "evil 0"));
}

/* Fails if a link of root's into somebody else's directory is followed to what he puts there. */
static void link_into_a_directory_of_another(void **unused)
{
	const char *good = in(app, "good"), *evil = in(app, "evil");
	pid_t pid;

	(void)unused;
	needs_root();
	assert_int_equal(rename(hooks, in(scratch, "hooks")), 0);
	snprintf(hooks, sizeof(hooks), "%s/hooks", scratch);
	script(app, "good", "good", 0);
	script(app, "evil", "evil", NOBODY);
	assert_int_equal(symlink(good, in(hooks, "a")), 0);
	once();
	assert_int_equal(chown(app, NOBODY, NOBODY), 0);
	pid = exchange(good, evil);
	change_until_evil();
	end(pid);
	assert_null(strstr(done(), "evil 0"));
}

/* Fails unless it ends with this code and one sentence that has both words. */
static void refused(int code, const char *what, const char *why)
{
	assert_int_equal(code, 3);
	assert_int_equal(count_of(result.err, "\n"), 1);
	assert_non_null(strstr(result.err, what));
	assert_non_null(strstr(result.err, why));
}

/* Fails if a directory on the way is not judged, or the sentence names another than the wrong one.
 */
static void every_directory_on_the_way(void **unused)
{
	const struct {
		uid_t owner;
		mode_t mode;
		const char *why;
	} wrong[] = {
		{NOBODY, 0755, "app is owned by another user than root"},
		{NOBODY, 01755, "(mode 1755, owner 65534)"},
		{NOBODY, 01777, "app is owned by another user than root"},
		{0, 0775, "app is writable by its group (mode 0775, owner 0)"},
		{0, 0757, "app is writable by everyone"},
	};

	(void)unused;
	needs_root();
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(chown(app, wrong[i].owner, 0) || chmod(app, wrong[i].mode), 0);
		refused(once(), hooks, wrong[i].why);
	}
	assert_int_equal(chown(app, 0, 0) || chmod(app, 01777), 0);
	assert_int_equal(once(), 0); /* root's and sticky, as /tmp is */
}

/* Fails if links are not walked as directories are, or what they lead through is not judged. */
static void links_on_the_way(void **unused)
{
	const char *link = in(scratch, "link"), *loop = in(scratch, "loop");

	(void)unused;
	needs_root();
	script(hooks, "a", "good", 0);
	assert_int_equal(symlink("app/../app/./hooks//", link) || symlink("loop", loop), 0);
	snprintf(hooks, sizeof(hooks), "%s", link);
	assert_int_equal(once(), 0);
	simfile_bump(&sim);
	assert_int_equal(once(), 0);
	assert_string_equal(done(), "good 0\n");
	assert_int_equal(lchown(link, NOBODY, NOBODY), 0);
	refused(once(), "link is owned by another user", "owner 65534");
	assert_int_equal(lchown(link, 0, 0) || chown(app, NOBODY, 0), 0);
	refused(once(), link, "app is owned by another user");
	snprintf(hooks, sizeof(hooks), "%s/x", loop);
	refused(once(), loop, "Too many levels of symbolic links");
}

/* Fails if a hook of another's, or behind his directory, runs or keeps the others from running. */
static void hooks_of_another(void **unused)
{
	(void)unused;
	needs_root();
	script(scratch, "20", "good", 0);
	script(app, "evil", "evil", NOBODY);
	assert_int_equal(symlink("../evil", in(hooks, "10-evil")), 0);
	assert_int_equal(symlink("../../20", in(hooks, "20-good")), 0);
	assert_int_equal(once(), 0);
	simfile_bump(&sim);
	assert_int_equal(once(), 1);
	assert_non_null(strstr(result.err, "hook 10-evil: refused, since "));
	assert_non_null(strstr(result.err, "app/evil is owned by another user"));
	assert_string_equal(done(), "good 0\n");
}

/* Fails if a program or a script is run by another look-up of its name, or what is no hook fails.
 */
static void programs_and_scripts(void **unused)
{
	(void)unused;
	script(hooks, "10-script", "good $0", geteuid());
	assert_int_equal(symlink("/bin/true", in(hooks, "20-program")), 0);
	assert_int_equal(mkfifo(in(hooks, "30-fifo"), 0755) || mkdir(in(hooks, "40-dir"), 0755), 0);
	assert_int_equal(once(), 0);
	simfile_bump(&sim);
	assert_int_equal(once(), 0);
	assert_non_null(strstr(result.err, "20-program done"));
	assert_int_equal(count_of(done(), "good /dev/fd/"), 1);
}

/* Fails if a script needs /proc, whose /dev/fd names it to its interpreter. */
static void scripts_without_proc(void **unused)
{
	char command[1024];

	(void)unused;
	needs_root();
	script(hooks, "a", "good", 0);
	assert_int_equal(once(), 0);
	simfile_bump(&sim);
	snprintf(command, sizeof(command),
		 "umount -l /proc && test ! -e /dev/fd/0 || exit 77; exec " PROGRAM
		 " hooks %s --once --state %s --source %s",
		 hooks, state_file, sim.source);
	program_run(&result, (const char *const[]){"/usr/bin/unshare", "-m", "/bin/sh", "-c",
						   command, NULL});
	if (result.code == 77 || strstr(result.err, "unshare")) {
		printf("# skipped: /proc cannot be unmounted here\n");
		skip();
	}
	assert_int_equal(result.code, 0);
	assert_string_equal(done(), "good 0\n");
}

/* Fails if a record or a lock is taken from somebody else, or through a link. */
static void record_of_another(void **unused)
{
	static const char *const names[] = {"state", "state.lock"};

	(void)unused;
	needs_root();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *path = in(scratch, names[i]);

		write_file(scratch, names[i], "{}", 0644);
		assert_int_equal(chown(path, NOBODY, NOBODY), 0);
		refused(once(), path, "is owned by another user");
		assert_int_equal(chown(path, 0, 0) || chmod(path, 0666), 0);
		refused(once(), path, "is writable by everyone");
		assert_int_equal(unlink(path) || symlink("/etc/passwd", path), 0);
		refused(once(), path, "is a symbolic link");
		assert_int_equal(unlink(path) || mkfifo(path, 0600), 0);
		refused(once(), path, "is not a regular file");
		assert_int_equal(unlink(path), 0);
	}
}

/* Fails if the record lies where somebody else can put another; or what he left is written to. */
static void record_below_another(void **unused)
{
	(void)unused;
	needs_root();
	snprintf(state_file, sizeof(state_file), "%s/state", app);
	snprintf(hooks, sizeof(hooks), "%s/h", scratch);
	assert_int_equal(mkdir(hooks, 0755) || chown(app, NOBODY, 0), 0);
	refused(once(), app, "is owned by another user");
	assert_int_equal(chown(app, 0, 0) || chmod(app, 0777), 0);
	refused(once(), app, "is writable by everyone");
	assert_int_equal(chmod(app, 01777), 0);
	write_file(scratch, "victim", "precious", 0644);
	assert_int_equal(link(in(scratch, "victim"), in(app, "state.new")), 0);
	assert_int_equal(once(), 0);
	assert_string_equal(read_file(scratch, "victim", text), "precious");
	assert_non_null(strstr(read_file(app, "state", text), "\"generation\": 1"));
}

/* Fails if a simulation that others could have written has root run hooks. */
static void source_of_another(void **unused)
{
	(void)unused;
	needs_root();
	assert_int_equal(chown(sim.path, NOBODY, NOBODY), 0);
	refused(once(), sim.path, "is owned by another user");
	RUN(&result, "status", "--source", sim.source, "--state", state_file);
	assert_int_equal(result.code, 0); /* which only looks */
}

/* Fails if vmgenc sim, run by root, writes to what somebody else put there. */
static void simulation_of_another(void **unused)
{
	const char *path = in(app, "vm");

	(void)unused;
	needs_root();
	write_file(scratch, "victim", "precious", 0644);
	assert_int_equal(symlink(in(scratch, "victim"), path), 0);
	RUN(&result, "sim", path, "reset");
	refused(result.code, path, "is a symbolic link");
	assert_int_equal(unlink(path) || chown(app, NOBODY, 0), 0);
	RUN(&result, "sim", path, "create");
	refused(result.code, app, "is owned by another user");
	assert_string_equal(read_file(scratch, "victim", text), "precious");
}

/* Fails if root writes into a file of its own to which somebody else made a link. */
static void other_names_of_a_file(void **unused)
{
	static const char *const names[] = {"state.lock", "vm"};

	(void)unused;
	write_file(scratch, "victim", "precious", 0644);
	snprintf(state_file, sizeof(state_file), "%s/state", app);
	snprintf(hooks, sizeof(hooks), "%s/h", scratch);
	assert_int_equal(mkdir(hooks, 0755) || chmod(app, 01777), 0);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(link(in(scratch, "victim"), in(app, names[i])), 0);
	refused(once(), in(app, "state.lock"), "has 3 names");
	if (geteuid() == 0) {
		RUN(&result, "sim", in(app, "vm"), "reset");
		refused(result.code, in(app, "vm"), "has 3 names");
	}
	assert_string_equal(read_file(scratch, "victim", text), "precious");
}

/* Fails if what a hook has mounted in its private directory is emptied with it. */
static void mounts_in_a_private_directory(void **unused)
{
	char body[1024], command[1024];

	(void)unused;
	needs_root();
	snprintf(body, sizeof(body),
		 "#!/bin/sh\nmkdir $VMGENC_SCRATCH/below && "
		 "mount --bind %s $VMGENC_SCRATCH/below && echo mounted >>%s/done\n",
		 app, scratch);
	write_file(app, "victim", "precious", 0644);
	write_file(hooks, "a", body, 0755);
	assert_int_equal(once(), 0);
	simfile_bump(&sim);
	snprintf(command, sizeof(command),
		 "exec " PROGRAM " hooks %s --once --state %s --source %s", hooks, state_file,
		 sim.source);
	program_run(&result, (const char *const[]){"/usr/bin/unshare", "-m", "/bin/sh", "-c",
						   command, NULL});
	if (!strstr(done(), "mounted")) {
		printf("# skipped: nothing can be mounted here\n");
		skip();
	}
	assert_string_equal(read_file(app, "victim", text), "precious");
	assert_non_null(strstr(result.err, "where a hook worked, cannot be removed"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, cmd_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(owner_of_a_sticky_directory),
		TEST(link_into_a_directory_of_another),
		TEST(every_directory_on_the_way),
		TEST(links_on_the_way),
		TEST(hooks_of_another),
		TEST(programs_and_scripts),
		TEST(scripts_without_proc),
		TEST(record_of_another),
		TEST(record_below_another),
		TEST(source_of_another),
		TEST(simulation_of_another),
		TEST(other_names_of_a_file),
		TEST(mounts_in_a_private_directory),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("trust", tests, NULL, NULL);
}
