/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/guest/linux: finds getrandom in the vDSO and draws from it. See vdso.h.
 */
#include "vdso.h"

#include <elf.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#define STATE_SPACE 4096 /* more than the state; the vDSO refuses one that crosses a page */

typedef ssize_t vgetrandom(void *buffer, size_t size, unsigned int flags, void *state,
			   size_t state_size);

/* What the vDSO wants for its state: struct vgetrandom_opaque_params. */
struct parameters {
	uint32_t size, protection, flags, reserved[13];
};

static vgetrandom *draw;
static struct parameters wanted;

/* The parts of the vDSO that a dynamic linker reads. */
struct image {
	const char *base, *names;
	const Elf64_Sym *symbols;
	const uint32_t *hash;
};

static void read_dynamic(struct image *i, const Elf64_Dyn *dynamic)
{
	for (; dynamic && dynamic->d_tag != DT_NULL; dynamic++) {
		const void *at = i->base + dynamic->d_un.d_ptr;

		if (dynamic->d_tag == DT_SYMTAB)
			i->symbols = at;
		else if (dynamic->d_tag == DT_STRTAB)
			i->names = at;
		else if (dynamic->d_tag == DT_HASH)
			i->hash = at;
	}
}

static struct image read_image(const char *base)
{
	const Elf64_Ehdr *head = (const void *)base;
	const Elf64_Phdr *part = (const void *)(base + head->e_phoff);
	struct image i = {.base = base};

	for (int p = 0; p < head->e_phnum; p++) {
		if (part[p].p_type == PT_DYNAMIC)
			read_dynamic(&i, (const void *)(base + part[p].p_offset));
	}
	return i;
}

/* 6.12 and later have no DT_HASH on x86; the symbols end where the names begin. */
static size_t symbol_count(const struct image *i)
{
	if (!i->symbols || !i->names)
		return 0;
	if (i->hash)
		return i->hash[1];
	return (size_t)((const char *)i->names - (const char *)i->symbols) / sizeof(*i->symbols);
}

static const void *symbol_of(const char *base, const char *name)
{
	struct image image = read_image(base);
	size_t count = symbol_count(&image);

	for (size_t s = 0; s < count; s++) {
		const Elf64_Sym *symbol = &image.symbols[s];

		if (symbol->st_shndx && !strcmp(image.names + symbol->st_name, name))
			return base + symbol->st_value;
	}
	return NULL;
}

/* Other architectures than x86-64 call it __kernel_getrandom. */
bool vdso_find(void)
{
	const char *base = (const char *)getauxval(AT_SYSINFO_EHDR);
	const void *found = base ? symbol_of(base, "__vdso_getrandom") : NULL;

	if (base && !found)
		found = symbol_of(base, "__kernel_getrandom");
	memcpy(&draw, &found, sizeof(draw));
	return draw && draw(NULL, 0, 0, &wanted, ~0ul) == 0 && wanted.size &&
	       wanted.size <= STATE_SPACE;
}

void *vdso_state(void)
{
	void *state = mmap(NULL, STATE_SPACE, (int)wanted.protection, (int)wanted.flags, -1, 0);

	return state == MAP_FAILED ? NULL : state;
}

ssize_t vdso_draw(void *to, size_t size, void *state)
{
	return draw(to, size, 0, state, wanted.size);
}
