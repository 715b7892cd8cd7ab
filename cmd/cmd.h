/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: what the parts of vmgenc(8) offer each other. Functions that return int return an exit
 * code, after having said on standard error what is wrong, unless they say otherwise. */
#ifndef VMGENC_CMD_H
#define VMGENC_CMD_H

#include <stdbool.h>
#include <stdint.h>

#include "vmgenc.h"

/* The exit codes of every command, as documented in vmgenc(8). */
enum exit_code { EXIT_YES = 0, EXIT_NO = 1, EXIT_USAGE = 2, EXIT_TROUBLE = 3 };

/* Where things are: the build says it by VMGENC_STATE, VMGENC_CONF, VMGENC_SNIPPET, VMGENC_OPENSSL_CNF. */

/* args.c: the options, which mean the same in each command that takes them */
struct args {
	const char *source, *state, *root, *config, *snippet;
	bool json, once, raw, unsettled, vmclock, processes;
	bool has_since, has_start;
	uint64_t since, start, count;
	int64_t timeout_ms; /* -1: none given */
	char **rest;
	int rest_count;
};

/* -1: go on; else the exit code. allowed has the short letter of each option taken. */
int args_parse(int argc, char **argv, const char *allowed, const char *help, struct args *a);

/* say.c */
int say_trouble(const char *format, ...) __attribute__((format(printf, 1, 2)));
int say_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_log(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Flushes standard output: a full disk or a closed pipe is trouble too. */
int say_done(int code);

/* source.c: a source, and words for what it says */
int source_open(const char *name, struct vmgenc **vg);
/* The same for what acts on the source: root takes no file that others could have written. */
int source_open_trusted(const char *name, struct vmgenc **vg);
const char *source_error(int error); /* of vmgenc_open(), in words that follow the name */
int source_status(struct vmgenc *vg, struct vmgenc_status *st);
const char *guarantee_name(uint32_t guarantee);
/* NULL if programs that check and the kernel are protected, else why not. */
const char *unprotected(const struct vmgenc_status *st);

/* What a driver can lack: a flag of the page, its name in JSON, and words for people. */
struct lack {
	uint32_t flag;
	const char *name, *what, *remedy;
};
extern const struct lack lacks[4];
bool is_vmclock(const struct vmgenc_status *st);
bool has_id(const struct vmgenc_status *st);
bool is_settled(const struct vmgenc_status *st);
void id_text(const uint8_t id[VMGENC_ID_SIZE], char text[37]);
/* Wall-clock time of a CLOCK_BOOTTIME, as 2026-01-31T12:00:00Z; "" for 0. */
void since_text(uint64_t ns, char text[32]);
int64_t now_ms(void);
/* What the driver's changed_ns counts from. */
#ifdef __FreeBSD__
#define DRIVER_CLOCK CLOCK_UPTIME
#else
#define DRIVER_CLOCK CLOCK_BOOTTIME
#endif

/* follow.c: waits for a settled generation other than *seen, and puts it there. */
enum follow { FOLLOW_CHANGED, FOLLOW_TIMEOUT, FOLLOW_STOPPED, FOLLOW_FAILED };
/* unmasked: signals that may come while it waits, with a handler that sets follow_stop. */
enum follow follow(struct vmgenc *vg, struct vmgenc_status *seen, int64_t deadline_ms,
		   const void *unmasked);
extern volatile int follow_stop;

int cmd_status(int argc, char **argv);
int cmd_wait(int argc, char **argv);
int cmd_watch(int argc, char **argv);
int cmd_sync(int argc, char **argv);
int cmd_sim(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_hooks(int argc, char **argv);
int cmd_openssl(int argc, char **argv);

#endif
