/* SPDX-License-Identifier: BSD-2-Clause */
/* test/freebsd/unit: what the tests of the driver and of the companion share. */
#ifndef CHECK_H
#define CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kernel.h"

#define A 0x1111111111111111u, 0xaaaaaaaaaaaaaaaau
#define B 0x2222222222222222u, 0xbbbbbbbbbbbbbbbbu
#define C 0x3333333333333333u, 0xccccccccccccccccu

#define assert_sound()                                                                             \
	do {                                                                                       \
		if (kernel.broken)                                                                 \
			fail_msg("%s", kernel.broken);                                             \
	} while (0)

#define assert_clean()                                                                             \
	do {                                                                                       \
		const char *left_ = kernel_leaks();                                                \
		if (left_)                                                                         \
			fail_msg("left behind: %s (failed call: %s)", left_,                       \
				 kernel.failed ? kernel.failed : "none");                          \
		assert_sound();                                                                    \
	} while (0)

/* The generation page, as the driver gives it to programs. */
static inline struct vmgenc_page page_now(void)
{
	struct kernel_file *file;
	struct vm_object *object;
	struct vmgenc_page page;
	int error;

	file = kernel_open(FREAD, &error);
	assert_int_equal(error, 0);
	assert_int_equal(kernel_mmap(file, 0, PAGE_SIZE, VM_PROT_READ, &object), 0);
	memcpy(&page, (void *)object->page, sizeof(page));
	vm_object_deallocate(object);
	kernel_close(file);
	return page;
}

static inline void assert_generation(uint64_t generation, uint64_t settled)
{
	struct vmgenc_page page = page_now();

	assert_sound();
	assert_int_equal(page.generation, generation);
	assert_int_equal(page.settled, settled);
	if (settled == generation)
		assert_true(kernel_reseeded_for_id());
}

static inline unsigned int lines_with(const char *text)
{
	unsigned int i, n = 0;

	for (i = 0; i < kernel.lines; i++)
		n += strstr(kernel.line[i], text) != NULL;
	return n;
}

/* Frees what ASan would otherwise find: the page is the kernel's to the end. */
static inline int free_page(void **state)
{
	free(kernel.page);
	kernel.page = NULL;
	return 0;
}

#endif /* CHECK_H */
