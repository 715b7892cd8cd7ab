// SPDX-License-Identifier: BSD-2-Clause
/* test/unit/core: what the tests of driver/core share: machines to start from, and assertions. */
#ifndef CORE_FIXTURE_H
#define CORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "machine.h"

#define A 0x1111111111111111u, 0xaaaaaaaaaaaaaaaau
#define B 0x2222222222222222u, 0xbbbbbbbbbbbbbbbbu
#define C 0x3333333333333333u, 0xccccccccccccccccu

#define PUBLISHED (1ull << 20) /* ns: times are cut to that */
#define SETTLED "lock rekey publish now defer unlock"
#define TOLD " lock unlock kernel user wake"
#define DONE SETTLED TOLD

/* A machine with id A whose driver has attached and looked: generation 1, settled. */
int settled_machine(void **state);
/* A machine with id A, and no driver yet. */
int new_machine(void **state);
/* Detaches what is attached: whatever the test did, the mapping must go, and only once. */
int stop_machine(void **state);

#define on_settled(test) cmocka_unit_test_setup_teardown(test, settled_machine, stop_machine)
#define on_new(test) cmocka_unit_test_setup_teardown(test, new_machine, stop_machine)

#define assert_sound(m)                                                                            \
	do {                                                                                       \
		const char *broken_ = machine_broken(m);                                           \
		if (broken_)                                                                       \
			fail_msg("%s", broken_);                                                   \
	} while (0)

bool page_has(const struct machine *m, uint64_t id0, uint64_t id1);
bool page_flag(const struct machine *m, uint32_t bit);
void assert_page(struct machine *m, uint64_t generation, uint64_t settled, uint64_t id0,
		 uint64_t id1);
/* Compares what was called with the trace, and forgets it. */
void assert_trace(struct machine *m, const char *trace);
void assert_event(const struct vmgenc_event *event, const struct machine *m);

/* A hook: so often, in the middle of a read, the hypervisor stores a word (context: which) anew. */
extern unsigned int moves_left;
void move_one_word(struct machine *m, enum machine_call call);
/* A hook: the id becomes C during the rekey for the change of A. */
void change_at_rekey(struct machine *m, enum machine_call call);

#endif /* CORE_FIXTURE_H */
