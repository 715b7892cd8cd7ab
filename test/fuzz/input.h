/* SPDX-License-Identifier: BSD-2-Clause */
/* test/fuzz: a fuzzer's bytes, taken one after another; zeros when there are no more. */
#ifndef INPUT_H
#define INPUT_H

#include <stddef.h>
#include <stdint.h>

struct input {
	const uint8_t *next;
	size_t left;
};

static inline uint8_t input_byte(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->next++;
}

/* Rarely met by chance: zeros, ones and small numbers are one byte away. */
static inline uint64_t input_word(struct input *in)
{
	uint8_t kind = input_byte(in);
	uint64_t word = 0;

	if (kind == 0)
		return 0;
	if (kind == 1)
		return UINT64_MAX;
	if (kind < 4)
		return input_byte(in);
	for (int i = 0; i < (kind < 128 ? 4 : 8); i++)
		word = word << 8 | input_byte(in);
	return word;
}

#endif /* INPUT_H */
