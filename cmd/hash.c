/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: SHA-256 and HMAC. Nothing that they are used for is timed by an attacker, and SHA-256 has no
 * branches or indices that depend on its input anyway. */
#include <string.h>

#include "hash.h"

static const uint32_t constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

static uint32_t turn(uint32_t x, int by)
{
	return x >> by | x << (32 - by);
}

static void schedule(const uint8_t *block, uint32_t w[64])
{
	for (int i = 0; i < 16; i++)
		w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
		       (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
	for (int i = 16; i < 64; i++) {
		uint32_t a = w[i - 15], b = w[i - 2];

		w[i] = w[i - 16] + w[i - 7] + (turn(a, 7) ^ turn(a, 18) ^ a >> 3) +
		       (turn(b, 17) ^ turn(b, 19) ^ b >> 10);
	}
}

static void compress(uint32_t state[8], const uint8_t *block)
{
	uint32_t w[64], s[8];

	schedule(block, w);
	memcpy(s, state, sizeof(s));
	for (int i = 0; i < 64; i++) {
		uint32_t a = s[0], e = s[4];
		uint32_t t1 = s[7] + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) +
			      ((e & s[5]) ^ (~e & s[6])) + constants[i] + w[i];
		uint32_t t2 = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) +
			      ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));

		memmove(s + 1, s, 7 * sizeof(*s));
		s[4] += t1;
		s[0] = t1 + t2;
	}
	for (int i = 0; i < 8; i++)
		state[i] += s[i];
}

void hash_begin(struct hash *h)
{
	static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
					    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

	memcpy(h->state, initial, sizeof(initial));
	h->size = 0;
}

void hash_add(struct hash *h, const void *data, size_t size)
{
	const uint8_t *from = data;

	while (size) {
		size_t at = h->size % HASH_BLOCK,
		       n = HASH_BLOCK - at < size ? HASH_BLOCK - at : size;

		memcpy(h->block + at, from, n);
		h->size += n;
		from += n;
		size -= n;
		if (at + n == HASH_BLOCK)
			compress(h->state, h->block);
	}
}

void hash_end(struct hash *h, uint8_t digest[HASH_SIZE])
{
	static const uint8_t padding[HASH_BLOCK] = {0x80};
	uint64_t bits = h->size * 8;
	uint8_t length[8];

	for (int i = 0; i < 8; i++)
		length[i] = (uint8_t)(bits >> (56 - 8 * i));
	hash_add(h, padding,
		 1 + (HASH_BLOCK - 1 + HASH_BLOCK - 8 - h->size % HASH_BLOCK) % HASH_BLOCK);
	hash_add(h, length, sizeof(length));
	for (int i = 0; i < HASH_SIZE; i++)
		digest[i] = (uint8_t)(h->state[i / 4] >> (24 - 8 * (i % 4)));
}

void hmac_begin(struct hmac *m, const void *key, size_t key_size)
{
	uint8_t short_key[HASH_SIZE], pad[HASH_BLOCK];

	if (key_size > HASH_BLOCK) {
		hash_begin(&m->inner);
		hash_add(&m->inner, key, key_size);
		hash_end(&m->inner, short_key);
		key = short_key;
		key_size = HASH_SIZE;
	}
	memset(pad, 0, sizeof(pad));
	memcpy(pad, key, key_size);
	for (int i = 0; i < HASH_BLOCK; i++) {
		m->pad[i] = pad[i] ^ 0x5c;
		pad[i] ^= 0x36;
	}
	hash_begin(&m->inner);
	hash_add(&m->inner, pad, sizeof(pad));
}

void hmac_add(struct hmac *m, const void *data, size_t size)
{
	hash_add(&m->inner, data, size);
}

void hmac_end(struct hmac *m, uint8_t tag[HASH_SIZE])
{
	struct hash outer;

	hash_end(&m->inner, tag);
	hash_begin(&outer);
	hash_add(&outer, m->pad, HASH_BLOCK);
	hash_add(&outer, tag, HASH_SIZE);
	hash_end(&outer, tag);
}
