/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/firmware: a VM Generation ID as text.
 */
#include <stdio.h>

#include "firmware.h"

void guid_format(char to[ID_TEXT_SIZE], uint32_t a, uint16_t b, uint16_t c, const uint8_t d[8])
{
	snprintf(to, ID_TEXT_SIZE, "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x", a, b, c,
		 d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7]);
}

/* The first three fields are little-endian. */
void guid_from_bytes(char to[ID_TEXT_SIZE], const uint8_t bytes[ID_SIZE])
{
	const uint8_t *b = bytes;

	guid_format(to, (uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0],
		    (uint16_t)(b[5] << 8 | b[4]), (uint16_t)(b[7] << 8 | b[6]), b + 8);
}
