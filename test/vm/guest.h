/* SPDX-License-Identifier: BSD-2-Clause */
/* test/vm: what the programs share - the module, the kernel's log, children, small files. */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "vmgenc_abi.h"

#define MODULE_FILE "/vmgenc.ko" /* where vmgenc-lab run puts --module */
#define NODE "/dev/vmgenc"
#define SYSCTL "/proc/sys/dev/vmgenc/0/"
#define PATIENCE_S 30 /* only to end what hangs; nothing is ever measured against it */

/* 0, or -1 and errno of finit_module(2) and delete_module(2). Unloading never waits. */
int module_load(const char *file, const char *parameters);
int module_unload(const char *name);
/* Loads vmgenc afresh with these parameters, whatever was there before. */
int module_reload(const char *parameters);

/* The kernel's log from now on: open, and does text come in a later line? Reads on to it. */
int log_open(void);
bool log_has(int log, const char *text);
/* The same, waiting for such a line for PATIENCE_S at most. */
bool log_comes(int log, const char *text);
/* The next line with text; false without one. */
bool log_next(int log, const char *text, char *line, size_t size);
/* How many of the lines not read yet have text. */
unsigned int log_count(int log, const char *text);

/* All of a small file as text without its last newline; "" where it cannot be read. */
const char *file_text(const char *path);

/* /dev/vmgenc, read once, so that only what comes later is new to it; -1 on failure. */
int node_open(int flags);
bool node_sync(struct vmgenc_event *event);
/* True if the descriptor is readable, at the latest after PATIENCE_S. */
bool wait_readable(int fd);

/* Runs the function in a child, as root or as nobody without capabilities. Returns its code. */
int in_child(void (*function)(void));
int as_nobody(void (*function)(void));
/* Waits for the child, and ends it where it hangs: its exit code, or -1. */
int child_end(pid_t pid);
/* Waits until the child sleeps in a system call. */
bool child_sleeps(pid_t pid);

#endif /* GUEST_H */
