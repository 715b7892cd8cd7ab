/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit: writes what libvmgenc's file: sources read - a driver and a hypervisor in a file. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "simfile.h"

/* Not 0, so that a reader that ignores id_offset is found out. */
#define ID_OFFSET 0x40

static void *map_new(int fd, size_t size)
{
	if (ftruncate(fd, (off_t)size))
		return MAP_FAILED;
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
}

static void fill(struct simfile *sim, void *pages)
{
	sim->page = pages;
	sim->raw = (volatile uint64_t *)((char *)pages + sim->page_size + ID_OFFSET);
	sim->page->version = VMGENC_PAGE_VERSION;
	sim->page->size = sizeof(*sim->page);
	sim->page->flags = VMGENC_RAW_MAPPABLE;
	sim->page->id_offset = ID_OFFSET;
	simfile_bump(sim);
	sim->page->changes = 0;
	sim->page->magic = VMGENC_PAGE_MAGIC;
}

static int map_and_fill(struct simfile *sim, int fd)
{
	void *pages;

	sim->path = sim->source + strlen("file:");
	sim->page_size = (size_t)sysconf(_SC_PAGESIZE);
	pages = map_new(fd, 2 * sim->page_size);
	if (pages == MAP_FAILED)
		return -errno;
	fill(sim, pages);
	return 0;
}

int simfile_create(struct simfile *sim)
{
	int err;

	memset(sim, 0, sizeof(*sim));
	sim->fd = memfd_create("vmgenc-sim", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (sim->fd < 0)
		return -errno;
	snprintf(sim->source, sizeof(sim->source), "file:/proc/%d/fd/%d", getpid(), sim->fd);
	sim->name = "/memfd:vmgenc-sim";
	err = map_and_fill(sim, sim->fd);
	if (!err && fcntl(sim->fd, F_ADD_SEALS, F_SEAL_SHRINK))
		err = -errno;
	if (err)
		close(sim->fd);
	return err;
}

int simfile_create_plain(struct simfile *sim)
{
	int fd, err;

	memset(sim, 0, sizeof(*sim));
	sim->fd = -1;
	snprintf(sim->source, sizeof(sim->source), "file:/tmp/vmgenc-sim.XXXXXX");
	fd = mkstemp(sim->source + strlen("file:"));
	if (fd < 0)
		return -errno;
	err = map_and_fill(sim, fd);
	close(fd);
	if (err)
		unlink(sim->path);
	sim->name = sim->path;
	return err;
}

void simfile_remove(struct simfile *sim)
{
	if (sim->fd >= 0)
		close(sim->fd);
	else
		unlink(sim->path);
	munmap(sim->page, 2 * sim->page_size);
}

/* Both words differ from all earlier ones, and tell whether they belong together. */
void simfile_bump_raw(struct simfile *sim)
{
	uint64_t next = sim->raw[0] + 1;

	sim->raw[0] = next;
	sim->raw[1] = ~next;
}

/* The protocol of vmgenc_abi.h: seq is odd meanwhile, and generation is stored last. */
static void publish(struct simfile *sim, bool settled)
{
	volatile struct vmgenc_page *page = sim->page;
	uint64_t id[2] = {sim->raw[0], sim->raw[1]};
	uint64_t generation = page->generation + 1;

	page->seq++;
	atomic_thread_fence(memory_order_seq_cst);
	memcpy(sim->page->id, id, sizeof(id));
	page->changed_ns += 1000;
	page->changes++;
	if (settled) {
		page->rekeys++;
		page->flags &= ~VMGENC_REKEY_FAILED;
		page->settled = generation;
	} else {
		page->rekey_failures++;
		page->flags |= VMGENC_REKEY_FAILED;
	}
	atomic_thread_fence(memory_order_seq_cst);
	page->generation = generation;
	atomic_thread_fence(memory_order_seq_cst);
	page->seq++;
}

void simfile_publish(struct simfile *sim)
{
	publish(sim, true);
}

void simfile_publish_unsettled(struct simfile *sim)
{
	publish(sim, false);
}

void simfile_settle(struct simfile *sim)
{
	volatile struct vmgenc_page *page = sim->page;

	page->seq++;
	atomic_thread_fence(memory_order_seq_cst);
	page->rekeys++;
	page->flags &= ~VMGENC_REKEY_FAILED;
	page->settled = page->generation;
	atomic_thread_fence(memory_order_seq_cst);
	page->seq++;
}

void simfile_bump(struct simfile *sim)
{
	simfile_bump_raw(sim);
	simfile_publish(sim);
}
