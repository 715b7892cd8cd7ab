/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit: libvmgenc's calls on a file: source that this program writes: one that is mapped,
 * since it cannot shrink, and one that is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "held.h"
#include "simfile.h"
#include "vmgenc.h"

#define NOBODY 65534
#define THREADS 16
#define BUMPS 200
#define INTERRUPTIONS 5000
#define ID_END (0x40 + VMGENC_ID_SIZE) /* within simfile's raw page */

static struct simfile sim;
static struct vmgenc *vg;

static int make_file(void **state)
{
	(void)state;
	return simfile_create(&sim);
}

static int make_plain_file(void **state)
{
	(void)state;
	return simfile_create_plain(&sim);
}

static int remove_file(void **state)
{
	(void)state;
	vmgenc_close(vg);
	vg = NULL;
	simfile_remove(&sim);
	return 0;
}

static void open_file(void)
{
	assert_int_equal(vmgenc_open(&vg, sim.source), 0);
	assert_non_null(vg);
}

static struct vmgenc_status status(void)
{
	struct vmgenc_status st = {.size = sizeof(st)};

	assert_int_equal(vmgenc_status(vg, &st), 0);
	return st;
}

static struct vmgenc_mark synced(void)
{
	struct vmgenc_mark mark = {{0}};

	assert_int_equal(vmgenc_sync(vg, &mark, 0), 0);
	return mark;
}

/* 0 if the child's function returned true; the child leaves without ASan's and cmocka's exit. */
static int in_child(bool (*function)(void))
{
	pid_t pid = fork();
	int code = -1;

	if (pid == 0)
		_exit(function() ? 0 : 1);
	waitpid(pid, &code, 0);
	return code;
}

/* Opening */

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

/* Fails if somebody who may not read the source gets it, or hears that there is none. */
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

/* Fails if whoever starts a set-user-id program can give it a source of his own. */
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

/* Checking and syncing */

/* Fails if a mark of zeros is taken for a generation: the first check must say changed. */
static void fresh_mark_says_changed(void **state)
{
	const struct vmgenc_mark fresh = {{0}};

	(void)state;
	open_file();
	assert_true(vmgenc_changed(vg, &fresh));
	vmgenc_close(vg);
	sim.page->flags = 0;
	open_file();
	assert_true(vmgenc_changed(vg, &fresh));
}

/* Fails if sync marks anything but the hypervisor's id, or the check is never false. */
static void sync_marks_the_id(void **state)
{
	struct vmgenc_mark mark;

	(void)state;
	open_file();
	mark = synced();
	assert_false(vmgenc_changed(vg, &mark));
	assert_int_equal(mark.seen[0], sim.raw[0]);
	assert_int_equal(mark.seen[1], sim.raw[1]);
}

/* Fails if the check leaves out half of the id. */
static void either_word_counts(void **state)
{
	struct vmgenc_mark mark;

	(void)state;
	open_file();
	mark = synced();
	for (int word = 0; word < 2; word++) {
		sim.raw[word] ^= 1ull << 63;
		assert_true(vmgenc_changed(vg, &mark));
		sim.raw[word] ^= 1ull << 63;
		assert_false(vmgenc_changed(vg, &mark));
	}
}

/* Fails if a clone is seen only after the driver has seen it, or sync does not wait for it. */
static void clone_is_seen_before_the_driver(void **state)
{
	struct vmgenc_mark mark, before;

	(void)state;
	open_file();
	mark = before = synced();
	simfile_bump_raw(&sim);
	assert_true(vmgenc_changed(vg, &mark));
	assert_int_equal(vmgenc_sync(vg, &mark, 0), -ETIMEDOUT);
	assert_int_equal(vmgenc_sync(vg, &mark, 15), -ETIMEDOUT);
	assert_memory_equal(&mark, &before, sizeof(mark));
	simfile_publish(&sim);
	assert_true(vmgenc_changed(vg, &mark));
	assert_int_equal(vmgenc_sync(vg, &mark, 0), 0);
	assert_false(vmgenc_changed(vg, &mark));
}

/* Fails if sync says rekeyed before settled has reached generation. */
static void sync_needs_a_rekey(void **state)
{
	struct vmgenc_mark mark, before;

	(void)state;
	open_file();
	mark = before = synced();
	simfile_bump_raw(&sim);
	simfile_publish_unsettled(&sim);
	assert_int_equal(vmgenc_sync(vg, &mark, 0), -ETIMEDOUT);
	assert_memory_equal(&mark, &before, sizeof(mark));
	assert_int_equal(status().flags, VMGENC_RAW_MAPPABLE | VMGENC_REKEY_FAILED);
	simfile_settle(&sim);
	assert_int_equal(vmgenc_sync(vg, &mark, 0), 0);
	assert_false(vmgenc_changed(vg, &mark));
}

/* Fails if, without the raw page, the driver's counter is not what is compared. */
static void generation_page_alone(void **state)
{
	struct vmgenc_mark mark;

	(void)state;
	sim.page->flags = 0;
	sim.page->id_offset = UINT32_MAX; /* means nothing then */
	open_file();
	assert_int_equal(status().guarantee, VMGENC_NOTIFIED);
	mark = synced();
	assert_int_equal(mark.seen[0], 1);
	assert_int_equal(mark.seen[1], 1);
	simfile_bump_raw(&sim);
	assert_false(vmgenc_changed(vg, &mark));
	simfile_publish_unsettled(&sim);
	assert_true(vmgenc_changed(vg, &mark));
	assert_int_equal(vmgenc_sync(vg, &mark, 0), -ETIMEDOUT);
	simfile_settle(&sim);
	assert_int_equal(vmgenc_sync(vg, &mark, 0), 0);
	assert_false(vmgenc_changed(vg, &mark));
}

/* Fails if an id of zeros passes for one, or one that comes later goes unseen. */
static void id_that_the_host_fills_late(void **state)
{
	struct vmgenc_mark mark;

	(void)state;
	sim.page->flags |= VMGENC_ID_UNFILLED;
	open_file();
	assert_int_equal(status().guarantee, VMGENC_NONE);
	mark = synced();
	assert_false(vmgenc_changed(vg, &mark));
	sim.page->flags &= ~VMGENC_ID_UNFILLED;
	simfile_bump(&sim);
	assert_true(vmgenc_changed(vg, &mark));
	assert_int_equal(status().guarantee, VMGENC_NOTIFIED);
}

static atomic_bool settled_later;

static void *settle_later(void *unused)
{
	(void)unused;
	usleep(35000);
	atomic_store(&settled_later, true);
	simfile_settle(&sim);
	return NULL;
}

/* Fails if sync returns before the rekey it waits for, or never. */
static void sync_waits_for_the_rekey(void **state)
{
	struct vmgenc_mark mark = {{0}};
	pthread_t thread;

	(void)state;
	open_file();
	simfile_publish_unsettled(&sim);
	assert_int_equal(pthread_create(&thread, NULL, settle_later, NULL), 0);
	assert_int_equal(vmgenc_sync(vg, &mark, 60000), 0);
	assert_true(atomic_load(&settled_later));
	pthread_join(thread, NULL);
}

static int alarms;

/* A sync that signals do not end succeeds at last, so that the test fails and does not hang. */
static void on_alarm(int number)
{
	(void)number;
	if (++alarms == 1000)
		simfile_settle(&sim);
}

/* Fails if a signal does not end a sync that waits for ever. */
static void signal_ends_sync(void **state)
{
	const struct itimerval often = {{0, 5000}, {0, 5000}}, never = {{0, 0}, {0, 0}};
	struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	struct vmgenc_mark mark = {{7, 7}};
	int error;

	(void)state;
	open_file();
	simfile_publish_unsettled(&sim);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	error = vmgenc_sync(vg, &mark, -1);
	setitimer(ITIMER_REAL, &never, NULL);
	assert_int_equal(error, -EINTR);
	assert_int_equal(mark.seen[0], 7);
	assert_int_equal(mark.seen[1], 7);
}

static struct vmgenc_mark shared_mark;

static bool child_sees_and_syncs(void)
{
	struct vmgenc_mark mark = shared_mark;

	if (vmgenc_changed(vg, &mark))
		return false;
	simfile_bump(&sim);
	if (!vmgenc_changed(vg, &mark) || vmgenc_sync(vg, &mark, 0))
		return false;
	return !vmgenc_changed(vg, &mark);
}

/* Fails if a child does not see changes through what it inherited, or parent and child interfere.
 */
static void child_goes_on_by_itself(void **state)
{
	(void)state;
	open_file();
	shared_mark = synced();
	assert_int_equal(in_child(child_sees_and_syncs), 0);
	assert_true(vmgenc_changed(vg, &shared_mark));
	assert_int_equal(vmgenc_sync(vg, &shared_mark, 0), 0);
	assert_false(vmgenc_changed(vg, &shared_mark));
}

static atomic_bool all_bumped;

/* Ids of simfile count up, and their words belong together: a mark shows when either is broken. */
static void *check_and_sync(void *wrong)
{
	struct vmgenc_mark mark = {{0}}, last;
	bool end;

	do {
		end = atomic_load(&all_bumped);
		if (!vmgenc_changed(vg, &mark))
			continue;
		last = mark;
		if (vmgenc_sync(vg, &mark, 60000) || mark.seen[0] <= last.seen[0] ||
		    mark.seen[1] != ~mark.seen[0])
			atomic_fetch_add((atomic_int *)wrong, 1);
	} while (!end);
	if (mark.seen[0] != sim.raw[0])
		atomic_fetch_add((atomic_int *)wrong, 1);
	return NULL;
}

/* Fails if a thread marks half an id or an old one, misses the last change, or state is shared. */
static void many_threads_check_while_one_changes(void **state)
{
	pthread_t threads[THREADS];
	atomic_int wrong = 0;

	(void)state;
	open_file();
	atomic_store(&all_bumped, false);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, check_and_sync, &wrong), 0);
	for (int i = 0; i < BUMPS; i++) {
		simfile_bump(&sim);
		usleep(500);
	}
	atomic_store(&all_bumped, true);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(wrong, 0);
}

/* A file that may shrink is read, not mapped: a look at a page that is gone would be SIGBUS. */

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

/* Status and descriptor */

/* Fails if a field of the status comes from another one of the page. */
static void status_shows_the_page(void **state)
{
	struct vmgenc_status st;

	(void)state;
	simfile_bump(&sim);
	sim.page->spurious = 101;
	sim.page->rekeys = 102;
	sim.page->rekey_failures = 103;
	sim.page->changes = 104;
	sim.page->unseeded = 105;
	sim.page->redraws = 106;
	sim.page->redraws_missed = 107;
	sim.page->settled = 1;
	open_file();
	st = status();
	assert_int_equal(st.size, sizeof(st));
	assert_int_equal(st.guarantee, VMGENC_RACE_FREE);
	assert_int_equal(st.flags, VMGENC_RAW_MAPPABLE);
	assert_int_equal(st.reserved, 0);
	assert_int_equal(st.generation, 2);
	assert_int_equal(st.settled, 1);
	assert_memory_equal(st.id, (const void *)sim.raw, sizeof(st.id));
	assert_int_equal(st.changed_ns, sim.page->changed_ns);
	assert_int_equal(st.spurious, 101);
	assert_int_equal(st.rekeys, 102);
	assert_int_equal(st.rekey_failures, 103);
	assert_int_equal(st.changes, 104);
	assert_string_equal(st.source, sim.source);
	assert_int_equal(st.unseeded, 105);
	assert_int_equal(st.redraws, 106);
	assert_int_equal(st.redraws_missed, 107);
}

/* Fails if a driver of the first version is refused, or what is behind its page is believed. */
static void driver_of_the_first_version(void **state)
{
	struct vmgenc_status st;

	(void)state;
	sim.page->size = 96;
	sim.page->unseeded = sim.page->redraws = sim.page->redraws_missed = 105;
	open_file();
	st = status();
	assert_int_equal(st.generation, 1);
	assert_int_equal(st.unseeded, 0);
	assert_int_equal(st.redraws, 0);
	assert_int_equal(st.redraws_missed, 0);
}

/* Fails if more than size is written, less than the first version accepted, or a tail left over. */
static void status_keeps_to_its_size(void **state)
{
	struct {
		struct vmgenc_status st;
		unsigned char later[16], beyond[8];
	} caller;
	const uint32_t later = offsetof(__typeof__(caller), beyond);
	const uint32_t first = 152; /* the structure of the first version */
	unsigned char before[sizeof(caller)], zeros[16] = {0};

	(void)state;
	open_file();
	for (uint32_t size = 0; size < first; size += first / 8 - 1) {
		memset(&caller, 0xaa, sizeof(caller));
		caller.st.size = size;
		memcpy(before, &caller, sizeof(caller));
		assert_int_equal(vmgenc_status(vg, &caller.st), -EINVAL);
		assert_memory_equal(before, &caller, sizeof(caller));
	}
	caller.st.size = first - 1;
	assert_int_equal(vmgenc_status(vg, &caller.st), -EINVAL);

	memset(&caller, 0xaa, sizeof(caller));
	memcpy(before, &caller, sizeof(caller));
	caller.st.size = first;
	assert_int_equal(vmgenc_status(vg, &caller.st), 0);
	assert_int_equal(caller.st.generation, 1);
	assert_memory_equal(before, (char *)&caller + first, sizeof(caller) - first);

	memset(&caller, 0xaa, sizeof(caller));
	memcpy(before, &caller, sizeof(caller));
	caller.st.size = sizeof(caller.st);
	assert_int_equal(vmgenc_status(vg, &caller.st), 0);
	assert_memory_equal(before, caller.later, sizeof(caller.later));
	caller.st.size = later;
	assert_int_equal(vmgenc_status(vg, &caller.st), 0);
	assert_int_equal(caller.st.size, later);
	assert_memory_equal(zeros, caller.later, sizeof(caller.later));
	assert_memory_equal(before, caller.beyond, sizeof(caller.beyond));
}

/* Fails if a long name overruns the field or loses its end. */
static void status_cuts_a_long_name(void **state)
{
	struct vmgenc_status st;
	char name[256] = "file:/";

	(void)state;
	for (int i = 0; i < 40; i++)
		strcat(name, "./");
	strcat(name, sim.path + 1);
	assert_int_equal(vmgenc_open(&vg, name), 0);
	st = status();
	assert_int_equal(strnlen(st.source, sizeof(st.source)), sizeof(st.source) - 1);
	assert_memory_equal(st.source, name, sizeof(st.source) - 1);
}

/* Fails if a writer that died half-way is waited for without end, or its page believed. */
static void writer_that_died(void **state)
{
	struct vmgenc_status st = {.size = sizeof(st)};
	struct vmgenc_mark mark = {{0}};

	(void)state;
	open_file();
	sim.page->seq++;
	assert_int_equal(vmgenc_status(vg, &st), -EAGAIN);
	assert_int_equal(st.generation, 0);
	assert_int_equal(vmgenc_sync(vg, &mark, 0), -ETIMEDOUT);
	assert_true(vmgenc_changed(vg, &mark));
}

static volatile sig_atomic_t interruptions;

static void bump_on_alarm(int number)
{
	(void)number;
	simfile_bump(&sim);
	interruptions++;
}

/*
 * Fails if a status mixes two generations. The writer interrupts the reader between any two
 * instructions of its copying, thousands of times: another processor would seldom meet it there.
 */
static void status_is_of_one_generation(void **state)
{
	const struct itimerval often = {{0, 50}, {0, 50}}, never = {{0, 0}, {0, 0}};
	struct sigaction action = {.sa_handler = bump_on_alarm};
	struct vmgenc_status st = {.size = sizeof(st)};
	int failed = 0, mixed = 0;
	uint64_t id[2];

	(void)state;
	open_file();
	interruptions = 0;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	while (interruptions < INTERRUPTIONS) {
		failed += vmgenc_status(vg, &st) != 0;
		memcpy(id, st.id, sizeof(id));
		mixed += st.settled != st.generation || st.changes != st.generation - 1 ||
			 id[0] != st.generation || id[1] != ~id[0];
	}
	setitimer(ITIMER_REAL, &never, NULL);
	assert_int_equal(mixed, 0);
	assert_int_equal(failed, 0);
}

/* Fails if a plain file, which polls readable always, is handed out to wait on. */
static void file_has_no_descriptor(void **state)
{
	(void)state;
	open_file();
	assert_int_equal(vmgenc_fd(vg), -ENOTSUP);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_file, remove_file)
#define PLAIN(function) cmocka_unit_test_setup_teardown(function, make_plain_file, remove_file)
#define BOTH(function) TEST(function), PLAIN(function)

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
		BOTH(fresh_mark_says_changed),
		BOTH(sync_marks_the_id),
		BOTH(either_word_counts),
		BOTH(clone_is_seen_before_the_driver),
		BOTH(sync_needs_a_rekey),
		BOTH(generation_page_alone),
		BOTH(id_that_the_host_fills_late),
		TEST(sync_waits_for_the_rekey),
		TEST(signal_ends_sync),
		BOTH(child_goes_on_by_itself),
		BOTH(many_threads_check_while_one_changes),
		PLAIN(plain_file_is_not_mapped),
		PLAIN(file_that_shrinks),
		PLAIN(file_that_turns_into_another),
		PLAIN(descriptor_that_the_program_closed),
		BOTH(status_shows_the_page),
		BOTH(driver_of_the_first_version),
		TEST(status_keeps_to_its_size),
		PLAIN(status_cuts_a_long_name),
		BOTH(writer_that_died),
		BOTH(status_is_of_one_generation),
		TEST(file_has_no_descriptor),
	};

	if (argc == 2 && !strcmp(argv[1], "opens-environment"))
		_exit(opens_environment());
	return cmocka_run_group_tests_name("libvmgenc, file:", tests, NULL, NULL);
}
