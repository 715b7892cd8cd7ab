/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/hypervisor: writes the page with a VM's id as a hypervisor does, before the clone runs: in
 * memory that each VM has for itself, or in the snapshot from which it resumes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/host.h"
#include "hypervisor.h"

#define PAGE_SIZE 4096u
#define ROM_BLOCK 65536u
/* The BIOS that QEMU boots by default, where distributions put it. */
static const char *const bioses[] = {"/usr/share/seabios/bios-256k.bin",
				     "/usr/share/qemu/bios-256k.bin",
				     "/usr/share/qemu-kvm/bios-256k.bin"};

static void fill_page(const struct shape *s, const struct shape_id *id, uint8_t page[PAGE_SIZE])
{
	memset(page, s->shared ? 0xa5 : 0, PAGE_SIZE);
	memcpy(page + s->offset, id->bytes, ID_SIZE);
}

bool idpage_is_in_snapshot(const struct shape *s)
{
	return s->where == WHERE_HOLE || s->where == WHERE_ROM;
}

/* The ROM has the page first and then the BIOS, which must be at its end. */
static int prepare_rom(struct firmware *f)
{
	int code = LAB_EXIT_ENVIRONMENT;
	struct stat st;
	size_t i = 0;

	while (i < sizeof(bioses) / sizeof(*bioses) && stat(bioses[i], &st))
		i++;
	if (i == sizeof(bioses) / sizeof(*bioses))
		return lab_fail(code, "there is no %s; apt-get install seabios", bioses[0]);
	f->rom_size = (uint32_t)st.st_size + ROM_BLOCK;
	int in = open(bioses[i], O_RDONLY | O_CLOEXEC);
	int out = in < 0 ? -1 : open(f->page_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	uint8_t *bios = malloc((size_t)st.st_size);

	if (out >= 0 && bios && read(in, bios, (size_t)st.st_size) == st.st_size &&
	    pwrite(out, bios, (size_t)st.st_size, ROM_BLOCK) == st.st_size)
		code = 0;
	else
		lab_fail(code, "cannot copy %s to %s: %s", bioses[i], f->page_file,
			 strerror(errno));
	free(bios);
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return code;
}

static void table_of(const char *tables, const struct shape *s, char path[400])
{
	snprintf(path, 400, "%.300s/%s.aml", tables, s->name);
}

int idpage_check(const char *tables, const struct shape *s)
{
	char path[400];
	const struct firmware f = {.table = path};

	table_of(tables, s, path);
	return firmware_check(&f);
}

int idpage_prepare(const char *tables, struct machine *m, const char *directory)
{
	struct firmware *f = &m->firmware;
	char table[400];
	int code = 0;

	snprintf(f->page_file, sizeof(f->page_file), "%s/page", directory);
	if (f->shape->notify == NOTIFY_LINE) {
		snprintf(f->placed, sizeof(f->placed), "%s/tree.dtb", directory);
		return tree_write(m, f->placed);
	}
	snprintf(f->placed, sizeof(f->placed), "%s/table.aml", directory);
	table_of(tables, f->shape, table);
	if (f->shape->where == WHERE_ROM)
		code = prepare_rom(f);
	if (!code && f->shape->where == WHERE_HOLE)
		code = rundir_create(f->page_file, PAGE_SIZE, true);
	return code ? code : aml_place(table, f->placed, machine_id_page(m), machine_id_address(m));
}

int idpage_write(struct vm *vm)
{
	const struct firmware *f = &vm->machine->firmware;
	uint8_t page[PAGE_SIZE];

	fill_page(f->shape, &vm->id, page);
	if (!idpage_is_in_snapshot(f->shape)) {
		shared_write(vm->exchange, vm->machine->exchange_size - PAGE_BLOCK, page,
			     PAGE_SIZE);
		return 0;
	}
	int fd = open(f->page_file, O_WRONLY | O_CLOEXEC);
	bool written = fd >= 0 && pwrite(fd, page, PAGE_SIZE, 0) == PAGE_SIZE;

	if (fd >= 0)
		close(fd);
	return written ? 0
		       : lab_fail(LAB_EXIT_ENVIRONMENT, "cannot write %s: %s", f->page_file,
				  strerror(errno));
}

/* Replace the old id everywhere and count the places. It should be in the page only. */
static size_t replace(uint8_t *image, size_t size, const uint8_t old[ID_SIZE],
		      const uint8_t id[ID_SIZE])
{
	size_t count = 0;

	for (uint8_t *at = image; (at = memmem(at, size - (size_t)(at - image), old, ID_SIZE));
	     count++)
		memcpy(at, id, ID_SIZE);
	return count;
}

int idpage_change_snapshot(struct vm *vm, const char *snapshot, const uint8_t old[ID_SIZE])
{
	int fd = open(snapshot, O_RDWR | O_CLOEXEC);
	uint8_t *image = MAP_FAILED;
	size_t count = 0;
	struct stat st;

	if (fd >= 0 && !fstat(fd, &st))
		image = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	if (image == MAP_FAILED)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "cannot map %s: %s", snapshot,
				strerror(errno));
	count = replace(image, (size_t)st.st_size, old, vm->id.bytes);
	munmap(image, (size_t)st.st_size);
	return count == 1 ? 0
			  : lab_fail(LAB_EXIT_ENVIRONMENT,
				     "the snapshot has the id %zu times instead of once", count);
}
