/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/dist: what the tests of the shipped hooks share: a machine that is empty but for a
 * test's files, in a mount namespace, and stand-ins for its tools. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tree_fixture.h"

static const char *const covered[] = {"/etc", "/var/lib",  "/run", "/boot", "/usr/local/sbin",
				      "/dev", "/sys/class"};
#define COVERED (sizeof(covered) / sizeof(*covered))

char tree[64], hooks[80], state_file[80], text[65536];
static char hidden[4][128];
static size_t hidden_count;
struct simfile sim;
struct result result;

void shell(const char *format, ...)
{
	char command[600];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	if (system(command))
		fail_msg("%s", command);
}

/* As little as ssh-keygen needs: users, and where libraries are; and /dev with three nodes. */
int tree_setup(void **state)
{
	(void)state;
	snprintf(tree, sizeof(tree), "/tmp/vmgenc-tree.XXXXXX");
	if (!mkdtemp(tree) || simfile_create_plain(&sim))
		return -1;
	snprintf(hooks, sizeof(hooks), "%s/hooks", tree);
	snprintf(state_file, sizeof(state_file), "%s/state", tree);
	shell("cd %s && mkdir -p hooks etc var/lib run boot usr/local/sbin dev sys/class && "
	      "cp /etc/passwd /etc/group /etc/nsswitch.conf /etc/ld.so.cache etc && "
	      "for n in null zero urandom; do touch dev/$n; mount --bind /dev/$n dev/$n; done",
	      tree);
	for (size_t i = 0; i < COVERED; i++) {
		char from[128];

		snprintf(from, sizeof(from), "%s%s", tree, covered[i]);
		if (mount(from, covered[i], NULL, MS_BIND | MS_REC, NULL))
			return -1;
	}
	return 0;
}

int tree_teardown(void **state)
{
	(void)state;
	while (hidden_count > 0)
		umount(hidden[--hidden_count]);
	for (size_t i = COVERED; i-- > 0;)
		umount2(covered[i], MNT_DETACH);
	shell("umount %s/dev/* 2>/dev/null; rm -rf --one-file-system %s", tree, tree);
	simfile_remove(&sim);
	return 0;
}

void put(const char *path, const char *what)
{
	shell("mkdir -p $(dirname %s) && printf '%%s' '%s' >%s", path, what, path);
}

const char *of(const char *path)
{
	return read_file("", path, text);
}

bool is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

void enable(const char *name)
{
	shell("install -m 755 dist/hooks/%s %s/", name, hooks);
}

/* A name in PATH that is no program any more: nothing is run, and command -v does not find it. */
void hide(const char *tool)
{
	for (const char *const *d = (const char *const[]){"/usr/bin", "/usr/sbin", NULL}; *d; d++) {
		char *path = hidden[hidden_count];

		snprintf(path, sizeof(hidden[0]), "%s/%s", *d, tool);
		if (is_there(path) && !mount("/dev/null", path, NULL, MS_BIND, NULL))
			hidden_count++;
	}
}

/* Not the tool: notes how it is called, and answers as the test wants. */
void stand_in(const char *tool, const char *answer)
{
	char script[400];

	snprintf(script, sizeof(script), "#!/bin/sh\necho %s \"$@\" >>" STAND_IN "\n%s\n", tool,
		 answer);
	write_file("/usr/local/sbin", tool, script, 0755);
}

void once(void)
{
	RUN(&result, "hooks", hooks, "--once", "--state", state_file, "--source", sim.source);
}

/* The template's start, which only takes note; then a clone of it. */
int cloned(void)
{
	once();
	assert_int_equal(result.code, 0);
	simfile_bump(&sim);
	once();
	return result.code;
}

void says(const char *what)
{
	if (!strstr(result.err, what))
		fail_msg("\"%s\" is not in:\n%s", what, result.err);
}

void has_mode(const char *path, mode_t mode)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
}

int tree_run(int (*run)(void))
{
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL)) {
		printf("no mount namespace is to be had: %s\n", strerror(errno));
		return SKIPPED;
	}
	return run();
}
