/* SPDX-License-Identifier: BSD-2-Clause */
/* test/vm: what the module makes of its parameters, and of the page that it finds at load. */
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "check.h"
#include "guest.h"
#include "rawid.h"
#include "vmgenc.h"

#define PAGE 4096
#define ONLY_SYNC "look_ms=0 notify=0 "
#define PARAMETERS "/sys/module/vmgenc/parameters/"

static void unloaded(void)
{
	CHECK(module_unload("vmgenc") == 0 || errno == ENOENT);
}

static uint32_t page_flags(void)
{
	int fd = open(NODE, O_RDONLY | O_CLOEXEC);
	volatile struct vmgenc_page *p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	uint32_t flags;

	close(fd);
	CHECK(p != MAP_FAILED);
	flags = p->flags;
	munmap((void *)p, PAGE);
	return flags;
}

static bool raw_mappable(void)
{
	int fd = open(NODE, O_RDONLY | O_CLOEXEC);
	void *p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, PAGE);
	int error = errno;

	close(fd);
	errno = error;
	if (p == MAP_FAILED)
		return false;
	munmap(p, PAGE);
	return true;
}

static void map_raw(void)
{
	CHECK(raw_mappable());
}

static void cannot_map_raw(void)
{
	CHECK(!raw_mappable() && errno == EPERM);
}

static void change_is_seen_by_sync(void)
{
	struct vmgenc_event before, after;

	CHECK(node_sync(&before));
	rawid_change();
	CHECK(node_sync(&after));
	CHECK(after.generation == before.generation + 1);
	CHECK(after.settled == after.generation);
}

/* Fails if what is left off is not in the page's flags. */
static void flags_say_what_is_left_off(void)
{
	uint32_t lacks = VMGENC_LACKS_REKEY | VMGENC_LACKS_DRAWS | VMGENC_LACKS_REDRAW;

	CHECK(module_reload(ONLY_SYNC) == 0);
	CHECK((page_flags() & (lacks | VMGENC_LACKS_VDSO)) == 0);
	CHECK(module_reload(ONLY_SYNC "draws=0") == 0);
	CHECK((page_flags() & lacks) == VMGENC_LACKS_DRAWS);
	CHECK(module_reload(ONLY_SYNC "redraw=0") == 0);
	CHECK((page_flags() & lacks) == VMGENC_LACKS_REDRAW);
}

/* Fails if a word that is not known is taken for one that is, or refused without a reason. */
static void bad_raw_is_refused(void)
{
	static const char *const bad[] = { "raw=bogus", "raw=", "raw=ALL", "raw=rawio2" };
	char line[80];
	int log;

	unloaded();
	for (int i = 0; i < 4; i++) {
		log = log_open();
		CHECK_ERRNO(module_load(MODULE_FILE, bad[i]), EINVAL);
		snprintf(line, sizeof(line), "vmgenc: parameter raw is \"%s\"", bad[i] + 4);
		CHECK(log_has(log, line));
		close(log);
		CHECK(access(NODE, F_OK) == -1);
	}
}

/* Fails if what is not a number or a truth value is taken for one. */
static void bad_numbers_are_refused(void)
{
	unloaded();
	CHECK_ERRNO(module_load(MODULE_FILE, "look_ms=often"), EINVAL);
	CHECK_ERRNO(module_load(MODULE_FILE, "look_ms=-1"), EINVAL);
	CHECK_ERRNO(module_load(MODULE_FILE, "notify=perhaps"), EINVAL);
}

/* Fails if the second would run beside the first, or its failure took the first's node. */
static void second_load_is_refused(void)
{
	CHECK(module_reload(ONLY_SYNC) == 0);
	CHECK_ERRNO(module_load(MODULE_FILE, ""), EEXIST);
	change_is_seen_by_sync();
}

/* Fails if one way of being triggered needs another, at load, in use or at unload. */
static void every_combination_works(void)
{
	static const char *const combinations[] = {
		"",
		"notify=0",
		"sci=0",
		"look_ms=0",
		"notify=0 sci=0",
		"notify=0 look_ms=0",
		"sci=0 look_ms=0",
		"notify=0 sci=0 look_ms=0",
		"look_ms=1",
		"look_ms=4294967295",
		"draws=0",
		"redraw=0",
		"vdso=1",
		"draws=0 redraw=0 vdso=1 notify=0 look_ms=0",
	};

	for (size_t i = 0; i < sizeof(combinations) / sizeof(*combinations); i++) {
		unloaded();
		CHECK(module_load(MODULE_FILE, combinations[i]) == 0);
		change_is_seen_by_sync();
	}
	unloaded();
}

/* The module's aliases are what modprobe compares with a device's modalias, by fnmatch(3). */
static bool alias_matches(const char *modalias)
{
	static char module[8 << 20];
	int fd = open(MODULE_FILE, O_RDONLY | O_CLOEXEC);
	size_t size = 0;
	ssize_t n;

	while ((n = read(fd, module + size, sizeof(module) - size)) > 0)
		size += (size_t)n;
	close(fd);
	for (const char *at = module; at < module + size; at++) {
		at = memmem(at, (size_t)(module + size - at), "alias=", 6);
		if (!at)
			return false;
		if (!fnmatch(at + 6, modalias, 0))
			return true;
	}
	return false;
}

/* Fails if udev does not load the module for a device of this kernel: 5.10 cut the alias. */
static void modalias_loads_it(void)
{
	bool found = false;
	glob_t files;

	CHECK(glob("/sys/bus/acpi/devices/*/modalias", 0, NULL, &files) == 0);
	for (size_t i = 0; i < files.gl_pathc; i++)
		found |= alias_matches(file_text(files.gl_pathv[i]));
	globfree(&files);
	CHECK(found);
	CHECK(alias_matches("acpi:QEMUVGID:VM_GEN_COUNTER:"));
	CHECK(alias_matches("acpi:HYPER_V_GEN_COUNTER_V1:VM_Gen_Counter:"));
	CHECK(alias_matches("acpi:FCVMGID:VMGENCTR:"));
	CHECK(!alias_matches("acpi:PNP0C02:"));
}

/* Fails if a parameter is not shown, or could be changed behind the driver's back. */
static void parameters_are_shown(void)
{
	struct stat st;

	CHECK(module_reload("notify=0 look_ms=77 raw=rawio") == 0);
	CHECK(strcmp(file_text(PARAMETERS "notify"), "N") == 0);
	CHECK(strcmp(file_text(PARAMETERS "sci"), "Y") == 0);
	CHECK(strcmp(file_text(PARAMETERS "look_ms"), "77") == 0);
	CHECK(strcmp(file_text(PARAMETERS "raw"), "rawio") == 0);
	CHECK(stat(PARAMETERS "raw", &st) == 0 && (st.st_mode & 0777) == 0444);
	CHECK(stat(PARAMETERS "look_ms", &st) == 0 && (st.st_mode & 0777) == 0444);
}

/* Fails if raw= is not what decides, or its flags say something else than mmap(2) does. */
static void raw_decides_who_maps(void)
{
	CHECK(module_reload(ONLY_SYNC "raw=all") == 0);
	CHECK(page_flags() == VMGENC_RAW_MAPPABLE);
	CHECK(as_nobody(map_raw) == 0);
	CHECK(module_reload(ONLY_SYNC "raw=rawio") == 0);
	CHECK(page_flags() == (VMGENC_RAW_MAPPABLE | VMGENC_RAW_PRIVILEGED));
	CHECK(as_nobody(cannot_map_raw) == 0);
	CHECK(raw_mappable());
	CHECK(module_reload(ONLY_SYNC "raw=auto") == 0);
	CHECK(page_flags() == VMGENC_RAW_MAPPABLE);
	CHECK(as_nobody(map_raw) == 0);
}

static void flags_with_a_byte_at(unsigned int at, uint32_t wanted, const char *parameters)
{
	volatile uint8_t *page = rawid_page();
	uint8_t before = page[at];
	uint32_t flags;

	page[at] ^= 0x40;
	flags = module_reload(parameters) == 0 ? page_flags() : ~0u;
	page[at] = before;
	CHECK(flags == wanted);
}

/* Fails if other firmware data on the page, wherever it is, is shown to everyone. */
static void shared_page_is_for_the_privileged(void)
{
	static const unsigned int places[] = { 0, RAWID_OFFSET - 1, RAWID_OFFSET + RAWID_SIZE,
					       PAGE - 1 };
	uint32_t privileged = VMGENC_RAW_MAPPABLE | VMGENC_RAW_PRIVILEGED;

	for (int i = 0; i < 4; i++)
		flags_with_a_byte_at(places[i], privileged, ONLY_SYNC);
	CHECK(as_nobody(cannot_map_raw) == 0);
	flags_with_a_byte_at(0, VMGENC_RAW_MAPPABLE, ONLY_SYNC "raw=all");
	flags_with_a_byte_at(RAWID_OFFSET, VMGENC_RAW_MAPPABLE, ONLY_SYNC);
	flags_with_a_byte_at(RAWID_OFFSET + RAWID_SIZE - 1, VMGENC_RAW_MAPPABLE, ONLY_SYNC);
}

/* Fails if a page that is filled after it was judged is shown to everyone, as auto has it. */
static void page_is_judged_at_each_mapping(void)
{
	volatile uint8_t *page = rawid_page();

	CHECK(module_reload(ONLY_SYNC) == 0);
	CHECK(as_nobody(map_raw) == 0);
	page[PAGE - 1] ^= 0x40;
	CHECK(as_nobody(cannot_map_raw) == 0);
	CHECK(raw_mappable());
	CHECK(page_flags() == (VMGENC_RAW_MAPPABLE | VMGENC_RAW_PRIVILEGED));
	page[PAGE - 1] ^= 0x40;
}

#define LOCKDOWN "/sys/kernel/security/lockdown"

static bool lock_down(void)
{
	int fd;

	if (mount("securityfs", "/sys/kernel/security", "securityfs", 0, NULL) && errno != EBUSY)
		return false;
	fd = open(LOCKDOWN, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool done = write(fd, "integrity", 9) == 9;

	close(fd);
	return done;
}

/*
 * Fails if root, who may map physical memory no more, may map what else is on the page; or if the
 * id alone is kept from programs. The last test: a locked down kernel loads no module.
 */
static void lockdown_keeps_the_rest_of_the_page(void)
{
	volatile uint8_t *page = rawid_page();
	int log = log_open();

	CHECK(module_reload(ONLY_SYNC) == 0);
	page[0] ^= 0x40;
	CHECK(raw_mappable());
	CHECK(lock_down());
	CHECK(!raw_mappable() && errno == EPERM);
	CHECK(log_has(log, "Lockdown: "));
	page[0] ^= 0x40;
	CHECK(raw_mappable());
	close(log);
}

/* Fails if an id that the host never filled passes for one, or if filling it goes unseen. */
static void unfilled_id_is_said_so(void)
{
	static const uint8_t zero[RAWID_SIZE];
	struct vmgenc_status st = { .size = sizeof(st) };
	struct vmgenc_event event;
	uint8_t id[RAWID_SIZE];
	struct vmgenc *vg;
	int log = log_open();

	rawid_read(id);
	rawid_write(zero);
	CHECK(module_reload(ONLY_SYNC) == 0);
	CHECK(log_has(log, "vmgenc: \\_SB_.VGEN: the id is all zero"));
	CHECK(page_flags() & VMGENC_ID_UNFILLED);
	CHECK(vmgenc_open(&vg, NULL) == 0);
	CHECK(vmgenc_status(vg, &st) == 0);
	vmgenc_close(vg);
	CHECK(st.guarantee == VMGENC_NONE && st.generation == 1);
	CHECK(node_sync(&event) && event.generation == 1);
	rawid_write(id);
	CHECK(node_sync(&event) && event.generation >= 2);
	CHECK(memcmp(event.id, id, sizeof(id)) == 0);
	CHECK(!(page_flags() & VMGENC_ID_UNFILLED));
	close(log);
}

int main(void)
{
	rawid_page();
	RUN(unloaded);
	RUN(bad_raw_is_refused);
	RUN(bad_numbers_are_refused);
	RUN(second_load_is_refused);
	RUN(every_combination_works);
	RUN(flags_say_what_is_left_off);
	RUN(modalias_loads_it);
	RUN(parameters_are_shown);
	RUN(raw_decides_who_maps);
	RUN(shared_page_is_for_the_privileged);
	RUN(page_is_judged_at_each_mapping);
	RUN(unfilled_id_is_said_so);
	RUN(lockdown_keeps_the_rest_of_the_page);
	return check_result();
}
