/* SPDX-License-Identifier: BSD-2-Clause */
/* test/vm: plays hostile firmware, and prints a row of what each variant did to the guest. */
#ifndef HOSTILE_ROW_H
#define HOSTILE_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One line "row {...}" for each variant: test/vm/hostile makes the report of them. */
struct hostile_row {
	char variant[120];
	char log[400]; /* the line that the driver wrote */
	int error;     /* of loading */
	bool matched;  /* by the line that was expected; else log is any of the driver's */
	bool survived, ok;
};

void hostile_begin(struct hostile_row *row, const char *name, const char *what);
/* Prints what was expected where it is false, and remembers that. */
bool hostile_expect(struct hostile_row *row, bool kept, const char *expected);
void hostile_end(struct hostile_row *row);
/* 0 if every row so far was ok. */
int hostile_result(void);

/*
 * Reads the log to its end. The line that has both texts goes into the row; returns how many
 * lines have the first. A complaint of the kernel means that the guest did not survive.
 */
unsigned int hostile_log(struct hostile_row *row, int log, const char *prefix, const char *text);

/* The random generator works: what it gives is neither constant nor the same twice. */
bool hostile_rng_works(void);
/* How much the kernel has mapped by memremap(), as the driver does. */
unsigned int hostile_mappings(void);
bool hostile_nothing_there(void);

/* The CMOS bytes in which hostile.asl looks. */
bool hostile_begin_choosing(void);
void hostile_choose(unsigned int number);
/* VGE0 is notified so often, with this value, before it returns. */
bool hostile_notify(unsigned int value, unsigned int times);

/* The memory that test/vm/hostile has the kernel leave alone; NULL elsewhere. */
volatile uint64_t *hostile_memory(uint64_t phys);
/* Ids and other data where hostile.def says so. */
bool hostile_lay_out(void);

#endif /* HOSTILE_ROW_H */
