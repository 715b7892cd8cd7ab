/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/guest: the ChaCha20 block function (RFC 8439, with a zero nonce).
 */
#include <string.h>

#include "guest.h"

static uint32_t rotate(uint32_t x, int n)
{
	return x << n | x >> (32 - n);
}

static void quarter_round(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
	*a += *b;
	*d = rotate(*d ^ *a, 16);
	*c += *d;
	*b = rotate(*b ^ *c, 12);
	*a += *b;
	*d = rotate(*d ^ *a, 8);
	*c += *d;
	*b = rotate(*b ^ *c, 7);
}

void chacha20_block(const uint32_t key[8], uint64_t counter, uint8_t out[64])
{
	uint32_t start[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
	uint32_t x[16];

	memcpy(start + 4, key, 32);
	start[12] = (uint32_t)counter;
	start[13] = (uint32_t)(counter >> 32);
	memcpy(x, start, sizeof(x));
	for (int i = 0; i < 10; i++) {
		for (int column = 0; column < 4; column++)
			quarter_round(x + column, x + 4 + column, x + 8 + column, x + 12 + column);
		for (int d = 0; d < 4; d++)
			quarter_round(x + d, x + 4 + (d + 1) % 4, x + 8 + (d + 2) % 4,
				      x + 12 + (d + 3) % 4);
	}
	for (int i = 0; i < 16; i++)
		x[i] += start[i];
	memcpy(out, x, 64);
}
