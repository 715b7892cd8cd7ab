/* SPDX-License-Identifier: BSD-2-Clause */
/* test/fuzz: one file in memory behind a source, with bytes of the fuzzer's choice. */
#ifndef SOURCE_FILE_H
#define SOURCE_FILE_H

#include <stddef.h>
#include <stdint.h>

/* The bytes, then zeros up to so many pages if the last byte is even: short files too. */
int source_file(const uint8_t *data, size_t size, unsigned int pages);

/* Every call of the library on it, also after it was cut short. Ends the program where a
 * call breaks what vmgenc.h says. */
void source_use(const char *prefix);

#endif
