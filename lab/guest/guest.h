/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest: what the parts of the lab's PID 1 share.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "../report.h"
#include "vmgenc.h"

/* init.c: the memory shared with the host; never moves once mapped. */
extern volatile struct lab_report *report;

/* Tells the host why this guest is of no use, with the kernel's last words, and stays. */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void sleep_ms(long ms);

/* chacha.c */
void chacha20_block(const uint32_t key[8], uint64_t counter, uint8_t out[64]);

/* generators.c */
struct generator {
	enum lab_generator kind;
	struct vmgenc *vg;
	struct vmgenc_mark mark;
	uint32_t key[8];
	uint8_t pool[32];
	unsigned int left;
};

void generator_init(struct generator *g, enum lab_generator kind, struct vmgenc *vg);
/* Draws a value; returns the lineage in force once it was drawn. */
uint32_t generator_draw(struct generator *g, uint8_t value[LAB_VALUE_SIZE]);

/* clock.c */
uint64_t clock_boottime(void);
void clock_both(uint64_t *ns, uint64_t *ticks); /* at the same moment */
void clock_calibrate(void);
uint64_t clock_ticks_to_ns(uint64_t ticks);
uint64_t clock_ns_to_ticks(uint64_t ns);

static inline uint64_t clock_ticks(void)
{
	return __builtin_ia32_rdtsc();
}

/* kmsg.c */
void kmsg_copy_tail(volatile char *to, unsigned int size);
/* How long after since, of CLOCK_BOOTTIME, the kernel logged that it reseeded; or LAB_NEVER. */
uint64_t kmsg_reseeded_after(uint64_t since);

/* prove.c and run.c: the two modes; neither returns. */
void prove(void) __attribute__((noreturn));
void run(void) __attribute__((noreturn));

#endif
