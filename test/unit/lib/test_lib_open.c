/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/lib: which files libvmgenc opens as a source, and what it says of others. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "held.h"
#include "lib_fixture.h"

#define NOBODY 65534

/* Fails if a failed open hands out something, or says another errno than vmgenc.h. */
static void refused(const char *source, int error)
{
	struct vmgenc *handle = (struct vmgenc *)&sim;

	assert_int_equal(vmgenc_open(&handle, source), error);
	assert_null(handle);
}

/* Fails if a name that is no source gets further than its first letters. */
static void names_that_are_no_source(void **state)
{
	static const char *const names[] = {"",
					    "dev",
					    "dev:",
					    "file:",
					    "/dev/vmgenc",
					    "DEV:/dev/vmgenc",
					    "vmclock:",
					    "vmclock/dev/vmclock0"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		refused(names[i], -EINVAL);
}

/* Fails if "it is not there" cannot be told from "it is something else". */
static void sources_that_are_not_there(void **state)
{
	char below[80];

	(void)state;
	snprintf(below, sizeof(below), "%s/below", sim.source);
	refused("file:/nonexistent/vmgenc", -ENODEV);
	refused("dev:/nonexistent/vmgenc", -ENODEV);
	refused("vmclock:/nonexistent/vmclock", -ENODEV);
	refused(below, -ENODEV);
}

/* Fails if the kind of the file is not looked at, or its magic is not. */
static void files_of_another_kind(void **state)
{
	char device[80];

	(void)state;
	snprintf(device, sizeof(device), "dev:%s", sim.path);
	refused(device, -EINVAL);
	refused("file:/tmp", -EINVAL);
	refused("file:/dev/zero", -EINVAL);
	refused("dev:/dev/zero", -EINVAL);
	refused("dev:/dev/null", -EINVAL);
}

/* Fails if a page is mapped that the file does not have: its first use would be SIGBUS. */
static void truncated_files(void **state)
{
	const size_t sizes[] = {2 * sim.page_size - 1,
				sim.page_size + 1,
				sim.page_size,
				sizeof(struct vmgenc_page),
				1,
				0};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_int_equal(truncate(sim.path, (off_t)sizes[i]), 0);
		refused(sim.source, -EINVAL);
	}
}

/* Fails if a field of the page's head is used unlooked-at. */
static void pages_with_wrong_heads(void **state)
{
	const struct vmgenc_page right = *sim.page;

	(void)state;
	sim.page->magic ^= 1;
	refused(sim.source, -EINVAL);
	*sim.page = right;
	sim.page->size = 95; /* it has been 96 from the first version on */
	refused(sim.source, -EINVAL);
	sim.page->size = (uint16_t)(sim.page_size + 1);
	refused(sim.source, -EINVAL);
	*sim.page = right;
	sim.page->version = 0;
	refused(sim.source, -EPROTO);
	sim.page->version = VMGENC_PAGE_VERSION + 1;
	refused(sim.source, -EPROTO);
	*sim.page = right;
	sim.page->generation = 0; /* a mark of zeros would have seen it */
	refused(sim.source, -EINVAL);
	*sim.page = right;
	sim.page->version = VMGENC_PAGE_VERSION + 1;
	sim.page->size = 0; /* another version may mean something else by it */
	refused(sim.source, -EPROTO);
}

/* Fails if an id outside the raw page or across two words is read, or the last place refused. */
static void places_of_the_id(void **state)
{
	const uint32_t wrong[] = {4, 0x41, (uint32_t)sim.page_size - 8, (uint32_t)sim.page_size,
				  UINT32_MAX - 7};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		sim.page->id_offset = wrong[i];
		refused(sim.source, -EINVAL);
	}
	sim.page->id_offset = (uint32_t)sim.page_size - VMGENC_ID_SIZE;
	open_file();
	assert_int_equal(status().guarantee, VMGENC_RACE_FREE);
}

static bool unreadable_is_eacces(void)
{
	struct vmgenc *handle;

	if (geteuid() == 0 && setresuid(NOBODY, NOBODY, NOBODY))
		return false;
	return vmgenc_open(&handle, sim.source) == -EACCES && !handle;
}

/* Fails if a user without permission gets the source, or is told that it does not exist. */
static void source_that_may_not_be_read(void **state)
{
	(void)state;
	assert_int_equal(chmod(sim.path, 0), 0);
	assert_int_equal(in_child(unreadable_is_eacces), 0);
}

/* Fails if VMGENC_SOURCE is not what NULL means, or overrides a source that is named. */
static void environment_names_the_source(void **state)
{
	(void)state;
	setenv("VMGENC_SOURCE", sim.source, 1);
	assert_int_equal(vmgenc_open(&vg, NULL), 0);
	assert_string_equal(status().source, sim.source);
	refused("file:/nonexistent/vmgenc", -ENODEV);
	setenv("VMGENC_SOURCE", "file:/nonexistent/vmgenc", 1);
	refused(NULL, -ENODEV);
	setenv("VMGENC_SOURCE", "", 1);
	refused(NULL, -EINVAL);
	unsetenv("VMGENC_SOURCE");
}

enum { FOLLOWED = 10, IGNORED = 11 };

/* main() when it is started as COPY opens-environment. */
static int opens_environment(void)
{
	struct vmgenc_status st = {.size = sizeof(st)};

	if (vmgenc_open(&vg, NULL) || vmgenc_status(vg, &st))
		return IGNORED;
	return strcmp(st.source, getenv("VMGENC_SOURCE")) ? IGNORED : FOLLOWED;
}

static int run_copy(const char *path, mode_t mode)
{
	pid_t pid;
	int code = -1;

	if (chmod(path, mode))
		return -1;
	pid = fork();
	if (pid == 0) {
		setenv("VMGENC_SOURCE", sim.source, 1);
		execl(path, path, "opens-environment", NULL);
		_exit(127);
	}
	waitpid(pid, &code, 0);
	return WIFEXITED(code) ? WEXITSTATUS(code) : -1;
}

/* Fails if a user who starts a set-user-id program can choose its source. */
static void environment_is_ignored_in_set_user_id_programs(void **state)
{
	char path[] = "/tmp/vmgenc-setuid.XXXXXX";
	struct statvfs fs;
	struct stat st;
	int from, to;

	(void)state;
	if (geteuid() != 0 || statvfs("/tmp", &fs) || fs.f_flag & (ST_NOSUID | ST_NOEXEC))
		skip();
	from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	to = mkstemp(path);
	assert_int_equal(fstat(from, &st), 0);
	assert_int_equal(sendfile(to, from, NULL, (size_t)st.st_size), st.st_size);
	assert_int_equal(fchown(to, NOBODY, NOBODY), 0);
	close(from);
	close(to);
	chmod(sim.path, 0644);
	int plain = run_copy(path, 0755), set_user_id = run_copy(path, 04755);

	unlink(path);
	assert_int_equal(plain, FOLLOWED);
	assert_int_equal(set_user_id, IGNORED);
}

/* Fails if close, or an open that fails at any depth, leaves a descriptor or a mapping. */
static void nothing_is_left_behind(void **state)
{
	int before = held_descriptors();

	(void)state;
	for (int i = 0; i < 3; i++) {
		open_file();
		assert_int_equal(held_descriptors(), before + 1);
		assert_int_equal(held_mappings(sim.name, " r--s "), 2);
		vmgenc_close(vg);
		refused("file:/tmp", -EINVAL);
		sim.page->version++;
		refused(sim.source, -EPROTO);
		sim.page->version--;
	}
	vg = NULL;
	vmgenc_close(NULL);
	assert_int_equal(held_descriptors(), before);
	assert_int_equal(held_mappings(sim.name, " r--s "), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(names_that_are_no_source),
		TEST(sources_that_are_not_there),
		TEST(files_of_another_kind),
		PLAIN(truncated_files),
		TEST(pages_with_wrong_heads),
		TEST(places_of_the_id),
		PLAIN(source_that_may_not_be_read),
		TEST(environment_names_the_source),
		PLAIN(environment_is_ignored_in_set_user_id_programs),
		TEST(nothing_is_left_behind),
	};

	if (argc == 2 && !strcmp(argv[1], "opens-environment"))
		_exit(opens_environment());
	return cmocka_run_group_tests_name("libvmgenc, open", tests, NULL, NULL);
}
