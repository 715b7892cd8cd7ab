/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/vm: what the module makes of wrong firmware. "alone": test/firmware/bad.asl without QEMU's
 * own device; "beside": with it; "second": test/firmware/second.asl beside it.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/io.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "check.h"
#include "guest.h"

#define CHOSEN 0x50 /* the byte of the CMOS RAM in which bad.asl looks */
#define NONE 0
#define SAME_AS_QEMU 18

/* What is wrong with device VGnn, as the log has it, and how loading fails when it is alone. */
static const struct {
	int number, error;
	const char *log;
} bad[] = {
	{1, ENOENT, "ADDR cannot be evaluated: AE_NOT_FOUND"},
	{2, EIO, "ADDR cannot be evaluated: AE_AML_DIVIDE_BY_ZERO"},
	{3, EINVAL, "ADDR is not a package"},
	{4, EINVAL, "ADDR is not a package"},
	{5, EINVAL, "ADDR is not a package"},
	{6, EINVAL, "ADDR does not have two elements"},
	{7, EINVAL, "ADDR does not have two elements"},
	{8, EINVAL, "ADDR does not have two elements"},
	{9, EINVAL, "ADDR has an element that is not an integer"},
	{10, EINVAL, "ADDR has an element that is not an integer"},
	{11, EINVAL, "ADDR has an element that is not an integer"},
	{12, ENODEV, "ADDR is zero: the hypervisor has not configured the device"},
	{13, EINVAL, "ADDR is not 8-byte aligned (rule R1a)"},
	{14, ERANGE, "ADDR is beyond the processor's physical addresses"},
	{15, ERANGE, "ADDR is beyond the processor's physical addresses"},
	{16, EBUSY, "is RAM that the kernel uses"},
	{17, EBUSY, "is RAM that the kernel uses"},
	{19, EBUSY, "is RAM that the kernel uses"},
};
#define COUNT (sizeof(bad) / sizeof(bad[0]))

static void choose(int number)
{
	outb(CHOSEN, 0x70);
	outb((unsigned char)number, 0x71);
}

/* One line that names the ACPI path and what is wrong. */
static bool logged(int log, size_t i)
{
	char line[8192], path[40];
	bool found = false;

	snprintf(path, sizeof(path), "vmgenc: \\_SB_.VG%02d: ", bad[i].number);
	while (!found && log_next(log, path, line, sizeof(line)))
		found = strstr(line, bad[i].log) != NULL;
	if (!found)
		printf("no line with %s... %s\n", path, bad[i].log);
	return found && !log_has(log, path);
}

static void machine_lives(void)
{
	unsigned char byte;

	CHECK(getrandom(&byte, 1, 0) == 1);
}

static void nothing_is_there(void)
{
	CHECK(access(NODE, F_OK) == -1 && errno == ENOENT);
	CHECK(access("/proc/sys/dev/vmgenc", F_OK) == -1 && errno == ENOENT);
	machine_lives();
}

/* Fails if a device that _STA says is absent is used all the same. */
static void absent_is_no_device(void)
{
	int log = log_open();

	choose(NONE);
	CHECK_ERRNO(module_load(MODULE_FILE, ""), ENODEV);
	CHECK(log_has(log, "vmgenc: no VM Generation ID device"));
	nothing_is_there();
	close(log);
}

/* Fails if one is accepted, refused with another errno or without its line, or mapped. */
static void each_is_refused(void)
{
	for (size_t i = 0; i < COUNT; i++) {
		int log = log_open();

		choose(bad[i].number);
		CHECK_ERRNO(module_load(MODULE_FILE, ""), bad[i].error);
		CHECK(logged(log, i));
		close(log);
		nothing_is_there();
	}
}

static void first_works(void)
{
	struct vmgenc_event event;

	CHECK(node_sync(&event) && event.settled == event.generation);
	machine_lives();
}

/* Fails if a bad device takes a good one with it, or gets a node. */
static void good_one_is_not_disturbed(void)
{
	for (size_t i = 0; i < COUNT; i++) {
		int log = log_open();

		choose(bad[i].number);
		CHECK(module_reload("") == 0);
		CHECK(logged(log, i));
		CHECK(access(NODE "1", F_OK) == -1 && errno == ENOENT);
		first_works();
		close(log);
	}
	choose(NONE);
	CHECK(module_unload("vmgenc") == 0);
	nothing_is_there();
}

static void id_of(const char *unit, char *to, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/sys/dev/vmgenc/%s/guid", unit);
	snprintf(to, size, "%s", file_text(path));
}

/* Fails if the second device is not found, or does not have a node and sysctls of its own. */
static void both_work(void)
{
	struct vmgenc_event event;
	char first[64], second[64];
	int fd;

	CHECK(module_reload("") == 0);
	first_works();
	fd = open(NODE "1", O_RDONLY | O_CLOEXEC);
	CHECK(read(fd, &event, sizeof(event)) == (ssize_t)sizeof(event));
	CHECK(event.generation == 1 && event.settled == 1);
	close(fd);
	id_of("0", first, sizeof(first));
	id_of("1", second, sizeof(second));
	CHECK(strlen(first) == 36 && strcmp(first, second) == 0);
	CHECK(module_unload("vmgenc") == 0);
	nothing_is_there();
}

static void second_by_sta(void)
{
	choose(SAME_AS_QEMU);
	both_work();
	choose(NONE);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (ioperm(0x70, 2, 1))
		return 2;
	if (!strcmp(what, "alone")) {
		RUN(absent_is_no_device);
		RUN(each_is_refused);
	} else if (!strcmp(what, "beside")) {
		RUN(good_one_is_not_disturbed);
		RUN(second_by_sta);
	} else if (!strcmp(what, "second")) {
		RUN(both_work);
	}
	return check_result();
}
