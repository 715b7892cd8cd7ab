// SPDX-License-Identifier: BSD-2-Clause
/* test/unit/core: driver/core on the simulated machine, with each variant of
 * test/firmware/hostile.def. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "machine.h"
#include "../../firmware/hostile.h"

#define PHYS_BITS 40
#define A 0x1111111111111111u, 0xaaaaaaaaaaaaaaaau

/* What the core is asked to judge; false where only an interpreter can tell. */
static bool evaluated(const struct hostile_variant *v, struct vmgenc_addr *addr)
{
	*addr = (struct vmgenc_addr){
		.package = v->kind == IS_PAIR || v->kind == IS_PACKAGE,
		.count = v->count,
		.integer = {v->integer[0], v->integer[1]},
		.value = {v->value[0], v->value[1]},
	};
	return v->kind != IS_CODE;
}

/* The core does not know where RAM is, nor what is at an address: the system's map does. */
static bool is_cores(const struct hostile_variant *v)
{
	return v->answer >= NOT_PACKAGE && v->answer <= BEYOND;
}

/* Fails if the core takes what the guests' driver must refuse, or in other words or for another
 * errno. */
static void test_addresses(void **state)
{
	struct vmgenc_addr addr;
	unsigned int judged = 0;
	size_t i;

	(void)state;
	for (i = 0; i < HOSTILE_VARIANTS; i++) {
		const struct hostile_variant *v = &hostile_variants[i];
		const char *wrong;
		uint64_t phys;
		char said[120];
		int error;

		if (!evaluated(v, &addr))
			continue;
		print_message("           %s %s\n", v->name, v->what);
		wrong = vmgenc_core_address(&addr, PHYS_BITS, &phys, &error);
		judged++;
		if (!is_cores(v)) {
			assert_null(wrong);
			assert_true(phys == (v->value[0] | v->value[1] << 32));
			continue;
		}
		assert_non_null(wrong);
		snprintf(said, sizeof(said), "ADDR %s", wrong);
		assert_string_equal(said, hostile_answers[v->answer].log);
		assert_int_equal(error, -hostile_answers[v->answer].error);
	}
	assert_true(judged > 50);
}

/* An id that moves at each look. */
static void move(struct machine *m, enum machine_call call)
{
	if (call == CALL_BARRIER)
		machine_set_id(m, m->id[0] + 1, m->id[1]);
}

static void attach_as(struct machine *m, enum hostile_answer answer)
{
	uint64_t id = answer == ID_ZERO ? 0 : answer == ID_ONES ? UINT64_MAX : 7;

	machine_start(m, id, id);
	if (answer == MOVING)
		m->hook = move;
	m->refuse[CALL_MAP] = answer == IN_RAM;
}

/* Fails if an id that is unfilled or moves is used, is not reported, or stays mapped. */
static void test_attach(void **state)
{
	static const enum hostile_answer answers[] = {MOVING, ID_ZERO, ID_ONES, WORKS, IN_RAM};
	struct machine m;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		bool none = answers[i] == ID_ZERO || answers[i] == ID_ONES;
		int error;

		attach_as(&m, answers[i]);
		error = vmgenc_core_attach(&m.core, MACHINE_PHYS);
		m.hook = NULL;
		if (answers[i] == IN_RAM)
			assert_int_equal(error, -ENOMEM);
		else
			assert_int_equal(error, -hostile_answers[answers[i]].error);
		if (none || answers[i] == MOVING)
			assert_string_equal(m.line, hostile_answers[answers[i]].log);
		if (!error) {
			assert_int_equal(!!(m.page->flags & VMGENC_ID_UNFILLED), none);
			assert_int_equal(machine_look(&m, VMGENC_TRIGGER_ATTACH), 0);
			machine_set_id(&m, A);
			assert_int_equal(machine_look(&m, VMGENC_TRIGGER_NOTIFY), 0);
			assert_int_equal(m.page->generation, 2);
			assert_false(m.page->flags & VMGENC_ID_UNFILLED);
			vmgenc_core_detach(&m.core);
		}
		assert_null(machine_broken(&m));
		assert_null(m.mapping);
		machine_stop(&m);
	}
}

static void happens(struct machine *m, const struct hostile_event *e)
{
	unsigned int times = e->action == RACE ? 0 : e->times;
	struct vmgenc_event event;
	unsigned int i;

	if (e->action == CHANGE)
		machine_set_id(m, A);
	if (e->action == BECOMES)
		machine_set_id(m, e->value * 0x0101010101010101ull,
			       e->value * 0x0101010101010101ull);
	if (e->action == RACE) {
		m->hook = move;
		assert_int_equal(vmgenc_core_look(&m->core, VMGENC_TRIGGER_NOTIFY), -EAGAIN);
		assert_int_equal(vmgenc_core_sync(&m->core, &event), -EAGAIN);
		m->hook = NULL;
	}
	/* Only 0x80 reaches the core: the drivers' tests see to the rest. */
	for (i = 0; i < times && e->value == 0x80; i++)
		machine_look(m, VMGENC_TRIGGER_NOTIFY);
}

/* Fails if an event changes the generation when it must not, or not when it must, or breaks a
 * promise. */
static void test_events(void **state)
{
	struct vmgenc_event event;
	struct machine m;
	size_t i;

	(void)state;
	for (i = 0; i < HOSTILE_EVENTS; i++) {
		const struct hostile_event *e = &hostile_events[i];

		if (e->action == RACE_LOAD) /* test_attach() */
			continue;
		print_message("           %s %s\n", e->name, e->what);
		machine_start(&m, 1, 2);
		assert_int_equal(vmgenc_core_attach(&m.core, MACHINE_PHYS), 0);
		machine_look(&m, VMGENC_TRIGGER_ATTACH);
		happens(&m, e);
		assert_int_equal(machine_sync(&m, &event), 0);
		assert_int_equal(event.generation - 1, e->changes);
		assert_null(machine_broken(&m));
		machine_set_id(&m, 3, 4);
		assert_int_equal(machine_sync(&m, &event), 0);
		assert_int_equal(event.generation - 1, e->changes + 1);
		assert_null(machine_broken(&m));
		vmgenc_core_detach(&m.core);
		machine_stop(&m);
	}
}

static char *manual(void)
{
	char *text = calloc(1, 1 << 17);
	FILE *file = fopen("man/vmgenc.4", "re");

	assert_non_null(text);
	assert_non_null(file);
	assert_true(fread(text, 1, (1 << 17) - 1, file) > 0);
	fclose(file);
	return text;
}

static const char *name_of(int error)
{
	return strerrorname_np(error);
}

/* Fails if an answer of the table is not one that vmgenc(4) documents, with its errno. */
static void test_documented(void **state)
{
	char *text = manual(), line[200];
	size_t i;

	(void)state;
	for (i = 0; i < ANSWERS; i++) {
		const char *log = hostile_answers[i].log;
		bool refused = hostile_answers[i].error && i != NO_DEVICE;

		print_message("           %s\n", hostile_answers[i].name);
		if (!strncmp(log, "raw page mappable by ", 21))
			assert_non_null(strstr(text, log + 21));
		else if (i != NOT_FOUND && strstr(log, "AE_"))
			assert_non_null(strstr(text, ".It Er EIO Ta ADDR cannot be evaluated: %s"));
		else if (i == IN_RAM)
			assert_non_null(
				strstr(text, ".It Er EBUSY Ta ADDR %#llx is RAM that the kernel"));
		else if (i == TWICE)
			assert_non_null(
				strstr(text, ".It Er EBUSY Ta ADDR %#llx is the id of %s, which"));
		else {
			snprintf(line, sizeof(line), refused ? ".It Er %s Ta %s" : ".It %s%s",
				 refused ? name_of(hostile_answers[i].error) : "", log);
			assert_non_null(strstr(text, line));
		}
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_attach),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_documented),
	};

	return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}
