/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/prove: the experiment of "prove". A function that returns int returns 0 or, after a message
 * on standard error, an exit code.
 */
#ifndef LAB_PROVE_H
#define LAB_PROVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "compare/compare.h"
#include "exchange.h"
#include "firmware/firmware.h"
#include "generators.h"
#include "vm/vm.h"

/* The VM Generation ID device as a clone sees it. */
struct guest_device {
	bool found;	  /* our driver has a device */
	uint64_t address; /* of the id, from the driver's log line */
	char raw[16];	  /* who may map the page, from the same line */
	uint8_t id[ID_SIZE];
	char guid[40];	       /* from the sysctl */
	struct shape_id given; /* the id that the clone was given */
	uint64_t placed;       /* its address, or 0 without a shape */
	char memory[40];       /* the name of this address in /proc/iomem */
	uint64_t events;       /* ACPI interrupts after the resume */
	enum lab_builtin builtin;
	int refused; /* the module's errno, or 0 */
};

/* prove.c */
struct guest {
	char label[80];
	char release[72];
	const char *kernel;
	const char *module;
	const char *companion; /* FreeBSD: a second module, loaded after the first */
	bool compare;	       /* not judged, whatever its module is */
	bool freebsd, arm64;
};

struct prove_options {
	struct guest *guests;
	size_t guest_count;
	bool generators[LAB_GENERATORS];
	const char *module_args;
	const char *arc4rand; /* FreeBSD: a module that makes arc4rand(9) readable */
	const char *accel;
	const char *json;
	const char *programs; /* directory of the probes' programs */
	unsigned int clones, at_once, runs, depth, cpus;
	uint64_t draws;
	double seconds, timeout; /* of guest time; of silence */
	double interval;	 /* milliseconds between draws */
	long max_identical;	 /* -1: not given */
	const char *vmclock; /* the module that offers the page to the guest; NULL: no VMClock */
	bool torn;	     /* clones find the page half-written */
	bool same_id, q35, rdrand, tcg_single, times, keep;
	const char *append;
	const char *tables;	   /* directory of the shapes' compiled tables */
	const struct shape *shape; /* of the firmware; NULL: QEMU's own */
	const char *init;	   /* PID 1 of arm64 guests */
	bool built_in;		   /* vmgenc is in the kernels themselves, so judge these guests */
};

/*
 * What a clone reports beside its draws. Times are nanoseconds after the resume, or LAB_NEVER. The
 * counters are the device's, since it was attached.
 */
struct clone {
	double start_seconds;
	uint64_t resume_within_ns, rekeyed_ns, woken_ns, announced_ns, logged_ns;
	uint64_t changes, spurious, rekeys, rekey_failures;
	bool device;
	char clock[32];			 /* the clock source of the times, or "" */
	char event[160], complaint[200]; /* FreeBSD */
	char guid[40], id[40];		 /* from the sysctl; as the clone was given it */
	struct guest_device seen;
};

/* reported.c: fills c from what the clone vm reported. */
void clone_read(struct clone *c, const struct vm *vm, const struct guest_report *r);

/* One generator in one guest in one run. */
struct result {
	size_t guest;
	unsigned int run;
	enum lab_generator generator;
	bool possible; /* false: the guest lacks what the generator needs */
	struct comparison found;
	double snapshot_seconds;
	uint64_t snapshot_bytes;
	double seconds; /* from the command to take the snapshot to the end of the comparison */
	struct clone *clones;
	struct drawn *drawn; /* one for each clone, like clones */
	size_t clone_count;
	unsigned int most_at_once;
};

struct results {
	struct result *list;
	size_t count;
	const char *accel; /* the accelerator that ran the guests */
	time_t started;
};

/* Runs the experiment and prints and writes its results. Returns LAB_EXIT_IDENTICAL if it fails. */
int prove(const struct prove_options *o);
/* Runs the experiment without output. The caller calls results_free(), also after an error. */
int prove_quietly(const struct prove_options *o, struct results *all);
void results_free(struct results *all);

/* probe.c: real programs as generators */
/* Adds the generators of a probe. Returns false if there is no probe of this name. */
bool probe_add(struct prove_options *o, const char *name);
/* Returns the size of the wanted probes' programs in MiB. */
unsigned int probe_size_mb(const struct prove_options *o);
/* Appends the wanted probes' programs to an initramfs. */
int probe_append(const struct prove_options *o, const char *initramfs);

/* judge.c: the verdict */
/* Returns whether a result decides the exit code, and how many identical draws it may have. */
bool judge_counts(const struct prove_options *o, const struct result *r);
uint64_t judge_allowed(const struct prove_options *o, const struct result *r);
/* Prints the verdict. Returns LAB_EXIT_OK or LAB_EXIT_IDENTICAL. */
int judge(const struct prove_options *o, const struct results *all);

/* table.c: the table of generators and guests */
void table_print(const struct prove_options *o, const struct results *all);
/* Returns whether any guest has results of this generator. */
bool table_has_row(const struct prove_options *o, const struct results *all, int generator);

/* clocks.c: the line on the clock source of the guests' times */
void clocks_print(const struct results *all);

/* times.c: the tables of --times */
int times_print(const struct prove_options *o, const struct results *all);

/* json.c: the file of --json */
/* Checks before the experiment that the file can be written. Changes no file and leaves none. */
int json_check(const char *path);
/* Writes the results to o->json. */
int json_write(const struct prove_options *o, const struct results *all);

#endif
