/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: the interfaces between the files of vmgenc(8). Unless noted otherwise, an int is an exit
 * code, and the function has already printed a message on standard error if it is not 0. */
#ifndef VMGENC_CMD_H
#define VMGENC_CMD_H

#include <stdbool.h>
#include <stdint.h>

#include "vmgenc.h"

/* The exit codes of every command, as documented in vmgenc(8). */
enum exit_code { EXIT_YES = 0, EXIT_NO = 1, EXIT_USAGE = 2, EXIT_TROUBLE = 3 };

/* Where things are; the build defines VMGENC_STATE, _CONF, _HOOKS, _SHARE, _SNIPPET and
 * _OPENSSL_CNF. */
#define VMGENC_MACHINE VMGENC_CONF "/machine"

/* args.c: the options, which mean the same in each command that takes them */
struct args {
	const char *source, *state, *root, *config, *snippet, *output;
	const char *guard, *signal; /* of run */
	bool json, once, raw, unsettled, vmclock, processes, metrics;
	bool retry, new_machine, wait; /* of hooks */
	bool restart;		       /* of run */
	bool ready;		       /* of wait */
	bool has_since, has_start;
	uint64_t since, start, count;
	int64_t timeout_ms; /* -1: none given */
	char **rest;
	int rest_count;
};

/* Returns -1 to go on, else the exit code. allowed has the letter of each option that is taken. */
int args_parse(int argc, char **argv, const char *allowed, const char *help, struct args *a);

/* say.c */
/* A number and its noun, for "%" PRIu64 " %s": 1 change, 2 changes. */
#define NUMBER_OF(n, noun) (n), (n) == 1 ? noun : noun "s"
/* Seconds for people, as 45 s, 3 min 5 s, 2 h 10 min, 3 days 4 h. */
void age_text(int64_t seconds, char text[32]);
int say_trouble(const char *format, ...) __attribute__((format(printf, 1, 2)));
int say_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_log(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Flushes standard output and returns code, or EXIT_TROUBLE if that fails. */
int say_done(int code);

/* source.c: opens a source and describes its state */
int source_open(const char *name, struct vmgenc **vg);
/* For commands that act on the source: as root, refuses a file that other users could write. */
int source_open_trusted(const char *name, struct vmgenc **vg);
/* The text for an error of vmgenc_open(); it follows the source's name. */
const char *source_error(int error);
int source_status(struct vmgenc *vg, struct vmgenc_status *st);
const char *guarantee_name(uint32_t guarantee);
/* NULL if the kernel and programs that check are protected, else the reason why not, and in
 * *remedy what to do. */
const char *unprotected(const struct vmgenc_status *st, const char **remedy);

/* What a driver can lack: a flag of the page, its name in JSON, and texts for people. */
struct lack {
	uint32_t flag;
	const char *name, *what, *remedy;
};
extern const struct lack lacks[4];
bool is_vmclock(const struct vmgenc_status *st);
bool has_id(const struct vmgenc_status *st);
bool is_settled(const struct vmgenc_status *st);
/* What follows the generation: how it is settled, or "". */
const char *settled_text(const struct vmgenc_status *st);
void id_text(const uint8_t id[VMGENC_ID_SIZE], char text[37]);
/* Wall-clock time of a CLOCK_BOOTTIME, as 2026-01-31T12:00:00Z; "" for 0. It moves when somebody
 * sets the clock. */
void since_text(uint64_t ns, char text[32]);
/* Seconds since then by the steady clock, which nobody sets; -1 if it is not known. */
int64_t age_of(uint64_t ns);
int64_t now_ms(void);
/* The clock of the driver's changed_ns. */
#ifdef __FreeBSD__
#define DRIVER_CLOCK CLOCK_UPTIME
#else
#define DRIVER_CLOCK CLOCK_BOOTTIME
#endif

/* follow.c: waits for a settled generation other than *seen, and puts it there. */
enum follow { FOLLOW_CHANGED, FOLLOW_TIMEOUT, FOLLOW_STOPPED, FOLLOW_FAILED };
/* unmasked: the signal mask while it waits; the handler of such a signal sets follow_stop. */
enum follow follow(struct vmgenc *vg, struct vmgenc_status *seen, int64_t deadline_ms,
		   const void *unmasked);
extern volatile int follow_stop;
extern volatile int follow_wake; /* as if the deadline had come */

/*
 * hooks/ready.c: waits until the kernel is rekeyed and the hooks have run for the generation in
 * force, but not for a service that does not run. vg: NULL if the record alone is to be believed.
 */
int ready_wait(const char *record, struct vmgenc *vg, int64_t timeout_ms);

/* metrics/metrics.c: vmgenc status --metrics */
int metrics(const struct args *a);

int cmd_status(int argc, char **argv);
int cmd_wait(int argc, char **argv);
int cmd_watch(int argc, char **argv);
int cmd_sync(int argc, char **argv);
int cmd_sim(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_hooks(int argc, char **argv);
int cmd_openssl(int argc, char **argv);
int cmd_run(int argc, char **argv);

#endif
