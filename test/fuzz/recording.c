/* SPDX-License-Identifier: BSD-2-Clause */
/* test/fuzz: a recording of somebody else's. Every second input gets the digest of its draws,
 * without which nothing behind it would be reached. What is taken, must be within its own bounds.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "record/record.h"

static void seal(uint8_t *bytes, size_t size)
{
	struct recording_head *head = (void *)bytes;
	struct hash h;

	hash_begin(&h);
	hash_add(&h, bytes + sizeof(*head), size - sizeof(*head));
	hash_end(&h, head->digest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes = malloc(size + 1);
	struct recording r;
	char why[160] = "";
	uint64_t all = 0;

	memcpy(bytes, data, size);
	if (size > sizeof(struct recording_head) && data[size - 1] & 1)
		seal(bytes, size);
	if (recording_parse(bytes, size, &r, why, sizeof(why))) {
		if (!*why || r.draws)
			abort();
	} else {
		for (unsigned int t = 0; t < r.head.threads; t++)
			all += r.head.counts[t];
		if (all != r.count || sizeof(r.head) + all * sizeof(*r.draws) != size)
			abort();
		for (size_t i = 0; i < r.count; i++)
			all += r.draws[i].value[0];
		if (strlen(r.head.driver) >= sizeof(r.head.driver))
			abort();
	}
	free(r.draws);
	free(bytes);
	return 0;
}
