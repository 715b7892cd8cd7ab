/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/boot: writes the Multiboot image that a FreeBSD guest boots: a stub, the kernel, its
 * metadata, a root file system and entropy, at the addresses where the metadata says that a loader
 * put them.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot.h"
#include "freebsd/boot.h"
#include "host/host.h"

#define KERNBASE 0xffffffff80000000ull
#define MAX_IMAGE (512u << 20)
#define PAGE 4096u
#define ENTROPY 4096 /* gives each of Fortuna's 32 pools the 64 bytes that its first seed needs */
#define SMAP_ENTRIES 32

/* sys/linker.h and x86/include/metadata.h */
enum {
	INFO_END = 0,
	INFO_NAME = 1,
	INFO_TYPE = 2,
	INFO_ADDR = 3,
	INFO_SIZE = 4,
	INFO_ENVP = 0x8006,
	INFO_HOWTO = 0x8007,
	INFO_KERNEND = 0x8008,
	INFO_SMAP = 0x9001
};
#define KERNEL_AT 0x200000ull
#define RB_SERIAL 0x1000

/* embed.S: the stub */
extern const char lab_freebsd_boot_start[], lab_freebsd_boot_end[];

/* The memory from FREEBSD_BOOT_BASE. */
struct image {
	unsigned char *data;
	uint64_t size;
};

static unsigned char *at(const struct image *i, uint64_t physical)
{
	return i->data + (physical - FREEBSD_BOOT_BASE);
}

/* Allocate size bytes on pages of their own, after everything else. Return the physical address. */
static uint64_t place(struct image *i, uint64_t size)
{
	uint64_t where = FREEBSD_BOOT_BASE + (i->size + PAGE - 1) / PAGE * PAGE;

	i->size = where - FREEBSD_BOOT_BASE + size;
	return where;
}

static void put(struct image *i, uint64_t *where, uint32_t type, const void *data, uint32_t size)
{
	memcpy(at(i, *where), &type, sizeof(type));
	memcpy(at(i, *where + 4), &size, sizeof(size));
	if (data)
		memcpy(at(i, *where + 8), data, size);
	*where += 8 + (size + 7ull) / 8 * 8;
}

static void put_text(struct image *i, uint64_t *where, uint32_t type, const char *text)
{
	put(i, where, type, text, (uint32_t)strlen(text) + 1);
}

static void put_number(struct image *i, uint64_t *where, uint32_t type, uint64_t n)
{
	put(i, where, type, &n, sizeof(n));
}

static void put_file(struct image *i, uint64_t *where, const char *name, const char *type,
		     uint64_t address, uint64_t size)
{
	put_text(i, where, INFO_NAME, name);
	put_text(i, where, INFO_TYPE, type);
	put_number(i, where, INFO_ADDR, address);
	put_number(i, where, INFO_SIZE, size);
}

/* The numbers are from a file, so avoid sums that could wrap. */
static bool is_kernels(const Elf64_Phdr *p, size_t size)
{
	uint64_t where = p->p_vaddr - KERNBASE;

	return p->p_filesz <= p->p_memsz && p->p_filesz <= size &&
	       p->p_offset <= size - p->p_filesz && where >= KERNEL_AT && where <= MAX_IMAGE &&
	       p->p_memsz <= MAX_IMAGE - where;
}

static int load_segments(struct image *i, const char *path, const unsigned char *file, size_t size)
{
	const Elf64_Ehdr *elf = (const Elf64_Ehdr *)file;
	uint64_t end = 0;

	for (unsigned int n = 0; n < elf->e_phnum; n++) {
		Elf64_Phdr p;

		if (elf->e_phoff > size || (n + 1) * sizeof(p) > size - elf->e_phoff)
			break;
		memcpy(&p, file + elf->e_phoff + n * sizeof(p), sizeof(p));
		if (p.p_type != PT_LOAD)
			continue;
		if (!is_kernels(&p, size))
			return lab_fail(LAB_EXIT_ENVIRONMENT,
					"%s: segment %u does not belong to a kernel", path, n);
		memcpy(at(i, p.p_vaddr - KERNBASE), file + p.p_offset, p.p_filesz);
		if (p.p_vaddr - KERNBASE + p.p_memsz > end)
			end = p.p_vaddr - KERNBASE + p.p_memsz;
	}
	i->size = end ? end - FREEBSD_BOOT_BASE : 0;
	return end ? 0 : lab_fail(LAB_EXIT_ENVIRONMENT, "%s has nothing to load", path);
}

/* Return NULL after a message. */
static unsigned char *map_file(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *data = MAP_FAILED;

	if (fd >= 0 && !fstat(fd, &st) && st.st_size > 0)
		data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		lab_fail(LAB_EXIT_ENVIRONMENT, "cannot read %s: %s", path, strerror(errno));
	else
		*size = (size_t)st.st_size;
	if (fd >= 0)
		close(fd);
	return data == MAP_FAILED ? NULL : data;
}

static int load_kernel(struct image *i, const char *path, uint64_t *entry)
{
	size_t size;
	unsigned char *file = map_file(path, &size);

	if (!file)
		return LAB_EXIT_ENVIRONMENT;
	*entry = ((const Elf64_Ehdr *)file)->e_entry;
	int code = load_segments(i, path, file, size);

	munmap(file, size);
	return code;
}

static int load_root(struct image *i, const char *path, uint64_t *where, uint64_t *length)
{
	size_t size;
	unsigned char *file = map_file(path, &size);

	if (!file)
		return LAB_EXIT_ENVIRONMENT;
	if (size > MAX_IMAGE / 2) {
		munmap(file, size);
		return lab_fail(LAB_EXIT_ENVIRONMENT, "the guest's files are too large");
	}
	*length = size;
	*where = place(i, size);
	memcpy(at(i, *where), file, size);
	munmap(file, size);
	return 0;
}

/* Leave out the words that do not fit before end. */
static char *put_words(char *to, const char *end, const char *words)
{
	for (words += strspn(words, " "); *words; words += strspn(words, " ")) {
		size_t length = strcspn(words, " ");

		if (to + length + 1 < end) {
			memcpy(to, words, length);
			to += length + 1;
		}
		words += length;
	}
	return to;
}

/* The environment is NUL-terminated strings, and an empty one at the end. */
static uint64_t put_environment(struct image *i, const struct boot_source *from)
{
	const char *const fixed = "vfs.root.mountfrom=ufs:/dev/md0 init_path=/init "
				  "hint.uart.0.at=isa hint.uart.0.port=0x3F8 hint.uart.0.irq=4 "
				  "hint.uart.0.flags=0x10 console=comconsole "
				  "debug.trace_on_panic=1 debug.debugger_on_panic=0 "
				  "kern.panic_reboot_wait_time=0";
	uint64_t where = place(i, PAGE);
	char *to = (char *)at(i, where), *end = to + PAGE - 1;
	char exchange[80];

	snprintf(exchange, sizeof(exchange), "lab_exchange=%llx,%llx",
		 (unsigned long long)from->exchange, (unsigned long long)from->exchange_size);
	to = put_words(put_words(to, end, fixed), end, exchange);
	put_words(put_words(to, end, from->module_args), end, from->append);
	return where;
}

/* Use the loader's order: the kernel first, then its modules. */
static void finish(struct image *i, const struct boot_source *from, uint64_t entry,
		   uint64_t kernel_size, uint64_t root, uint64_t root_size)
{
	struct freebsd_boot boot = {
		.entry = entry, .hole = from->exchange, .hole_size = from->exchange_size};
	uint64_t environment = put_environment(i, from);
	uint64_t entropy = place(i, ENTROPY), where = place(i, PAGE);
	uint64_t end = place(i, 0);

	if (getrandom(at(i, entropy), ENTROPY, 0) != ENTROPY)
		lab_note("the host has no random numbers for the guest's seed");
	boot.modulep = (uint32_t)where;
	boot.kernend = (uint32_t)end;
	put_file(i, &where, "/boot/kernel/kernel", "elf kernel", KERNEL_AT, kernel_size);
	put(i, &where, INFO_HOWTO, &(uint32_t){RB_SERIAL}, sizeof(uint32_t));
	put_number(i, &where, INFO_ENVP, environment);
	put_number(i, &where, INFO_KERNEND, end);
	boot.smap = (uint32_t)where + 8;
	boot.entries = SMAP_ENTRIES;
	put(i, &where, INFO_SMAP, NULL, SMAP_ENTRIES * sizeof(struct freebsd_smap));
	put_file(i, &where, "/root", "mfs_root", root, root_size);
	put_file(i, &where, "/boot/entropy", "boot_entropy_cache", entropy, ENTROPY);
	put(i, &where, INFO_END, NULL, 0);
	memcpy(i->data + FREEBSD_BOOT_PARAMETERS, &boot, sizeof(boot));
}

static int write_image(const struct image *i, const char *path)
{
	FILE *out = fopen(path, "wxe");

	if (!out)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "cannot create %s: %s", path,
				strerror(errno));
	fwrite(i->data, 1, i->size, out);
	return ferror(out) | fclose(out) ? lab_fail(LAB_EXIT_ENVIRONMENT, "cannot write %s: %s",
						    path, strerror(errno))
					 : 0;
}

int image_write(const char *path, const char *files, const struct boot_source *from)
{
	struct image i = {.data = mmap(NULL, 2ull * MAX_IMAGE, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)};
	uint64_t entry = 0, kernel_size, root = 0, root_size = 0;

	if (i.data == MAP_FAILED)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "no memory for the guest's image");
	memcpy(i.data, lab_freebsd_boot_start,
	       (size_t)(lab_freebsd_boot_end - lab_freebsd_boot_start));
	int code = load_kernel(&i, from->kernel, &entry);

	kernel_size = i.size - (KERNEL_AT - FREEBSD_BOOT_BASE);
	if (!code)
		code = load_root(&i, files, &root, &root_size);
	if (!code) {
		finish(&i, from, entry, kernel_size, root, root_size);
		code = write_image(&i, path);
	}
	munmap(i.data, 2ull * MAX_IMAGE);
	return code;
}
