/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/record: recordings of what a guest draws on anybody's hypervisor, and their comparison. A
 * function that returns int returns 0 or, after a message on standard error, an exit code.
 */
#ifndef LAB_RECORD_H
#define LAB_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exchange.h"
#include "generators.h"

#define RECORDING_MAGIC 0x3143455243474d56ull /* "VMGCREC1" as bytes */
#define RECORDING_VERSION 1
#define RECORDING_THREADS 16
#define RECORDING_DRAWS (2u << 20) /* most draws of all threads: 48 MiB */

/* One draw. value is a digest, so that a recording may be shown to others. */
struct recorded {
	uint64_t at; /* nanoseconds of the guest's steady clock, above the generator's 8 bits */
	uint8_t value[LAB_VALUE_SIZE];
};

/*
 * The head of the file; the draws follow, thread by thread. Numbers are little-endian, texts end
 * with NUL. run is random, drawn at the start: copies of one recorder have the same.
 */
struct recording_head {
	uint64_t magic;
	uint32_t version;
	uint32_t size; /* of this head */
	uint8_t run[16];
	uint8_t digest[32]; /* SHA-256 of all draws */
	uint64_t started;   /* seconds since 1970, by the guest's clock */
	uint64_t interval_ns;
	uint32_t threads, generators; /* bits 1 << enum lab_generator */
	uint64_t counts[RECORDING_THREADS];
	uint64_t generation_first, generation_last; /* of the source; 0: none */
	uint64_t changes, spurious, rekeys, rekey_failures;
	uint64_t changed_at; /* when the recorder saw the last change; 0: never */
	char hypervisor[96], kernel[72], driver[96];
	uint8_t reserved[64]; /* 0 */
};

struct recording {
	struct recording_head head;
	struct recorded *draws;
	size_t count;
};

struct record_options {
	const char *output;
	double seconds, interval_ms;
};

/* record.c: draws from each generator until the time is over or a signal comes; writes the file. */
int record(const struct record_options *o);

/* where.c: names the hypervisor, the kernel and the driver of this machine */
void where_am_i(struct recording_head *h);

/* file.c */
/* Fills in the digest and writes a new file in place of path, at once. */
int recording_write(const char *path, struct recording *r);
/* Nothing in the bytes is trusted. 0, or -1 with a clause in why. Frees r->draws by free(3). */
int recording_parse(const uint8_t *bytes, size_t size, struct recording *r, char *why,
		    size_t why_size);
int recording_read(const char *path, struct recording *r);

/* copies.c: compares recordings in the table of "prove", and writes its JSON unless json is NULL */
int compare_recordings(char **paths, size_t count, const char *json);

#endif
