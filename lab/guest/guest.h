/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/guest: what the parts of the lab's PID 1 share.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exchange.h"
#include "generators.h"
#include "vmgenc.h"

/* main: the memory shared with the host; never moves once mapped. */
extern volatile struct lab_exchange *exchange;

/* stream.c: into the ring, at the pace at which the host takes it out */
void report_stream(const char *from, uint64_t size);

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
	unsigned int cpu;
	int fd;	 /* to the program under test, or -1 */
	int pid; /* it, where each CPU has one of its own */
};

void generator_init(struct generator *g, enum lab_generator kind, unsigned int cpu,
		    struct vmgenc *vg);
/* Draws a value; returns the lineage in force once it was drawn. */
uint32_t generator_draw(struct generator *g, uint8_t value[LAB_VALUE_SIZE]);

/*
 * clock.c: clock_begin() first, in a guest that is not stopped meanwhile; clock_before_stop()
 * whenever the next thing may be a stop, clock_after_stop() soon after one, clock_calibrate()
 * before the stamps that were taken since then are converted.
 */
void clock_begin(void);
void clock_before_stop(void);
void clock_after_stop(void);
void clock_calibrate(void);
/* The clock_boottime() of a stamp from before and from after the last stop. */
uint64_t clock_before(uint64_t ticks);
uint64_t clock_after(uint64_t ticks);
uint64_t clock_ns_to_ticks(uint64_t ns);

static inline uint64_t clock_ticks(void)
{
	return __builtin_ia32_rdtsc();
}

/* prove.c: the experiment; does not return. */
void prove(void) __attribute__((noreturn));

/*
 * The rest is the system's, in linux/ or freebsd/.
 */

/* Tells the host why this guest is of no use, with the kernel's last words, and stays. */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void sleep_ns(uint64_t ns);
uint64_t clock_boottime(void); /* the clock of the generation page, in nanoseconds */
/* What the kernel makes that clock of: "kvm-clock", "tsc", ...; "" where it does not say. */
void clock_source(volatile char *to, size_t size);

/* A generator of the kernel's; fails the guest if it cannot draw. */
void system_random(enum lab_generator kind, void *to, size_t size);
/* Which generators but the guarded one there are: bits 1 << kind. */
uint32_t system_generators(void);

/*
 * Real programs as generators, those with a probe. What all workers ask is started before they
 * are opened, and stopped after they are closed; the other kinds start nothing.
 */
void probe_start(enum lab_generator kind);
void probe_open(struct generator *g);
void probe_draw(struct generator *g, uint8_t value[LAB_VALUE_SIZE]);
void probe_close(struct generator *g);
void probe_stop(void);

/* Zeroed memory whose pages are there already. */
void *system_memory(uint64_t size);

struct thread {
	unsigned long id;
};

/* On that CPU; with cpu = -1 on any. */
void thread_start(struct thread *t, int cpu, void *(*body)(void *), void *argument);
void thread_join(struct thread *t);

/* prove.c: the clock when a poller of the device ran, and the generation that it then read. */
extern volatile uint64_t woken_at, woken_generation;
/* Starts to watch for announcements of a change; vg may be NULL. */
void watch(struct vmgenc *vg);
/* The system's part of what a clone reports; start is the clock at the resume. */
void report_system(uint64_t start);

#endif
