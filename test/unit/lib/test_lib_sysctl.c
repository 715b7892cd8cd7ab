/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/lib: libvmgenc on the driver's sysctls, which this program writes: what a service reads
 * that cannot see the device. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "held.h"
#include "vmgenc.h"

static char directory[64], source[80];
static struct vmgenc *vg;

static void put(const char *name, const char *text)
{
	char path[120];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static int setup(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/vmgenc-sysctl.XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	snprintf(source, sizeof(source), "sysctl:%s", directory);
	put("generation", "3\n");
	put("settled", "3\n");
	return 0;
}

static int teardown(void **state)
{
	char command[100];

	(void)state;
	vmgenc_close(vg);
	vg = NULL;
	snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command);
}

/* Fails if a clone is not seen once the driver has counted it, or a rekey is claimed too early. */
static void counted_clones_are_seen(void **state)
{
	struct vmgenc_mark mark = {{0}};

	(void)state;
	assert_int_equal(vmgenc_open(&vg, source), 0);
	assert_true(vmgenc_changed(vg, &mark));
	assert_int_equal(vmgenc_sync(vg, &mark, 0), 0);
	assert_false(vmgenc_changed(vg, &mark));
	put("generation", "4\n");
	assert_true(vmgenc_changed(vg, &mark));
	assert_int_equal(vmgenc_sync(vg, &mark, 20), -ETIMEDOUT);
	assert_true(vmgenc_changed(vg, &mark));
	put("settled", "4\n");
	assert_int_equal(vmgenc_sync(vg, &mark, 0), 0);
	assert_false(vmgenc_changed(vg, &mark));
}

/* Fails if it claims more than the driver's counter can say. */
static void status_is_notified(void **state)
{
	struct vmgenc_status st = {.size = sizeof(st)};

	(void)state;
	put("settled", "2\n");
	assert_int_equal(vmgenc_open(&vg, source), 0);
	assert_int_equal(vmgenc_status(vg, &st), 0);
	assert_int_equal(st.guarantee, VMGENC_NOTIFIED);
	assert_int_equal(st.generation, 3);
	assert_int_equal(st.settled, 2);
	assert_string_equal(st.source, source);
	assert_int_equal(vmgenc_fd(vg), -ENOTSUP);
}

/* Fails if something else than a driver's counters is a source, or a descriptor is kept. */
static void sources_that_are_wrong(void **state)
{
	static const char *const wrong[] = {"",
					    "\n",
					    "0\n",
					    "x\n",
					    "3 \n",
					    "-3\n",
					    "3\n\n",
					    "18446744073709551616\n",
					    "000000000000000000003\n"};
	char nowhere[5000] = "sysctl:/";
	int before = held_descriptors();

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		put("generation", wrong[i]);
		assert_int_equal(vmgenc_open(&vg, source), -EINVAL);
		assert_null(vg);
	}
	put("generation", "3\n");
	put("settled", "4\n");
	assert_int_equal(vmgenc_open(&vg, source), -EINVAL);
	memset(nowhere + 8, 'x', 4900);
	assert_int_equal(vmgenc_open(&vg, nowhere), -EINVAL);
	assert_int_equal(vmgenc_open(&vg, "sysctl:"), -EINVAL);
	assert_int_equal(vmgenc_open(&vg, "sysctl:/nonexistent"), -ENODEV);
	assert_int_equal(held_descriptors(), before);
	put("generation", "18446744073709551615\n");
	put("settled", "0");
	assert_int_equal(vmgenc_open(&vg, source), 0);
}

/* Fails if a driver that went away goes unseen. */
static void driver_that_goes_away(void **state)
{
	struct vmgenc_status st = {.size = sizeof(st)};
	struct vmgenc_mark mark = {{0}};

	(void)state;
	assert_int_equal(vmgenc_open(&vg, source), 0);
	assert_int_equal(vmgenc_sync(vg, &mark, 0), 0);
	put("generation", "");
	assert_true(vmgenc_changed(vg, &mark));
	assert_int_equal(vmgenc_sync(vg, &mark, 1000), -EIO);
	assert_int_equal(vmgenc_status(vg, &st), -EIO);
}

/* Fails if a flag of the driver is not shown, one is invented, or a wrong file is believed. */
static void flags_are_shown(void **state)
{
	struct vmgenc_status st = {.size = sizeof(st)};
	char flags[24];

	(void)state;
	assert_int_equal(vmgenc_open(&vg, source), 0);
	assert_int_equal(vmgenc_status(vg, &st), 0);
	assert_int_equal(st.flags, 0);
	vmgenc_close(vg);
	put("flags", "x\n");
	assert_int_equal(vmgenc_open(&vg, source), -EINVAL);
	snprintf(flags, sizeof(flags), "%u\n", VMGENC_PREDICTABLE | VMGENC_RAW_MAPPABLE);
	put("flags", flags);
	assert_int_equal(vmgenc_open(&vg, source), 0);
	assert_int_equal(vmgenc_status(vg, &st), 0);
	assert_int_equal(st.flags, VMGENC_PREDICTABLE | VMGENC_RAW_MAPPABLE);
	assert_int_equal(st.guarantee, VMGENC_NOTIFIED);
	snprintf(flags, sizeof(flags), "%u\n", VMGENC_ID_UNFILLED);
	put("flags", flags);
	assert_int_equal(vmgenc_status(vg, &st), 0);
	assert_int_equal(st.guarantee, VMGENC_NONE);
	put("flags", "4294967296\n");
	assert_int_equal(vmgenc_status(vg, &st), -EIO);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(counted_clones_are_seen), TEST(status_is_notified),
		TEST(sources_that_are_wrong),  TEST(driver_that_goes_away),
		TEST(flags_are_shown),
	};

	return cmocka_run_group_tests_name("libvmgenc, sysctl:", tests, NULL, NULL);
}
