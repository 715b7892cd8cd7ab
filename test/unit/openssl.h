/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit: OpenSSL with the provider, switched on by a configuration file and nothing else. */
#ifndef TEST_OPENSSL_H
#define TEST_OPENSSL_H

#include <openssl/crypto.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define CNF_SIZE 64

/* dist/openssl/vmgenc.cnf for this module and setting, with more text behind; path is filled. */
void cnf_create(char path[CNF_SIZE], const char *module, const char *on_missing, const char *more);

/* A library context of its own from such a file, which is gone afterwards. */
OSSL_LIB_CTX *context(const char *on_missing, const char *more);

/* Whether the newest errors of OpenSSL, which are then dropped, contain text. */
bool failed_with(const char *text);

/* What the test program puts in the place of libc's functions, for libcrypto and the provider. */
extern unsigned int kernel_draws; /* calls of getentropy(3): OpenSSL's way to the kernel */
extern void (*on_time)(void);	  /* called from time(2), which a DRBG calls in each draw */
extern unsigned int warnings;	  /* lines for the system's log */
extern char last_warning[200];
extern bool may_not_rekey;  /* the kernel refuses RNDRESEEDCRNG, as to an ordinary user */
extern bool kernel_repeats; /* the kernel draws as a copy of it does, by the number of the draw */
extern bool pid_is_fixed;   /* getpid(2) no longer tells a child from its parent */

typedef void draw_function(OSSL_LIB_CTX *ctx, unsigned char *out, size_t size);

/*
 * Two clones of this process: children with its state, which cannot know by their process ids
 * that they are children. Both draw; in the second, resumed() (or nothing) happens before.
 * True if both drew the same. The first shows what the old state would have given, since the
 * file that plays the hypervisor is one for all.
 */
bool clones_draw_the_same(OSSL_LIB_CTX *ctx, draw_function *draw, void (*resumed)(void));

#endif
