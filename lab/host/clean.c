/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/host: takes out of text what a terminal would obey: control characters of ASCII and of C1,
 * also as UTF-8, characters that turn the direction of a line, and bytes that are no UTF-8.
 */
#include <string.h>

#include "host.h"

static bool turns_line(uint32_t code)
{
	return code == 0x200e || code == 0x200f || (code >= 0x202a && code <= 0x202e) ||
	       (code >= 0x2066 && code <= 0x2069);
}

static bool is_character(uint32_t code, size_t length)
{
	static const uint32_t least[] = {0, 0, 0xa0, 0x800, 0x10000};

	return code >= least[length] && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) &&
	       !turns_line(code);
}

/* Return the length of the harmless character at s, 0 if there is none, or more than left. */
static size_t harmless(const unsigned char *s, size_t left)
{
	if (*s < 0x80)
		return *s == '\n' || *s == '\t' || (*s >= ' ' && *s != 0x7f);
	if (*s < 0xc2 || *s > 0xf4)
		return 0;
	size_t length = *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : 4;
	uint32_t code = *s & 0xffu >> (length + 1);

	for (size_t i = 1; i < length; i++) {
		if (i == left)
			return left + 1;
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3fu);
	}
	return is_character(code, length) ? length : 0;
}

size_t clean_part(char *text, size_t size)
{
	size_t at = 0;

	while (at < size) {
		size_t length = harmless((unsigned char *)text + at, size - at);

		if (length > size - at)
			break;
		if (!length)
			text[at++] = '?';
		at += length;
	}
	return at;
}

char *clean_text(char *text)
{
	size_t size = strlen(text), at = clean_part(text, size);

	memset(text + at, '?', size - at);
	return text;
}

char *clean_line(char *text)
{
	for (char *c = clean_text(text); *c; c++) {
		if (*c == '\n' || *c == '\t')
			*c = ' ';
	}
	return text;
}
