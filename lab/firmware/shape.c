/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/firmware: the table of the hypervisors' shapes, and ids as each of them writes them. Their
 * ACPI tables are in test/firmware.
 */
#include <string.h>
#include <sys/random.h>

#include "firmware.h"
#include "host/host.h"

const struct shape shapes[] = {
	{"qemu", "QEMU", WHERE_RESERVED, NOTIFY_GPE, NOTATION_GUID, 0x28, false, true},
	{"vmware", "VMware", WHERE_RESERVED, NOTIFY_GPE, NOTATION_WORDS, 0x5e0, true, false},
	{"hyperv-old", "Hyper-V, old", WHERE_NVS, NOTIFY_GPE, NOTATION_WORDS, 0x358, true, true},
	{"hyperv", "Hyper-V, now", WHERE_HIGH, NOTIFY_GPE, NOTATION_WORDS, 0x7a8, true, true},
	{"xen", "Xen HVM", WHERE_NVS, NOTIFY_NONE, NOTATION_WORDS, 0xfd0, true, true},
	{"aws", "AWS Nitro", WHERE_HOLE, NOTIFY_NONE, NOTATION_BYTES, 0, false, true},
	{"firecracker-old", "Firecracker < 1.16", WHERE_RESERVED, NOTIFY_GED, NOTATION_BYTES, 0x7d8,
	 true, true},
	{"firecracker", "Firecracker", WHERE_RESERVED, NOTIFY_GED, NOTATION_BYTES, 0x7d8, true,
	 true},
	{"bhyve", "bhyve", WHERE_ROM, NOTIFY_NONE, NOTATION_BYTES, 0, false, true},
};

const struct shape shape_tree = {"devicetree",	 "Firecracker, arm64",
				 WHERE_RESERVED, NOTIFY_LINE,
				 NOTATION_BYTES, 0x100,
				 false,		 true};

const size_t shape_count = sizeof(shapes) / sizeof(*shapes);
_Static_assert(sizeof(shapes) / sizeof(*shapes) <= SHAPES_MAX, "prove_options has room");

const struct shape *shape_find(const char *name)
{
	for (size_t i = 0; i < shape_count; i++) {
		if (!strcmp(shapes[i].name, name))
			return &shapes[i];
	}
	return NULL;
}

/* Microsoft's order: the first three fields are little-endian numbers. */
static void guid_to_bytes(const uint32_t a, const uint16_t b, const uint16_t c, const uint8_t d[8],
			  uint8_t to[ID_SIZE])
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(a >> 8 * i);
	for (int i = 0; i < 2; i++) {
		to[4 + i] = (uint8_t)(b >> 8 * i);
		to[6 + i] = (uint8_t)(c >> 8 * i);
	}
	memcpy(to + 8, d, 8);
}

static void words_to_bytes(const uint64_t word[2], uint8_t to[ID_SIZE])
{
	for (int i = 0; i < ID_SIZE; i++)
		to[i] = (uint8_t)(word[i / 8] >> 8 * (i % 8));
}

/* Take the numbers of the GUID from the words, not from their bytes. */
static void words(struct shape_id *id, uint64_t word[2])
{
	uint8_t last[8];

	for (int i = 0; i < 8; i++)
		last[i] = (uint8_t)(word[1] >> 8 * i);
	words_to_bytes(word, id->bytes);
	snprintf(id->notation, sizeof(id->notation), "%016llx:%016llx", (unsigned long long)word[0],
		 (unsigned long long)word[1]);
	guid_format(id->guid, (uint32_t)word[0], (uint16_t)(word[0] >> 32),
		    (uint16_t)(word[0] >> 48), last);
}

void shape_new_id(const struct shape *s, struct shape_id *id)
{
	uint64_t word[2] = {1, 1};
	uint8_t last[8];

	if (getrandom(word, sizeof(word), 0) < 0)
		lab_note("the host has no random numbers for an id");
	memcpy(last, &word[1], sizeof(last));
	if (s->notation == NOTATION_WORDS) {
		words(id, word);
	} else if (s->notation == NOTATION_GUID) {
		guid_to_bytes((uint32_t)word[0], (uint16_t)(word[0] >> 32),
			      (uint16_t)(word[0] >> 48), last, id->bytes);
		guid_format(id->guid, (uint32_t)word[0], (uint16_t)(word[0] >> 32),
			    (uint16_t)(word[0] >> 48), last);
		snprintf(id->notation, sizeof(id->notation), "%s", id->guid);
	} else {
		memcpy(id->bytes, word, ID_SIZE);
		guid_from_bytes(id->guid, id->bytes);
		id->notation[0] = '\0';
	}
}
