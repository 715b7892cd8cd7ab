/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: whether the dynamic linker would preload a library into a program. It reads the file, which
 * can be of any size and hold anything. */
#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os.h"
#include "run.h"

#define MOST_HEADERS 128
#define DYNAMIC_MAX 65536
#define STRINGS_MAX (1u << 20)

struct file {
	int fd;
	Elf64_Ehdr head;
	Elf64_Phdr part[MOST_HEADERS];
};

static bool read_at(int fd, void *to, size_t size, uint64_t offset)
{
	return offset <= INT64_MAX && pread(fd, to, size, (off_t)offset) == (ssize_t)size;
}

/* What is no 64-bit program of this machine is left to execve(2). */
static bool read_head(struct file *f)
{
	const uint8_t order = BYTE_ORDER == LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB;

	return read_at(f->fd, &f->head, sizeof(f->head), 0) &&
	       !memcmp(f->head.e_ident, ELFMAG, SELFMAG) &&
	       f->head.e_ident[EI_CLASS] == ELFCLASS64 && f->head.e_ident[EI_DATA] == order &&
	       f->head.e_phnum <= MOST_HEADERS && f->head.e_phentsize == sizeof(f->part[0]) &&
	       read_at(f->fd, f->part, f->head.e_phnum * sizeof(f->part[0]), f->head.e_phoff);
}

static const Elf64_Phdr *part_of(const struct file *f, uint32_t type)
{
	for (unsigned int i = 0; i < f->head.e_phnum; i++) {
		if (f->part[i].p_type == type)
			return &f->part[i];
	}
	return NULL;
}

/* The place in the file of an address in memory; 0 if it has none. */
static uint64_t place_of(const struct file *f, uint64_t address)
{
	for (unsigned int i = 0; i < f->head.e_phnum; i++) {
		const Elf64_Phdr *p = &f->part[i];

		if (p->p_type == PT_LOAD && address >= p->p_vaddr &&
		    address - p->p_vaddr < p->p_filesz)
			return p->p_offset + (address - p->p_vaddr);
	}
	return 0;
}

/* Whether one of the libraries that the program names begins with a sanitizer's name. */
static bool names_sanitizer(const Elf64_Dyn *entry, size_t count, const char *text, size_t size)
{
	static const char *const names[] = {"libasan.", "liblsan.", "libtsan.", "libhwasan.",
					    "libclang_rt."};

	for (size_t i = 0; i < count && entry[i].d_tag != DT_NULL; i++) {
		if (entry[i].d_tag != DT_NEEDED || entry[i].d_un.d_val >= size)
			continue;
		for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
			if (!strncmp(text + entry[i].d_un.d_val, names[n], strlen(names[n])))
				return true;
		}
	}
	return false;
}

static bool has_sanitizer(const struct file *f)
{
	const Elf64_Phdr *p = part_of(f, PT_DYNAMIC);
	size_t size = p && p->p_filesz < DYNAMIC_MAX ? p->p_filesz : 0, length = 0;
	Elf64_Dyn *entry = calloc(1, size + 1);
	uint64_t strings = 0;
	bool found = false;
	char *text = NULL;

	if (entry && size && read_at(f->fd, entry, size, p->p_offset)) {
		for (size_t i = 0; i < size / sizeof(*entry); i++) {
			if (entry[i].d_tag == DT_STRTAB)
				strings = place_of(f, entry[i].d_un.d_ptr);
			if (entry[i].d_tag == DT_STRSZ && entry[i].d_un.d_val < STRINGS_MAX)
				length = entry[i].d_un.d_val;
		}
		text = calloc(1, length + 1);
	}
	if (text && strings && read_at(f->fd, text, length, strings))
		found = names_sanitizer(entry, size / sizeof(*entry), text, length);
	free(text);
	free(entry);
	return found;
}

const char *elf_refuses_preload(const char *path)
{
	struct file f = {.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
	const char *why = NULL;
	struct stat st;

	if (f.fd < 0)
		return NULL;
	if (!fstat(f.fd, &st) && S_ISREG(st.st_mode)) {
		if (st.st_mode & (S_ISUID | S_ISGID))
			why = "it is set-user-id or set-group-id, so the linker preloads nothing";
		else if (!read_head(&f))
			why = NULL;
		else if (!part_of(&f, PT_INTERP))
			why = "it is linked statically, so the linker preloads nothing";
		else if (has_sanitizer(&f))
			why = "it was built with a sanitizer, which ends programs that preload";
	}
	close(f.fd);
	return why;
}
