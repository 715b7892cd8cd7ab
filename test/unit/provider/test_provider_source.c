/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/provider: how the provider holds its source in other people's programs, on a libvmgenc
 * whose every answer is chosen here. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "provider.h"

static uint64_t words[2];
static int opened, closed, synced, open_error, sync_error, errors_left, next_fd;
static struct vmgenc *synced_on;
static const char *kind; /* of what is opened */
static bool has_sysctls;

struct fake {
	struct vmgenc public;
	int fd;
};

int vmgenc_open(struct vmgenc **vg, const char *source)
{
	struct fake *f;

	*vg = NULL;
	if (source) {
		assert_string_equal(source, "sysctl:/proc/sys/dev/vmgenc/0");
		if (!has_sysctls)
			return -ENODEV;
		kind = source;
	} else if (open_error) {
		return open_error;
	}
	f = calloc(1, sizeof(*f));
	f->public.hot = words;
	f->fd = next_fd;
	opened++;
	*vg = &f->public;
	return 0;
}

void vmgenc_close(struct vmgenc *vg)
{
	closed++;
	free(vg);
}

int vmgenc_status(struct vmgenc *vg, struct vmgenc_status *st)
{
	assert_non_null(vg);
	memset(st, 0, sizeof(*st));
	strcpy(st->source, kind);
	return 0;
}

int vmgenc_fd(const struct vmgenc *vg)
{
	return ((const struct fake *)vg)->fd;
}

bool vmgenc_differs(const struct vmgenc *vg, const struct vmgenc_mark *mark, uint64_t difference)
{
	(void)vg;
	(void)mark;
	return difference != 0;
}

int vmgenc_sync(struct vmgenc *vg, struct vmgenc_mark *mark, int timeout_ms)
{
	assert_int_equal(timeout_ms, 0);
	synced++;
	synced_on = vg;
	if (errors_left && errors_left--)
		return sync_error;
	mark->seen[0] = words[0];
	mark->seen[1] = 77; /* this handle's idea of the second word: another guarantee */
	return 0;
}

static struct provider_source source;

static int setup(void **state)
{
	(void)state;
	opened = closed = synced = open_error = sync_error = errors_left = 0;
	has_sysctls = false;
	kind = "dev:/dev/vmgenc";
	unsetenv("VMGENC_SOURCE");
	words[0] = words[1] = 5;
	next_fd = open("/dev/null", O_RDONLY);
	source.handle = NULL;
	return next_fd < 0;
}

/* Fails if each draw that has to look opens anew, or if late sources are not looked for. */
static void opens_once(void **state)
{
	int error;

	(void)state;
	open_error = -ENODEV;
	provider_source_init(&source);
	assert_null(provider_source_get(&source, &error));
	assert_int_equal(error, -ENODEV);
	open_error = 0;
	assert_non_null(provider_source_get(&source, &error));
	assert_int_equal(error, 0);
	provider_source_get(&source, &error);
	assert_int_equal(opened, 1);
	provider_source_end(&source);
	assert_int_equal(closed, 1);
}

/* Fails if a signal makes a draw fail, or a timer's signals keep it for ever. */
static void signals_interrupt_nothing(void **state)
{
	struct vmgenc_mark mark = {{0}};

	(void)state;
	provider_source_init(&source);
	sync_error = -EINTR;
	errors_left = 3;
	assert_int_equal(provider_source_sync(&source, &mark, true), 0);
	assert_int_equal(synced, 4);
	assert_int_equal(mark.seen[0], 5);
	errors_left = 1000000;
	assert_int_equal(provider_source_sync(&source, &mark, true), -EINTR);
	provider_source_end(&source);
}

/* Fails if it is tried again though the driver said that it failed. */
static void a_failed_driver_is_believed(void **state)
{
	struct vmgenc_mark mark = {{0}};

	(void)state;
	provider_source_init(&source);
	sync_error = -EIO;
	errors_left = 1;
	assert_int_equal(provider_source_sync(&source, &mark, true), -EIO);
	assert_int_equal(mark.seen[0], 0);
	provider_source_end(&source);
}

/* Fails if it syncs on, or closes, a descriptor that is somebody else's by now, or if it takes
 * the mark of the handle that it opened for want of the old one. */
static void daemons_close_descriptors(void **state)
{
	struct vmgenc_mark mark = {{0}};
	struct vmgenc *held;
	int error, theirs, fd = next_fd;

	(void)state;
	provider_source_init(&source);
	held = provider_source_get(&source, &error);
	close(fd);
	theirs = open("/dev/zero", O_RDONLY);
	assert_int_equal(theirs, fd);
	next_fd = open("/dev/null", O_RDONLY);
	assert_int_equal(provider_source_sync(&source, &mark, true), 0);
	assert_ptr_not_equal(synced_on, held);
	assert_int_equal(opened, 2);
	assert_int_equal(closed, 1);
	assert_int_equal(mark.seen[1], 5);
	assert_false(vmgenc_changed(held, &mark));

	open_error = -EMFILE;
	assert_int_equal(provider_source_sync(&source, &mark, true), -EMFILE);
	provider_source_end(&source);
	assert_int_equal(closed, 1);
	free(held);
	close(theirs);
}

/* Fails if a draw of a program that is not patient waits for the kernel. */
static void impatient_draws_do_not_wait(void **state)
{
	struct vmgenc_mark mark = {{0}};

	(void)state;
	provider_source_init(&source);
	sync_error = -ETIMEDOUT;
	errors_left = 2;
	assert_int_equal(provider_source_sync(&source, &mark, false), -ETIMEDOUT);
	assert_int_equal(synced, 1);
	assert_int_equal(provider_source_sync(&source, &mark, true), 0);
	assert_int_equal(synced, 3);
	provider_source_end(&source);
}

/* Fails if a service without the device is not told from one without a driver, if its sysctls are
 * held open, or if they stand in for a source that the administrator named. */
static void sysctls_show_an_unseen_driver(void **state)
{
	int error;

	(void)state;
	open_error = -EACCES;
	provider_source_init(&source);
	assert_null(provider_source_get(&source, &error));
	assert_int_equal(error, -EACCES);
	has_sysctls = true;
	assert_null(provider_source_get(&source, &error));
	assert_int_equal(error, SOURCE_UNSEEN);
	assert_int_equal(opened, closed);
	setenv("VMGENC_SOURCE", "dev:/nonexistent", 1);
	assert_null(provider_source_get(&source, &error));
	assert_int_equal(error, -EACCES);
	unsetenv("VMGENC_SOURCE");
	open_error = 0;
	kind = "dev:/dev/vmgenc";
	assert_non_null(provider_source_get(&source, &error));
	provider_source_end(&source);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(opens_once, setup),
		cmocka_unit_test_setup(signals_interrupt_nothing, setup),
		cmocka_unit_test_setup(a_failed_driver_is_believed, setup),
		cmocka_unit_test_setup(daemons_close_descriptors, setup),
		cmocka_unit_test_setup(impatient_draws_do_not_wait, setup),
		cmocka_unit_test_setup(sysctls_show_an_unseen_driver, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
