/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/lib: what the tests of libvmgenc's file: source share: the file, and a handle of it. */
#include <sys/wait.h>
#include <unistd.h>

#include "lib_fixture.h"

struct simfile sim;
struct vmgenc *vg;

int make_file(void **state)
{
	(void)state;
	return simfile_create(&sim);
}

int make_plain_file(void **state)
{
	(void)state;
	return simfile_create_plain(&sim);
}

int remove_file(void **state)
{
	(void)state;
	vmgenc_close(vg);
	vg = NULL;
	simfile_remove(&sim);
	return 0;
}

void open_file(void)
{
	assert_int_equal(vmgenc_open(&vg, sim.source), 0);
	assert_non_null(vg);
}

struct vmgenc_status status(void)
{
	struct vmgenc_status st = {.size = sizeof(st)};

	assert_int_equal(vmgenc_status(vg, &st), 0);
	return st;
}

struct vmgenc_mark synced(void)
{
	struct vmgenc_mark mark = {{0}};

	assert_int_equal(vmgenc_sync(vg, &mark, 0), 0);
	return mark;
}

int in_child(bool (*function)(void))
{
	pid_t pid = fork();
	int code = -1;

	if (pid == 0)
		_exit(function() ? 0 : 1);
	waitpid(pid, &code, 0);
	return code;
}
