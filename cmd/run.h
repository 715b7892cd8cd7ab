/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: the interfaces between the files of vmgenc run. */
#ifndef VMGENC_RUN_H
#define VMGENC_RUN_H

#include "cmd.h"

/* elf.c: why nothing can be preloaded into this program, or NULL; also if that cannot be known. */
const char *elf_refuses_preload(const char *path);

/*
 * supervise.c: runs the program, and after each change sends it a signal, or with restart ends it
 * and starts it again. Passes on the signals that it gets. Returns the program's exit code, or 128
 * and the number of the signal that ended it.
 */
int supervise(struct vmgenc *vg, char **argv, int signal, bool restart);
/* Becomes the program. Returns only if it cannot: 127 if there is none, else 126. */
int run_program(char **argv);

#endif
