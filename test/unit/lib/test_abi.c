/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/lib: the layouts and numbers that programs are compiled with, and that each public
 * header compiles by itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmgenc.h"

#define AT(type, field, offset, bytes)                                                             \
	_Static_assert(offsetof(struct type, field) == (offset) &&                                 \
			       sizeof(((struct type *)0)->field) == (bytes),                       \
		       #type "." #field " has moved")

/* Does not compile if a field that programs know has moved, or a structure has grown unnoticed. */
AT(vmgenc_page, magic, 0, 4);
AT(vmgenc_page, version, 4, 2);
AT(vmgenc_page, size, 6, 2);
AT(vmgenc_page, flags, 8, 4);
AT(vmgenc_page, id_offset, 12, 4);
AT(vmgenc_page, generation, 16, 8);
AT(vmgenc_page, settled, 24, 8);
AT(vmgenc_page, id, 32, 16);
AT(vmgenc_page, changed_ns, 48, 8);
AT(vmgenc_page, seq, 56, 4);
AT(vmgenc_page, reserved, 60, 4);
AT(vmgenc_page, changes, 64, 8);
AT(vmgenc_page, spurious, 72, 8);
AT(vmgenc_page, rekeys, 80, 8);
AT(vmgenc_page, rekey_failures, 88, 8);
AT(vmgenc_page, unseeded, 96, 8);
AT(vmgenc_page, redraws, 104, 8);
AT(vmgenc_page, redraws_missed, 112, 8);
_Static_assert(sizeof(struct vmgenc_page) == 120, "struct vmgenc_page version 1, grown once");

AT(vmgenc_event, generation, 0, 8);
AT(vmgenc_event, settled, 8, 8);
AT(vmgenc_event, id, 16, 16);
AT(vmgenc_event, changed_ns, 32, 8);
_Static_assert(sizeof(struct vmgenc_event) == 40, "struct vmgenc_event");

AT(vmgenc_mark, seen, 0, 16);
_Static_assert(sizeof(struct vmgenc_mark) == 16, "struct vmgenc_mark");
AT(vmgenc, hot, 0, sizeof(void *));

AT(vmgenc_status, size, 0, 4);
AT(vmgenc_status, guarantee, 4, 4);
AT(vmgenc_status, flags, 8, 4);
AT(vmgenc_status, reserved, 12, 4);
AT(vmgenc_status, generation, 16, 8);
AT(vmgenc_status, settled, 24, 8);
AT(vmgenc_status, id, 32, 16);
AT(vmgenc_status, changed_ns, 48, 8);
AT(vmgenc_status, changes, 56, 8);
AT(vmgenc_status, spurious, 64, 8);
AT(vmgenc_status, rekeys, 72, 8);
AT(vmgenc_status, rekey_failures, 80, 8);
AT(vmgenc_status, source, 88, 64);
AT(vmgenc_status, unseeded, 152, 8);
AT(vmgenc_status, redraws, 160, 8);
AT(vmgenc_status, redraws_missed, 168, 8);
_Static_assert(sizeof(struct vmgenc_status) == 176, "struct vmgenc_status, grown once");

/* Fails if a number changes that kernels and programs of different age must agree on. */
static void numbers(void **state)
{
	(void)state;
	assert_int_equal(VMGENC_ID_SIZE, 16);
	assert_int_equal(VMGENC_PAGE_MAGIC, 0x43474d56);
	assert_int_equal(VMGENC_PAGE_VERSION, 1);
	assert_int_equal(VMGENC_RAW_MAPPABLE, 1);
	assert_int_equal(VMGENC_RAW_PRIVILEGED, 2);
	assert_int_equal(VMGENC_ID_UNFILLED, 4);
	assert_int_equal(VMGENC_REKEY_FAILED, 8);
	assert_int_equal(VMGENC_LACKS_REKEY, 16);
	assert_int_equal(VMGENC_LACKS_DRAWS, 32);
	assert_int_equal(VMGENC_LACKS_REDRAW, 64);
	assert_int_equal(VMGENC_LACKS_VDSO, 128);
	assert_int_equal(VMGENC_PREDICTABLE, 256);
	assert_int_equal(VMGENC_NONE, 0);
	assert_int_equal(VMGENC_NOTIFIED, 1);
	assert_int_equal(VMGENC_RACE_FREE, 2);
	assert_int_equal(VMGENC_SYNC, 0x802847e1);
}

/* Includes the header twice and nothing else; says what the compiler said. */
static void compiles(const char *compiler, const char *header)
{
	char command[512];

	snprintf(command, sizeof(command),
		 "printf '#include \"%s\"\\n#include \"%s\"\\n' | "
		 "%s -pedantic -Wall -Wextra -Werror -Iinclude -fsyntax-only - >&2",
		 header, header, compiler);
	if (system(command) != 0)
		fail_msg("%s does not compile alone with %s", header, compiler);
}

/* Fails if a header needs another before it, a GNU extension, or is not C++. */
static void headers_compile_alone(void **state)
{
	static const char *const compilers[] = {"cc -std=c11 -x c", "clang -std=c11 -x c",
						"clang -std=c++11 -x c++"};

	(void)state;
	for (size_t i = 0; i < sizeof(compilers) / sizeof(compilers[0]); i++) {
		compiles(compilers[i], "vmgenc_abi.h");
		compiles(compilers[i], "vmgenc.h");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(headers_compile_alone),
	};

	return cmocka_run_group_tests_name("public headers", tests, NULL, NULL);
}
