/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: SHA-256 (FIPS 180-4) and HMAC (RFC 2104) with it. The program is static and runs on machines
 * without OpenSSL, without AF_ALG and on FreeBSD, so it has its own. */
#ifndef VMGENC_HASH_H
#define VMGENC_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_SIZE 32
#define HASH_BLOCK 64

struct hash {
	uint32_t state[8];
	uint64_t size;
	uint8_t block[HASH_BLOCK];
};

void hash_begin(struct hash *h);
void hash_add(struct hash *h, const void *data, size_t size);
void hash_end(struct hash *h, uint8_t digest[HASH_SIZE]);

struct hmac {
	struct hash inner;
	uint8_t pad[HASH_BLOCK];
};

void hmac_begin(struct hmac *m, const void *key, size_t key_size);
void hmac_add(struct hmac *m, const void *data, size_t size);
void hmac_end(struct hmac *m, uint8_t tag[HASH_SIZE]);

#endif
