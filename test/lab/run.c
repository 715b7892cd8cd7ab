/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/lab: the process of one vmgenc-lab, from its start to what it left.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"

char directory[] = "/tmp/vmgenc-test-lab.XXXXXX";
int run_output = -1;
uid_t run_user;

void run_start(struct run *run, const char *const *arguments)
{
	int ends[2];

	memset(run, 0, sizeof(*run));
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	run->pid = fork();
	if (!run->pid) {
		int lab = open(LAB, O_RDONLY); /* now: another user may not get to it */

		dup2(run_output >= 0 ? run_output : ends[1], 1);
		dup2(ends[1], 2);
		if (run_user != geteuid() && (setgid(run_user) || setuid(run_user)))
			_exit(98);
		fexecve(lab, (char *const *)arguments, environ);
		_exit(99);
	}
	close(ends[1]);
	assert_true(run->pid > 0);
	run->output = ends[0];
}

bool run_read(struct run *run)
{
	struct pollfd p = {.fd = run->output, .events = POLLIN};
	ssize_t n;

	if (poll(&p, 1, PATIENCE_S * 1000) != 1)
		fail_msg("it hangs; it said: %s", run->text);
	n = read(run->output, run->text + run->used, sizeof(run->text) - 1 - run->used);
	run->used += n > 0 ? (size_t)n : 0;
	return n > 0;
}

void run_wait_for(struct run *run, const char *text)
{
	while (!strstr(run->text, text)) {
		if (!run_read(run))
			fail_msg("it never said \"%s\" but: %s", text, run->text);
	}
}

/* Every file of a run is in a directory of this name below TMPDIR. */
int files_left(void)
{
	DIR *d = opendir(directory);
	struct dirent *entry;
	int left = 0;

	assert_non_null(d);
	while ((entry = readdir(d)))
		left += !strncmp(entry->d_name, "vmgenc-lab", 10);
	closedir(d);
	return left;
}

void run_end_one(struct run *run, int code, const char *text)
{
	int status;

	while (run_read(run))
		;
	close(run->output);
	assert_int_equal(waitpid(run->pid, &status, 0), run->pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != code)
		fail_msg("wait status %#x instead of exit code %d: %s", status, code, run->text);
	if (!strstr(run->text, text))
		fail_msg("no \"%s\" in: %s", text, run->text);
}

/* This process adopts what the lab leaves running, so it would be there to wait for. */
void run_end(struct run *run, int code, const char *text)
{
	int status;

	run_end_one(run, code, text);
	if (waitpid(-1, &status, WNOHANG) != -1 || errno != ECHILD)
		fail_msg("a process was left running");
	assert_int_equal(files_left(), 0);
}

void write_file(const void *bytes, size_t size, char *path)
{
	sprintf(path, "%s/file", directory);
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
}

void write_cut_kernel(const char *kernel, char *path)
{
	static char image[1 << 20];
	FILE *f = fopen(kernel, "re");

	assert_non_null(f);
	assert_int_equal(fread(image, 1, 32768, f), 32768);
	fclose(f);
	write_file(image, sizeof(image), path);
}

int tests_begin(void)
{
	char path[100];

	run_user = geteuid();
	if (!mkdtemp(directory)) {
		perror("test/lab: a directory");
		return 2;
	}
	setenv("TMPDIR", directory, 1);
	/* What runs here finds out about kvm is not for others. */
	sprintf(path, "%s/cache", directory);
	setenv("XDG_CACHE_HOME", path, 1);
	alarm(20 * PATIENCE_S);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	/* What is mounted here is for this process and its children alone. */
	if (unshare(geteuid() ? CLONE_NEWUSER | CLONE_NEWNS : CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL)) {
		perror("test/lab: a mount namespace");
		return 2;
	}
	return 0;
}

void tests_end(void)
{
	pid_t pid = fork();

	if (!pid) {
		execlp("rm", "rm", "-rf", directory, NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}
