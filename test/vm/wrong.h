/* SPDX-License-Identifier: BSD-2-Clause */
/* test/vm: what wrong firmware did - the row that is printed, the log, what is left behind. */
#ifndef WRONG_H
#define WRONG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One line "row {...}" for each variant: test/vm/hostile makes the report of them. */
struct wrong_row {
	char variant[120];
	char log[400]; /* the line that the driver wrote */
	int error;     /* of loading */
	bool matched;  /* by the line that was expected; else log is any of the driver's */
	bool survived, ok;
};

void wrong_begin(struct wrong_row *row, const char *name, const char *what);
/* Prints what was expected where it is false, and remembers that. */
bool wrong_expect(struct wrong_row *row, bool kept, const char *expected);
void wrong_end(struct wrong_row *row);
/* 0 if every row so far was ok. */
int wrong_result(void);

/*
 * Reads the log to its end. The line that has both texts goes into the row; returns how many
 * lines have the first. A complaint of the kernel means that the guest did not survive.
 */
unsigned int wrong_log(struct wrong_row *row, int log, const char *prefix, const char *text);

/* The random generator works: what it gives is neither constant nor the same twice. */
bool wrong_rng_works(void);
/* How much the kernel has mapped by memremap(), as the driver does. */
unsigned int wrong_mappings(void);
bool wrong_nothing_there(void);

/* The CMOS bytes in which hostile.asl looks. */
bool wrong_begin_choosing(void);
void wrong_choose(unsigned int number);
/* VGE0 is notified so often, with this value, before it returns. */
bool wrong_notify(unsigned int value, unsigned int times);

/* The memory that test/vm/hostile has the kernel leave alone; NULL elsewhere. */
volatile uint64_t *wrong_memory(uint64_t phys);
/* Ids and other data where hostile.def says so. */
bool wrong_lay_out(void);

#endif /* WRONG_H */
