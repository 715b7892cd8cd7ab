/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd/hooks: decides whether this machine is a copy of the one in the record. Unknown or
 * contradictory parts do not make it a copy. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "identity.h"

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool uuid_bytes(const char *text, uint8_t bytes[16])
{
	int digits = 0;

	for (; *text && *text != '\n'; text++) {
		int value = nibble(*text);

		if (*text == '-')
			continue;
		if (value < 0 || digits == 32)
			return false;
		bytes[digits / 2] = (uint8_t)(digits % 2 ? bytes[digits / 2] | value : value << 4);
		digits++;
	}
	return digits == 32;
}

/* Reverses the bytes of the first three fields: firmware and kernels disagree about their order. */
static void swap_fields(const uint8_t from[16], uint8_t to[16])
{
	static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

	for (int i = 0; i < 16; i++)
		to[i] = from[order[i]];
}

static bool means_nothing(const uint8_t bytes[16])
{
	for (int i = 1; i < 16; i++) {
		if (bytes[i] != bytes[0])
			return false;
	}
	return bytes[0] == 0 || bytes[0] == 0xff;
}

/*
 * FNV-1a keeps 64 of the UUID's 122 bits, because everyone may read the record, but only root the
 * UUID. An update of the host can reverse the UUID's byte order, so both orders give one digest.
 */
void machine_digest(const char *uuid, char digest[17])
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	uint8_t bytes[16], swapped[16];
	const uint8_t *first = bytes;

	*digest = '\0';
	if (!uuid_bytes(uuid, bytes) || means_nothing(bytes))
		return;
	swap_fields(bytes, swapped);
	if (memcmp(swapped, bytes, 16) < 0)
		first = swapped;
	for (int i = 0; i < 16; i++)
		hash = (hash ^ first[i]) * UINT64_C(0x100000001b3);
	snprintf(digest, 17, "%016" PRIx64, hash);
}

static bool has_mac(const struct machine *m, const char *mac)
{
	for (int i = 0; i < MACHINE_MACS; i++) {
		if (!strcmp(m->macs[i], mac))
			return true;
	}
	return false;
}

static bool share_a_mac(const struct machine *a, const struct machine *b)
{
	for (int i = 0; i < MACHINE_MACS; i++) {
		if (*a->macs[i] && has_mac(b, a->macs[i]))
			return true;
	}
	return false;
}

static enum copy because(enum copy copy, const char *reason, char *why, size_t size)
{
	snprintf(why, size, "%s", reason);
	return copy;
}

/* An equal identity= or instance proves nothing, because a copied disk contains them. */
enum copy machine_compare(const struct machine *before, const struct machine *now, char *why,
			  size_t size)
{
	if (*before->said && *now->said && strcmp(before->said, now->said))
		return because(COPY_YES, "the administrator gave it another identity", why, size);
	if (*before->instance && *now->instance && strcmp(before->instance, now->instance))
		return because(COPY_YES, "it is another instance to cloud-init", why, size);
	if (!*now->uuid)
		return because(COPY_UNKNOWN, "its host gives it no product UUID", why, size);
	if (!*before->uuid)
		return because(COPY_UNKNOWN, "no product UUID was recorded before", why, size);
	if (!strcmp(before->uuid, now->uuid))
		return because(COPY_NO, "its product UUID is the same", why, size);
	if (share_a_mac(before, now))
		return because(COPY_UNKNOWN,
			       "its product UUID is another one, but a network card is the same",
			       why, size);
	if (now->xen && !before->stayed)
		return because(
			COPY_UNKNOWN,
			"its product UUID is another one, but has not been seen to stay, and "
			"Xen can make up one for each start",
			why, size);
	return because(COPY_YES, "its product UUID and network cards are others", why, size);
}

void machine_keep(struct machine *before, const struct machine *now, bool other_id)
{
	bool same = !strcmp(before->uuid, now->uuid);

	if (*before->uuid && *now->uuid && (other_id || !same))
		before->stayed = same;
	if (*now->uuid)
		memcpy(before->uuid, now->uuid, sizeof(now->uuid));
	if (*now->macs[0])
		memcpy(before->macs, now->macs, sizeof(now->macs));
	if (*now->instance)
		memcpy(before->instance, now->instance, sizeof(now->instance));
	if (*now->said)
		memcpy(before->said, now->said, sizeof(now->said));
	before->xen = now->xen;
}
