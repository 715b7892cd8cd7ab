// SPDX-License-Identifier: BSD-2-Clause
/* test/freebsd/unit: the newbus driver, on the simulated kernel with test/firmware/hostile.def. */
#include "check.h"

#include "../../firmware/hostile.h"

static int fresh(void **state)
{
	kernel_reset();
	return 0;
}

/* What the interpreter gives for each answer, where the table has only ASL. */
static void code_as(enum hostile_answer answer)
{
	static const struct {
		enum hostile_answer answer;
		const char *exception;
	} exceptions[] = {{DIVIDES, "AE_AML_DIVIDE_BY_ZERO"},
			  {RECURSES, "AE_AML_METHOD_LIMIT"},
			  {NO_TYPE, "AE_TYPE"},
			  {ERRS, "AE_ERROR"},
			  {FAILS, "AE_AML_MUTEX_ORDER"}};
	size_t i;

	for (i = 0; i < nitems(exceptions); i++)
		if (exceptions[i].answer == answer)
			kernel.firmware.addr_fails = exceptions[i].exception;
	if (answer == NOT_FOUND)
		kernel.firmware.addr_type = 0;
	if (answer == NOT_PACKAGE)
		kernel.firmware.addr_type = ACPI_TYPE_INTEGER;
}

static void become(const struct hostile_variant *v)
{
	kernel.firmware.addr_count = v->count;
	for (int i = 0; i < 2; i++) {
		kernel.firmware.addr[i] = v->value[i];
		kernel.firmware.element_type[i] =
			v->integer[i] ? ACPI_TYPE_INTEGER : ACPI_TYPE_STRING;
	}
	if (v->kind == IS_OBJECT)
		kernel.firmware.addr_type = ACPI_TYPE_STRING;
	if (v->kind == IS_CODE)
		code_as(v->answer);
}

/* What is refused wherever it is; where an address is only Linux's to judge, RAM is elsewhere. */
static bool is_refused(const struct hostile_variant *v)
{
	return hostile_answers[v->answer].error && v->answer != NO_DEVICE && v->answer != MOVING &&
	       v->answer != TWICE &&
	       v->where != BOOT;
}

/* Fails if one attaches, is refused with another errno or not in one line, or leaves anything. */
static void test_variants(void **state)
{
	unsigned int met = 0;
	size_t i;

	for (i = 0; i < HOSTILE_VARIANTS; i++) {
		const struct hostile_variant *v = &hostile_variants[i];

		if (!is_refused(v))
			continue;
		print_message("           %s %s\n", v->name, v->what);
		kernel_reset();
		become(v);
		assert_int_equal(kernel_attach(), hostile_answers[v->answer].error);
		assert_int_equal(kernel.lines, 1);
		assert_non_null(strstr(kernel.line[0], "vmgenc0: \\_SB_.VGEN: "));
		assert_non_null(strstr(kernel.line[0], hostile_answers[v->answer].log));
		assert_clean();
		met++;
	}
	assert_true(met > 50);
}

/* Fails if an unfilled id is used or not reported, or its first value is lost. */
static void test_no_id(void **state)
{
	for (int ones = 0; ones < 2; ones++) {
		uint64_t half = ones ? UINT64_MAX : 0;

		kernel_reset();
		kernel_set_id(half, half);
		assert_int_equal(kernel_attach(), 0);
		kernel_run();
		assert_int_equal(lines_with(hostile_answers[ones ? ID_ONES : ID_ZERO].log), 1);
		assert_true(page_now().flags & VMGENC_ID_UNFILLED);
		kernel_set_id(A);
		kernel_notify(0x80);
		kernel_run();
		assert_generation(2, 2);
		assert_false(page_now().flags & VMGENC_ID_UNFILLED);
		assert_int_equal(kernel_detach(), 0);
		assert_clean();
	}
}

static void happens(const struct hostile_event *e)
{
	unsigned int i;

	if (e->action == CHANGE || e->action == RACE)
		kernel_set_id(B);
	if (e->action == BECOMES)
		kernel_set_id(e->value * 0x0101010101010101ull, e->value * 0x0101010101010101ull);
	for (i = 0; i < e->times; i++) {
		kernel_notify(e->action == BECOMES ? 0x80 : e->value);
		if (i % 1000 == 0)
			kernel_run();
	}
	kernel_tick();
	kernel_run();
}

/* Fails if an event changes the generation when it must not, or other values do anything at all. */
static void test_events(void **state)
{
	size_t i;

	for (i = 0; i < HOSTILE_EVENTS; i++) {
		const struct hostile_event *e = &hostile_events[i];

		if (e->action == RACE_LOAD) /* of two processors: in guests only */
			continue;
		print_message("           %s %s\n", e->name, e->what);
		kernel_reset();
		assert_int_equal(kernel_attach(), 0);
		kernel_run();
		happens(e);
		assert_sound();
		assert_int_equal(page_now().generation, 1 + e->changes);
		assert_int_equal(page_now().settled, 1 + e->changes);
		if (e->action == NOTIFY && e->value != 0x80)
			assert_int_equal(page_now().spurious, 0);
		if (e->action == NOTIFY && e->value == 0x80)
			assert_true(page_now().spurious > 0);
		assert_int_equal(kernel_detach(), 0);
		assert_clean();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_variants, fresh),
		cmocka_unit_test_setup(test_no_id, fresh),
		cmocka_unit_test_setup(test_events, fresh),
	};

	return cmocka_run_group_tests_name("freebsd hostile", tests, NULL, free_page);
}
