/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/lib: libvmgenc on a plain file, which may shrink: it is read and not mapped, since a
 * look at a page that is gone would be SIGBUS. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "held.h"
#include "lib_fixture.h"

#define ID_END (0x40 + VMGENC_ID_SIZE) /* within simfile's raw page */

/* Fails if it is mapped all the same, which the tests below would survive only by luck. */
static void plain_file_is_not_mapped(void **state)
{
	(void)state;
	open_file();
	assert_int_equal(held_mappings(sim.name, " r--s "), 0);
	assert_int_equal(status().guarantee, VMGENC_RACE_FREE);
}

/* Fails if a shrinking ends the program, goes unseen, or a sync or a status makes it up. */
static void file_that_shrinks(void **state)
{
	const size_t sizes[] = {
		2 * sim.page_size - 1, sim.page_size + ID_END - 1, sim.page_size, 96, 32, 0};
	struct vmgenc_status st = {.size = sizeof(st)};
	struct vmgenc_mark mark, before;

	(void)state;
	open_file();
	mark = before = synced();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_int_equal(truncate(sim.path, (off_t)sizes[i]), 0);
		if (sizes[i] >= sim.page_size + ID_END) {
			assert_false(vmgenc_changed(vg, &mark));
			continue;
		}
		assert_true(vmgenc_changed(vg, &mark));
		assert_int_equal(vmgenc_sync(vg, &mark, 1000), -EIO);
		assert_memory_equal(&mark, &before, sizeof(mark));
		assert_int_equal(vmgenc_status(vg, &st), -EIO);
	}
}

/* Fails if a page that stops being one after it was opened is believed. */
static void file_that_turns_into_another(void **state)
{
	const struct vmgenc_page right = *sim.page;
	struct vmgenc_status st = {.size = sizeof(st)};
	struct vmgenc_mark mark;

	(void)state;
	open_file();
	mark = synced();
	for (int i = 0; i < 3; i++) {
		sim.page->magic ^= i == 0;
		sim.page->version += i == 1;
		sim.page->size += i == 2 ? (uint16_t)sim.page_size : 0;
		assert_int_equal(vmgenc_sync(vg, &mark, 1000), -EIO);
		assert_int_equal(vmgenc_status(vg, &st), -EIO);
		*sim.page = right;
		assert_int_equal(vmgenc_sync(vg, &mark, 0), 0);
	}
}

/* Fails if a check without a descriptor says unchanged, or touches errno. */
static void descriptor_that_the_program_closed(void **state)
{
	struct vmgenc_mark mark;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	close(fd);
	open_file();
	mark = synced();
	assert_int_equal(close(fd), 0); /* the lowest one free was the library's */
	errno = 77;
	assert_true(vmgenc_changed(vg, &mark));
	assert_int_equal(errno, 77);
	assert_int_equal(vmgenc_sync(vg, &mark, 1000), -EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAIN(plain_file_is_not_mapped),
		PLAIN(file_that_shrinks),
		PLAIN(file_that_turns_into_another),
		PLAIN(descriptor_that_the_program_closed),
	};

	return cmocka_run_group_tests_name("libvmgenc, plain files", tests, NULL, NULL);
}
