/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/report: the only function that writes text to the page of results. The format is the lab's
 * and is not escaped; the strings of %s may come from a guest or a file and are.
 */
#include <stdarg.h>
#include <string.h>

#include "document.h"

#define REPLACEMENT "\xef\xbf\xbd"

/* These are not valid in HTML, or reverse the direction of the text around them. */
static const char *const unwanted[] = {
	"\xef\xbf\xbe",					/* U+FFFE */
	"\xef\xbf\xbf",					/* U+FFFF */
	"\xe2\x80\xaa", "\xe2\x80\xab", "\xe2\x80\xac", /* LRE, RLE, PDF */
	"\xe2\x80\xad", "\xe2\x80\xae",			/* LRO, RLO */
	"\xe2\x81\xa6", "\xe2\x81\xa7", "\xe2\x81\xa8", /* LRI, RLI, FSI */
	"\xe2\x81\xa9",					/* PDI */
};

/* Return the bytes of a character that must not be shown, or 0. */
static size_t is_unwanted(const char *text)
{
	const unsigned char *c = (const unsigned char *)text;

	if ((*c < 0x20 && *c != '\n' && *c != '\t') || *c == 0x7f)
		return 1;
	if (c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0) /* a control character above 0x7f */
		return 2;
	for (size_t i = 0; i < sizeof(unwanted) / sizeof(*unwanted); i++) {
		if (!strncmp(text, unwanted[i], 3))
			return 3;
	}
	return 0;
}

static const char *entity(char c)
{
	switch (c) {
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '&':
		return "&amp;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

static void escaped(FILE *out, const char *text)
{
	while (*text) {
		size_t skip = is_unwanted(text);
		const char *name = skip ? REPLACEMENT : entity(*text);

		if (name)
			fputs(name, out);
		else
			fputc(*text, out);
		text += skip ? skip : 1;
	}
}

struct arguments {
	va_list list;
};

/* Write one of %s, %d, %u, %zu, %llu, %f and %g. Return the rest of the format. */
static const char *convert(FILE *out, const char *format, struct arguments *a)
{
	size_t length = 1 + strspn(format + 1, "0123456789.lz") + 1;
	char spec[16];

	snprintf(spec, sizeof(spec), "%.*s", (int)length, format);
	switch (spec[length - 1]) {
	case 's':
		escaped(out, va_arg(a->list, const char *));
		break;
	case 'd':
	case 'u':
		if (strstr(spec, "ll"))
			fprintf(out, spec, va_arg(a->list, unsigned long long));
		else if (strchr(spec, 'z'))
			fprintf(out, spec, va_arg(a->list, size_t));
		else
			fprintf(out, spec, va_arg(a->list, unsigned int));
		break;
	case '%':
		fputc('%', out);
		break;
	default:
		fprintf(out, spec, va_arg(a->list, double));
	}
	return format + length;
}

void html(FILE *out, const char *format, ...)
{
	struct arguments a;

	va_start(a.list, format);
	while (*format) {
		size_t plain = strcspn(format, "%");

		fwrite(format, 1, plain, out);
		format += plain;
		if (*format)
			format = convert(out, format, &a);
	}
	va_end(a.list);
}
