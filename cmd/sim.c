/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: vmgenc sim - writes the files behind file: and vmclock: sources, for tests. It uses no
 * mapping, since SIGBUS would end it if another program truncated the file. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cmd.h"
#include "os.h"
#include "page.h"
#include "trust.h"
#include "vmclock.h"

static const char help[] =
	"usage: vmgenc sim FILE create|bump|reset [--raw] [--unsettled] [--vmclock [--start N]]\n"
	"Simulates driver and hypervisor in a file, for tests of programs that use libvmgenc.\n"
	"Their source is file:FILE, or vmclock:FILE with --vmclock.\n"
	"\n"
	"  create       make a new file: generation 1, settled, with a random id\n"
	"  bump         simulate a clone: another id, and the next generation, settled\n"
	"  reset        return to generation 1 with another id, as after a boot\n"
	"  --raw        bump: change only the hypervisor's id; the driver has not noticed\n"
	"  --unsettled  bump: the driver has noticed, but could not rekey the kernel\n"
	"  --vmclock    simulate the page of a VMClock\n"
	"  --start N    create, reset: the first value of its counter; default 1\n"
	"\n"
	"If root runs this, FILE must belong to root, and nobody else may be able to replace it.\n"
	"Exit codes: 0 done, 2 wrong usage, 3 trouble.\n"
	"Examples:\n"
	"  vmgenc sim ./vm create && VMGENC_SOURCE=file:./vm my-program &\n"
	"  vmgenc sim ./vm bump\n";

#define ID_OFFSET 0x40 /* not 0, to expose readers that ignore id_offset */

struct sim {
	int fd;
	size_t page_size;
	const char *path;
};

static int failed(const struct sim *sim, const char *what)
{
	return say_trouble("%s cannot be %s: %s", sim->path, what, strerror(errno));
}

static bool put(const struct sim *sim, size_t at, const void *from, size_t size)
{
	ssize_t n = pwrite(sim->fd, from, size, (off_t)at);

	if (n >= 0 && n != (ssize_t)size)
		errno = ENOSPC;
	return n == (ssize_t)size;
}

static bool get(const struct sim *sim, size_t at, void *to, size_t size)
{
	ssize_t n = pread(sim->fd, to, size, (off_t)at);

	if (n >= 0 && n != (ssize_t)size)
		errno = EINVAL;
	return n == (ssize_t)size;
}

static bool new_id(uint8_t id[VMGENC_ID_SIZE])
{
	return getrandom(id, VMGENC_ID_SIZE, 0) == VMGENC_ID_SIZE;
}

static uint64_t boottime_ns(void)
{
	struct timespec t;

	clock_gettime(DRIVER_CLOCK, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* As vmgenc_abi.h requires: seq is odd while this writes, and generation is stored last. */
static bool publish(const struct sim *sim, struct vmgenc_page *page)
{
	uint64_t generation = page->generation;
	const size_t at = offsetof(struct vmgenc_page, generation);

	page->seq |= 1;
	if (!get(sim, at, &page->generation, sizeof(generation)) ||
	    !put(sim, offsetof(struct vmgenc_page, seq), &page->seq, sizeof(page->seq)) ||
	    !put(sim, 0, page, sizeof(*page)) || !put(sim, at, &generation, sizeof(generation)))
		return false;
	page->seq++;
	return put(sim, offsetof(struct vmgenc_page, seq), &page->seq, sizeof(page->seq));
}

static int reset(const struct sim *sim, const struct args *a)
{
	struct vmgenc_page page = {.magic = VMGENC_PAGE_MAGIC,
				   .version = VMGENC_PAGE_VERSION,
				   .size = sizeof(page),
				   .flags = VMGENC_RAW_MAPPABLE,
				   .id_offset = ID_OFFSET,
				   .generation = 1,
				   .settled = 1,
				   .rekeys = 1,
				   .changed_ns = boottime_ns()};

	(void)a;
	if (ftruncate(sim->fd, (off_t)(2 * sim->page_size)) || !new_id(page.id) ||
	    !put(sim, sim->page_size + ID_OFFSET, page.id, sizeof(page.id)) || !publish(sim, &page))
		return failed(sim, "written");
	return EXIT_YES;
}

static int bump(const struct sim *sim, const struct args *a)
{
	struct vmgenc_page page;

	if (!get(sim, 0, &page, sizeof(page)) || page_validate(&page, (uint32_t)sim->page_size))
		return say_trouble("%s is not a simulation; vmgenc sim %s reset makes it one",
				   sim->path, sim->path);
	if (!new_id(page.id) ||
	    !put(sim, sim->page_size + page.id_offset, page.id, sizeof(page.id)))
		return failed(sim, "written");
	if (a->raw)
		return EXIT_YES;
	page.generation++;
	page.changes++;
	page.changed_ns = boottime_ns();
	if (a->unsettled) {
		page.rekey_failures++;
		page.flags |= VMGENC_REKEY_FAILED;
	} else {
		page.rekeys++;
		page.settled = page.generation;
		page.flags &= ~VMGENC_REKEY_FAILED;
	}
	return publish(sim, &page) ? EXIT_YES : failed(sim, "written");
}

static bool clock_publish(const struct sim *sim, struct vmclock_page *page)
{
	const size_t at = offsetof(struct vmclock_page, seq_count);

	page->seq_count |= 1;
	if (!put(sim, at, &page->seq_count, sizeof(page->seq_count)) ||
	    !put(sim, 0, page, sizeof(*page)))
		return false;
	page->seq_count++;
	return put(sim, at, &page->seq_count, sizeof(page->seq_count));
}

static int clock_reset(const struct sim *sim, const struct args *a)
{
	struct vmclock_page page = {
		.magic = VMCLOCK_MAGIC,
		.size = (uint32_t)sim->page_size,
		.version = VMCLOCK_VERSION,
		.counter_id = VMCLOCK_COUNTER_INVALID,
		.flags = htole64(VMCLOCK_GENERATION_PRESENT | VMCLOCK_NOTIFICATION_PRESENT),
		.generation = htole64(a->has_start ? a->start : 1)};

	if (ftruncate(sim->fd, (off_t)sim->page_size) || !clock_publish(sim, &page))
		return failed(sim, "written");
	return EXIT_YES;
}

static int clock_bump(const struct sim *sim, const struct args *a)
{
	struct vmclock_page page;

	(void)a;
	if (!get(sim, 0, &page, sizeof(page)) || vmclock_validate(&page, (uint32_t)sim->page_size))
		return say_trouble(
			"%s is not a VMClock; vmgenc sim %s reset --vmclock makes it one",
			sim->path, sim->path);
	page.generation = htole64(le64toh(page.generation) + 1);
	page.disruption_marker = htole64(le64toh(page.disruption_marker) + 1);
	return clock_publish(sim, &page) ? EXIT_YES : failed(sim, "written");
}

/* As root, checks the path: another user could otherwise make root overwrite any file. */
static int open_file(struct sim *sim, int flags)
{
	struct trust file;

	if (geteuid() == 0) {
		if (trust_open(&file, NULL, sim->path, flags | O_NOFOLLOW, 0644))
			return say_trouble("%s cannot be used: %s", sim->path, file.why);
		sim->fd = file.fd;
		return EXIT_YES;
	}
	sim->fd = open(sim->path, flags | O_CLOEXEC | O_NONBLOCK, 0644);
	return sim->fd < 0 ? failed(sim, flags & O_CREAT ? "created" : "opened") : EXIT_YES;
}

/* Locks the file, so that two bumps at once count as two. */
static int run(struct sim *sim, const char *verb, const struct args *a)
{
	bool create = !strcmp(verb, "create"), is_bump = !strcmp(verb, "bump");
	int code = open_file(sim, create ? O_RDWR | O_CREAT | O_EXCL : O_RDWR);

	if (code)
		return code;
	if (flock(sim->fd, LOCK_EX))
		code = failed(sim, "locked");
	else if (a->vmclock)
		code = is_bump ? clock_bump(sim, a) : clock_reset(sim, a);
	else
		code = is_bump ? bump(sim, a) : reset(sim, a);
	close(sim->fd);
	if (code && create)
		unlink(sim->path);
	return code;
}

int cmd_sim(int argc, char **argv)
{
	struct sim sim = {.page_size = (size_t)sysconf(_SC_PAGESIZE)};
	struct args a;
	int code = args_parse(argc, argv, "Ruvb", help, &a);
	const char *verb = a.rest_count == 2 ? a.rest[1] : "";
	bool is_bump = !strcmp(verb, "bump");

	if (code >= 0)
		return code;
	if (!is_bump && strcmp(verb, "create") && strcmp(verb, "reset"))
		return say_usage("sim takes a file and create, bump or reset");
	if ((a.raw || a.unsettled) && (!is_bump || a.vmclock))
		return say_usage("--raw and --unsettled are for the bump of a file: source");
	if (a.has_start && (is_bump || !a.vmclock))
		return say_usage("--start is for create and reset of a VMClock");
	if (a.raw && a.unsettled)
		return say_usage("either --raw or --unsettled");
	sim.path = a.rest[0];
	return run(&sim, verb, &a);
}
