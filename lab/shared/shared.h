/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/shared: the memory that the host shares with a guest, which may be hostile. A function that
 * returns int returns 0 or, after a message on standard error, an exit code.
 */
#ifndef LAB_SHARED_H
#define LAB_SHARED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compare/compare.h"
#include "exchange.h"

/*
 * The exchange of one VM. What it consists of is known in this room only, so no other room can read
 * the memory itself. What a reader returns is the host's own copy: bounded, ended and clean.
 */
struct shared;

/* shared.c: what the host writes */
/*
 * Maps the file path of size bytes and writes first into it. name is the VM's, for messages. The
 * records, or the ring of "run", must fit. On an error, *s is NULL.
 */
int shared_open(struct shared **s, const char *name, const char *path, uint64_t size,
		const struct lab_exchange *first);
/* The same for a clone, which begins with what its parent's exchange has, but its own lineage. */
int shared_open_clone(struct shared **s, const char *name, const char *path,
		      const struct shared *parent, uint32_t lineage);
void shared_close(struct shared *s);
/* Writes again what shared_open() wrote, before a guest boots once more. */
void shared_restart(struct shared *s);
/* Returns what the host wrote. Nothing in it comes from the guest. */
const struct lab_exchange *shared_given(const struct shared *s);
void shared_set_generator(struct shared *s, uint32_t generator);
void shared_set_command(struct shared *s, enum lab_command command);
/* Write behind the exchange, for the hypervisor's pages; offset and size must be inside. */
void shared_write(struct shared *s, uint64_t offset, const void *from, size_t size);
void shared_write_u32(struct shared *s, uint64_t offset, uint32_t value);

/* state.c: what the lab looks at while the guest runs */
/* Sets *state. Fails with LAB_EXIT_GUEST if the guest is in none of them. */
int shared_state(const struct shared *s, enum lab_state *state);
/* Returns how often guarded threads were refused. */
uint32_t shared_unsettled(const struct shared *s);
/* run: returns the status of waitpid(2) of a program that ended. */
int shared_status(const struct shared *s);

/* report.c: what a guest says of itself; all texts are single lines, except log and error */
struct guest_words {
	char release[72];
	char error[512];
	char log[LAB_LOG_SIZE];
};

struct guest_report {
	char release[72], clock[32], guid_text[40], memory[40], event[160], complaint[200];
	char log[LAB_LOG_SIZE];
	uint8_t id[16], guid[16];
	bool device, has_guid;
	uint32_t generators, builtin, refused;
	uint64_t resume_within_ns, rekeyed_ns, woken_ns, announced_ns, logged_ns;
	uint64_t changes, spurious, rekeys, rekey_failures, acpi_events;
};

/* Of a guest that failed: a text without an end is cut off. */
void shared_words(const struct shared *s, struct guest_words *w);
/* Fails with LAB_EXIT_GUEST if a text has no end, or a number cannot be. */
int shared_report(const struct shared *s, struct guest_report *r);

/* draws.c */
/* Copies a clone's draws; the caller calls draws_free(). Fails with LAB_EXIT_GUEST as above. */
int shared_draws(const struct shared *s, struct draws *d);

/* stream.c */
/*
 * run: copies up to size bytes of the program's output, and gives their room back to the guest.
 * Fails with LAB_EXIT_GUEST if the guest says that it wrote more than the ring has.
 */
int shared_stream(struct shared *s, char *to, size_t size, size_t *got);

#endif
