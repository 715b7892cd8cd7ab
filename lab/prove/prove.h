/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/prove: the experiment. Functions that return int return 0, or the exit code after having said
 * on standard error what went wrong.
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

/* device.c: the VM Generation ID device, as a clone sees it */
struct guest_device {
	bool found;	  /* our driver has a device */
	uint64_t address; /* where it says that the id is */
	char raw[16];	  /* who may map the page, as it says */
	uint8_t id[ID_SIZE];
	char guid[ID_TEXT_SIZE];
	struct shape_id given; /* what the clone was given, and where */
	uint64_t placed;
	char memory[40]; /* what the kernel's map calls this place */
	uint64_t events; /* ACPI interrupts after the resume */
	enum lab_builtin builtin;
	int refused; /* the module's errno, or 0 */
};

void guest_device_read(struct guest_device *d, const struct vm *vm);

/* prove.c */
struct guest {
	char label[80];
	char release[72];
	const char *kernel;
	const char *module;
	const char *companion; /* FreeBSD: a module to load after the other */
	bool compare;	       /* not judged, whatever its module */
	bool freebsd;
};

struct prove_options {
	struct guest *guests;
	size_t guest_count;
	bool generators[LAB_GENERATORS];
	const char *module_args;
	const char *arc4rand; /* FreeBSD: a module that makes arc4rand(9) readable */
	const char *accel;
	const char *json;
	const char *programs; /* where "make programs" laid out what probes run */
	unsigned int clones, at_once, runs, depth, cpus;
	uint64_t draws;
	double seconds, timeout, interval;
	long max_identical;  /* -1: not given */
	const char *vmclock; /* the module that offers the page in the guest; NULL: no VMClock */
	bool torn;	     /* clones find it half-written */
	bool same_id, rdrand, tcg_single, times, keep;
	const char *append;
	const char *tables;	   /* where the compiled tables of shapes are */
	const struct shape *shape; /* of the firmware; NULL: QEMU's own */
};

/* What a clone tells beside its draws. The counters are the device's, since it was attached. */
struct clone {
	double start_seconds;
	uint64_t resume_within_ns, rekeyed_ns, woken_ns, announced_ns, logged_ns;
	uint64_t changes, spurious, rekeys, rekey_failures;
	bool device;
	char clock[32];			 /* what the times are read from, or "" */
	char event[160], complaint[200]; /* FreeBSD */
	char guid[40], id[40];		 /* what the sysctl says, and what the clone was given */
	struct guest_device seen;
};

/* One generator in one guest in one run. */
struct result {
	size_t guest;
	unsigned int run;
	enum lab_generator generator;
	bool possible; /* the guarded generator needs a module */
	struct comparison found;
	double snapshot_seconds;
	uint64_t snapshot_bytes;
	double seconds; /* for all of it, from the snapshot on */
	struct clone *clones;
	struct drawn *drawn; /* for each clone */
	size_t clone_count;
	unsigned int most_at_once;
};

struct results {
	struct result *list;
	size_t count;
	const char *accel; /* what really ran the guests */
	time_t started;
};

int prove(const struct prove_options *o);
/* Only the experiment: into all, which the caller frees with results_free(). */
int prove_quietly(const struct prove_options *o, struct results *all);
void results_free(struct results *all);

/* probe.c: real programs as generators; unknown names are not added */
bool probe_add(struct prove_options *o, const char *name);
unsigned int probe_size_mb(const struct prove_options *o);
int probe_append(const struct prove_options *o, const char *initramfs);

/* judge.c: which results decide the exit code, and the verdict in words */
bool judge_counts(const struct prove_options *o, const struct result *r);
uint64_t judge_allowed(const struct prove_options *o, const struct result *r);
int judge(const struct prove_options *o, const struct results *all);

/* table.c, times.c and json.c: the same results for people and for programs */
void table_print(const struct prove_options *o, const struct results *all);
/* clocks.c: a line on what the guests' times are read from */
void clocks_print(const struct results *all);
bool table_has_row(const struct prove_options *o, const struct results *all, int generator);
int times_print(const struct prove_options *o, const struct results *all);
/* Before hours of work: can the results be written? Changes no file and leaves none. */
int json_check(const char *path);
int json_write(const struct prove_options *o, const struct results *all);

#endif
