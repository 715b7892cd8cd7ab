/* SPDX-License-Identifier: BSD-2-Clause */
/* test/vm: the two pages of /dev/vmgenc, who may map them and how, and libvmgenc on them. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "check.h"
#include "guest.h"
#include "rawid.h"
#include "vmgenc.h"

#define PAGE 4096
#define ONLY_SYNC "look_ms=0 notify=0"

/* What mmap(2) gives, the descriptor closed: a mapping lives without it. */
static void *map(int open_flags, size_t size, int protection, int flags, int number)
{
	int fd = open(NODE, open_flags | O_CLOEXEC);
	void *p = mmap(NULL, size, protection, flags, fd, (off_t)number * PAGE);
	int error = errno;

	close(fd);
	errno = error;
	return p;
}

static const volatile void *page(int number)
{
	return map(O_RDONLY, PAGE, PROT_READ, MAP_SHARED, number);
}

static bool refused(int open_flags, size_t size, int protection, int flags, int number)
{
	void *p = map(open_flags, size, protection, flags, number);
	int error = errno;

	if (p != MAP_FAILED)
		munmap(p, size);
	errno = error;
	return p == MAP_FAILED;
}

static void map_both(void)
{
	const volatile struct vmgenc_page *generation = page(0);
	const volatile uint8_t *raw = page(1);

	CHECK(generation != MAP_FAILED);
	CHECK(raw != MAP_FAILED);
	CHECK(generation->magic == VMGENC_PAGE_MAGIC);
	CHECK(memcmp((const void *)generation->id, (const void *)(raw + generation->id_offset),
		     VMGENC_ID_SIZE) == 0);
	munmap((void *)generation, PAGE);
	munmap((void *)raw, PAGE);
}

/* Fails if either page cannot be mapped by root. */
static void root_maps_both(void)
{
	map_both();
}

/* Fails if either page needs a privilege, though QEMU's page has nothing else on it. */
static void nobody_maps_both(void)
{
	CHECK(as_nobody(map_both) == 0);
}

/* Fails if a program can write a page: at once, or by mprotect(2) later; even by root. */
static void neither_is_ever_writable(void)
{
	static const int flags[] = { MAP_SHARED, MAP_PRIVATE };
	void *p;

	for (int i = 0; i < 4; i++) {
		CHECK(refused(O_RDWR, PAGE, PROT_READ | PROT_WRITE, flags[i / 2], i % 2));
		CHECK(errno == EPERM || errno == EACCES);
		CHECK(refused(O_RDONLY, PAGE, PROT_READ | PROT_WRITE, flags[i / 2], i % 2));
		CHECK(errno == EPERM || errno == EACCES);
		p = map(O_RDWR, PAGE, PROT_READ, flags[i / 2], i % 2);
		CHECK(p != MAP_FAILED);
		CHECK_ERRNO(mprotect(p, PAGE, PROT_READ | PROT_WRITE), EACCES);
		munmap(p, PAGE);
	}
}

/* Fails if a debugger's way of writing gets through, or gives the page a private copy. */
static void neither_is_written_through_proc(void)
{
	int memory = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	const uint8_t bytes[4] = { 0xde, 0xad, 0xbe, 0xef };
	uint8_t before[PAGE];
	void *p;

	for (int i = 0; i < 4; i++) {
		p = map(O_RDWR, PAGE, PROT_READ, i / 2 ? MAP_PRIVATE : MAP_SHARED, i % 2);
		CHECK(p != MAP_FAILED);
		memcpy(before, p, PAGE);
		CHECK(pwrite(memory, bytes, sizeof(bytes), (off_t)(uintptr_t)p + 64) == -1);
		CHECK(memcmp(before, p, PAGE) == 0);
		munmap(p, PAGE);
	}
	close(memory);
}

/* Fails if more than the two pages, or not a whole one of them, can be had. */
static void nothing_else_is_mapped(void)
{
	for (int i = 0; i < 2; i++) {
		int flags = i ? MAP_PRIVATE : MAP_SHARED;

		CHECK(refused(O_RDONLY, 2 * PAGE, PROT_READ, flags, 0) && errno == EINVAL);
		CHECK(refused(O_RDONLY, 2 * PAGE, PROT_READ, flags, 1) && errno == EINVAL);
		CHECK(refused(O_RDONLY, PAGE, PROT_READ, flags, 2) && errno == EINVAL);
		CHECK(refused(O_RDONLY, PAGE, PROT_READ, flags, 1 << 20) && errno == EINVAL);
	}
}

static void exit_well(int number)
{
	_exit(number != SIGBUS);
}

static void grow_each(void)
{
	volatile uint8_t *p;

	for (int i = 1; i >= 0; i--) {
		p = mremap((void *)(uintptr_t)page(i), PAGE, 2 * PAGE, MREMAP_MAYMOVE);
		if (p == MAP_FAILED)
			continue;
		/* Kernel 6.12 lets page 0 grow; what is there must be nobody's. */
		signal(SIGBUS, exit_well);
		(void)p[PAGE];
		CHECK(!"a page behind the mapped one can be read");
	}
}

/* Fails if a mapping that grows gives the page after it, which may be anybody's. */
static void no_mapping_reaches_further(void)
{
	CHECK(in_child(grow_each) == 0);
}

/* Fails if a field is not what vmgenc_abi.h says, or the page shows more than the structure. */
static void generation_page_has_its_fields(void)
{
	static const uint8_t zero[PAGE];
	const volatile struct vmgenc_page *p = page(0);

	CHECK(p->magic == VMGENC_PAGE_MAGIC);
	CHECK(p->version == VMGENC_PAGE_VERSION);
	CHECK(p->size == sizeof(*p));
	CHECK(p->flags == VMGENC_RAW_MAPPABLE);
	CHECK(p->id_offset == RAWID_OFFSET);
	CHECK(p->seq % 2 == 0 && p->reserved == 0);
	CHECK(p->generation >= 1 && p->settled == p->generation);
	CHECK(memcmp((const void *)(p + 1), zero, PAGE - sizeof(*p)) == 0);
	munmap((void *)p, PAGE);
}

/* Fails if the raw page is a copy: it must show a change that no driver has seen. */
static void raw_page_is_the_hypervisors(void)
{
	const volatile uint8_t *raw = page(1);
	uint8_t id[RAWID_SIZE];

	for (int round = 0; round < 10; round++) {
		rawid_change();
		rawid_read(id);
		CHECK(memcmp((const void *)(raw + RAWID_OFFSET), id, sizeof(id)) == 0);
	}
	munmap((void *)raw, PAGE);
}

/* Fails if a mapped generation page stays behind what sync returned, or settles later. */
static void generation_page_follows(void)
{
	const volatile struct vmgenc_page *p = page(0);
	struct vmgenc_event event;
	uint64_t changes, spurious;

	CHECK(node_sync(&event));
	changes = p->changes;
	spurious = p->spurious;
	for (unsigned int round = 1; round <= 10; round++) {
		rawid_change();
		CHECK(node_sync(&event));
		CHECK(p->generation == event.generation && p->settled == event.settled);
		CHECK(memcmp((const void *)p->id, event.id, sizeof(event.id)) == 0);
		CHECK(p->changed_ns == event.changed_ns);
		CHECK(p->changes == changes + round);
	}
	CHECK(p->spurious == spurious);
	munmap((void *)p, PAGE);
}

static uint32_t guarantee(struct vmgenc *vg)
{
	struct vmgenc_status st = { .size = sizeof(st) };

	CHECK(vmgenc_status(vg, &st) == 0);
	return st.guarantee;
}

static void library_is_race_free(void)
{
	struct vmgenc_mark mark = { { 0, 0 } };
	struct vmgenc *vg;

	CHECK(vmgenc_open(&vg, NULL) == 0);
	CHECK(guarantee(vg) == VMGENC_RACE_FREE);
	CHECK(vmgenc_changed(vg, &mark));
	CHECK(vmgenc_sync(vg, &mark, PATIENCE_S * 1000) == 0);
	CHECK(!vmgenc_changed(vg, &mark));
	vmgenc_close(vg);
}

/* Fails if nobody cannot have the guarantee that the raw page gives. */
static void library_is_race_free_for_nobody(void)
{
	CHECK(as_nobody(library_is_race_free) == 0);
}

/* Fails if the library sees a change only once the driver has, or not its end. */
static void library_sees_a_change_at_once(void)
{
	struct vmgenc_mark mark = { { 0, 0 } };
	struct vmgenc_status st = { .size = sizeof(st) };
	struct vmgenc_event event;
	uint8_t id[RAWID_SIZE];
	struct vmgenc *vg;

	CHECK(vmgenc_open(&vg, "dev:" NODE) == 0);
	CHECK(vmgenc_sync(vg, &mark, PATIENCE_S * 1000) == 0);
	CHECK(read(vmgenc_fd(vg), &event, sizeof(event)) == (ssize_t)sizeof(event));
	for (int round = 0; round < 10; round++) {
		CHECK(!vmgenc_changed(vg, &mark));
		rawid_change();
		CHECK(vmgenc_changed(vg, &mark));
		CHECK(vmgenc_changed(vg, &mark));
		CHECK(vmgenc_sync(vg, &mark, 0) == 0);
		CHECK(!vmgenc_changed(vg, &mark));
		CHECK(wait_readable(vmgenc_fd(vg)));
		CHECK(read(vmgenc_fd(vg), &event, sizeof(event)) == (ssize_t)sizeof(event));
		rawid_read(id);
		CHECK(vmgenc_status(vg, &st) == 0);
		CHECK(memcmp(st.id, id, sizeof(id)) == 0 && st.generation == event.generation);
	}
	vmgenc_close(vg);
}

static struct vmgenc *shared;
static struct vmgenc_mark shared_mark;

static void child_of_fork(void)
{
	CHECK(vmgenc_changed(shared, &shared_mark));
	CHECK(vmgenc_sync(shared, &shared_mark, 0) == 0);
	CHECK(!vmgenc_changed(shared, &shared_mark));
	rawid_change();
	CHECK(vmgenc_changed(shared, &shared_mark));
}

/* Fails if mappings or the descriptor do not reach a child, or its mark is not its own. */
static void library_works_after_fork(void)
{
	CHECK(vmgenc_open(&shared, NULL) == 0);
	CHECK(vmgenc_sync(shared, &shared_mark, 0) == 0);
	rawid_change();
	CHECK(in_child(child_of_fork) == 0);
	CHECK(vmgenc_changed(shared, &shared_mark));
	CHECK(vmgenc_sync(shared, &shared_mark, 0) == 0);
	CHECK(!vmgenc_changed(shared, &shared_mark));
	vmgenc_close(shared);
}

enum { THREADS = 8, CHANGES = 100 };
static atomic_uint round_now, arrived, wrong;

/* In each round: sees the change, ends it for itself, and says so. */
static void *guarded(void *unused)
{
	struct vmgenc_mark mark = { { 0, 0 } };

	wrong += vmgenc_sync(shared, &mark, 0) != 0;
	arrived++;
	for (unsigned int round = 1; round <= CHANGES; round++) {
		while (round_now != round)
			sched_yield();
		wrong += !vmgenc_changed(shared, &mark);
		wrong += vmgenc_sync(shared, &mark, wrong ? 0 : PATIENCE_S * 1000) != 0;
		wrong += vmgenc_changed(shared, &mark);
		arrived++;
	}
	return unused;
}

static void wait_for_all(void)
{
	while (arrived != THREADS)
		sched_yield();
	arrived = 0;
}

/* Fails if threads that share a source miss a change, or make more generations of it. */
static void library_works_in_threads(void)
{
	struct vmgenc_status before = { .size = sizeof(before) }, after = before;
	pthread_t threads[THREADS];

	CHECK(vmgenc_open(&shared, NULL) == 0);
	CHECK(vmgenc_sync(shared, &shared_mark, 0) == 0);
	CHECK(vmgenc_status(shared, &before) == 0);
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_create(&threads[i], NULL, guarded, NULL) == 0);
	wait_for_all();
	for (unsigned int round = 1; round <= CHANGES; round++) {
		rawid_change();
		round_now = round;
		wait_for_all();
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	CHECK(wrong == 0);
	CHECK(vmgenc_status(shared, &after) == 0);
	CHECK(after.generation == before.generation + CHANGES);
	CHECK(after.rekeys >= before.rekeys + CHANGES); /* and again, where that takes a second */
	vmgenc_close(shared);
}

static void nobody_without_raw(void)
{
	struct vmgenc_mark mark = { { 0, 0 } };
	struct vmgenc_event event;
	struct vmgenc *vg;

	CHECK(!refused(O_RDONLY, PAGE, PROT_READ, MAP_SHARED, 0));
	CHECK(refused(O_RDONLY, PAGE, PROT_READ, MAP_SHARED, 1) && errno == EPERM);
	CHECK(refused(O_RDONLY, PAGE, PROT_READ, MAP_PRIVATE, 1) && errno == EPERM);
	CHECK(vmgenc_open(&vg, NULL) == 0);
	CHECK(guarantee(vg) == VMGENC_NOTIFIED);
	CHECK(vmgenc_changed(vg, &mark));
	CHECK(vmgenc_sync(vg, &mark, 0) == 0);
	CHECK(!vmgenc_changed(vg, &mark));
	rawid_change();
	/* Somebody else's sync stands for the notification. */
	CHECK(node_sync(&event));
	CHECK(vmgenc_changed(vg, &mark));
	CHECK(vmgenc_sync(vg, &mark, 0) == 0);
	CHECK(!vmgenc_changed(vg, &mark));
	vmgenc_close(vg);
}

/* Fails if raw=rawio leaves the raw page to everyone, or takes more than that away. */
static void rawio_is_for_the_privileged(void)
{
	CHECK(module_reload(ONLY_SYNC " raw=rawio") == 0);
	rawid_page();
	CHECK(as_nobody(nobody_without_raw) == 0);
	CHECK(in_child(library_is_race_free) == 0);
	CHECK(module_reload(ONLY_SYNC) == 0);
	CHECK(as_nobody(map_both) == 0);
}

static void loads(void)
{
	CHECK(module_reload(ONLY_SYNC) == 0);
}

int main(void)
{
	RUN(loads);
	RUN(root_maps_both);
	RUN(nobody_maps_both);
	RUN(neither_is_ever_writable);
	RUN(neither_is_written_through_proc);
	RUN(nothing_else_is_mapped);
	RUN(no_mapping_reaches_further);
	RUN(generation_page_has_its_fields);
	RUN(raw_page_is_the_hypervisors);
	RUN(generation_page_follows);
	RUN(library_is_race_free);
	RUN(library_is_race_free_for_nobody);
	RUN(library_sees_a_change_at_once);
	RUN(library_works_after_fork);
	RUN(library_works_in_threads);
	RUN(rawio_is_for_the_privileged);
	return check_result();
}
