/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/guest: the interface between the files of the lab's PID 1.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exchange.h"
#include "generators.h"
#include "vmgenc.h"

/* The memory shared with the host. It does not move after it is mapped. */
extern volatile struct lab_exchange *exchange;

/* stream.c: writes size bytes into the ring, and waits for the host to read if the ring is full */
void report_stream(const char *from, uint64_t size);

/* chacha.c: computes one block of RFC 8439 */
void chacha20_block(const uint32_t key[8], uint64_t counter, uint8_t out[64]);

/* generators.c */
struct generator {
	enum lab_generator kind;
	struct vmgenc *vg;
	struct vmgenc_mark mark;
	uint32_t key[8];
	uint8_t pool[32];
	unsigned int left;
	uint32_t counter; /* SysGenID's at the last draw, for its probe */
	unsigned int cpu;
	int fd;	 /* connected to the program under test, or -1 */
	int pid; /* the program, if each CPU has one of its own */
};

void generator_init(struct generator *g, enum lab_generator kind, unsigned int cpu,
		    struct vmgenc *vg);
/* Draws a value. Returns the lineage to which the value belongs. */
uint32_t generator_draw(struct generator *g, uint8_t value[LAB_VALUE_SIZE]);

/*
 * clock.c: call clock_begin() first, while the guest is not stopped; clock_before_stop() whenever a
 * stop may follow; clock_after_stop() soon after a stop; and clock_calibrate() before converting
 * stamps that were taken since then.
 */
void clock_begin(void);
void clock_before_stop(void);
void clock_after_stop(void);
void clock_calibrate(void);
/* Convert a stamp from before or from after the last stop to clock_boottime(). */
uint64_t clock_before(uint64_t ticks);
uint64_t clock_after(uint64_t ticks);
uint64_t clock_ns_to_ticks(uint64_t ns);

static inline uint64_t clock_ticks(void)
{
#ifdef __aarch64__
	uint64_t ticks;

	/* The counter may be read early, so wait for what comes before. */
	__asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(ticks)::"memory");
	return ticks;
#else
	return __builtin_ia32_rdtsc();
#endif
}

/* prove.c: runs the experiment. Does not return. */
void prove(void) __attribute__((noreturn));

/*
 * The rest is implemented in linux/ and in freebsd/.
 */

/* Reports an error and the end of the kernel's log to the host. Does not return. */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void sleep_ns(uint64_t ns);
uint64_t clock_boottime(void); /* the clock of the generation page, in nanoseconds */
/* Writes the name of that clock's source, such as "kvm-clock"; "" if the kernel has none. */
void clock_source(volatile char *to, size_t size);

/* Draws from a generator of the kernel; calls fail() on an error. */
void system_random(enum lab_generator kind, void *to, size_t size);
/* Returns the generators that this guest has, as bits 1 << kind, without the guarded one. */
uint32_t system_generators(void);

/*
 * Real programs as generators, for the kinds with a probe. probe_start() starts a program that all
 * workers share, before their probe_open(); probe_stop() ends it after their probe_close(). For
 * other kinds, both do nothing.
 */
void probe_start(enum lab_generator kind);
void probe_open(struct generator *g);
void probe_draw(struct generator *g, uint8_t value[LAB_VALUE_SIZE]);
void probe_close(struct generator *g);
void probe_stop(void);

/* Allocates zeroed memory and touches all its pages. Calls fail() without memory. */
void *system_memory(uint64_t size);

struct thread {
	unsigned long id;
};

/* Runs body(argument) in a thread on a CPU; cpu -1 is any CPU. */
void thread_start(struct thread *t, int cpu, void *(*body)(void *), void *argument);
void thread_join(struct thread *t);

/* prove.c: clock_boottime() when a poller of the device ran, and the generation that it read. */
extern volatile uint64_t woken_at, woken_generation;
/* Starts the threads that watch for announcements of a change. vg may be NULL. */
void watch(struct vmgenc *vg);
/* Fills in the system's part of a clone's report. start is clock_boottime() at the resume. */
void report_system(uint64_t start);

#endif
