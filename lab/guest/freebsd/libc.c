/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/guest/freebsd: the parts of a C library that a FreeBSD guest's programs need.
 */
#include "freebsd.h"

void *memcpy(void *to, const void *from, size_t size)
{
	void *result = to;

	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
	return result;
}

void *memmove(void *to, const void *from, size_t size)
{
	unsigned char *t = to;
	const unsigned char *f = from;

	if (t <= f || t >= f + size)
		return memcpy(to, from, size);
	while (size--)
		__asm__ volatile("movb %1, %0" : "=m"(t[size]) : "r"(f[size]));
	return to;
}

void *memset(void *to, int byte, size_t size)
{
	void *result = to;

	__asm__ volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(byte) : "memory");
	return result;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const unsigned char *x = a, *y = b;

	for (; size; size--, x++, y++) {
		if (*x != *y)
			return *x - *y;
	}
	return 0;
}

size_t fb_length(const char *text)
{
	size_t n = 0;

	while (text[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	for (; *a && *a == *b; a++)
		b++;
	return (unsigned char)*a - (unsigned char)*b;
}

char *strstr(const char *text, const char *wanted)
{
	size_t size = fb_length(wanted);

	for (size_t left = fb_length(text); left >= size; left--, text++) {
		if (!memcmp(text, wanted, size))
			return (char *)text;
	}
	return NULL;
}

static size_t add_number(char *to, size_t size, size_t used, uint64_t n, unsigned int base)
{
	char digits[24];
	int count = 0;

	do {
		digits[count++] = "0123456789abcdef"[n % base];
		n /= base;
	} while (n);
	while (count-- && used + 1 < size)
		to[used++] = digits[count];
	return used;
}

static size_t add_text(char *to, size_t size, size_t used, const char *text)
{
	for (; *text && used + 1 < size; text++)
		to[used++] = *text;
	return used;
}

static size_t add_argument(char *to, size_t size, size_t used, const char **format, va_list *args)
{
	int longs = 0;
	long long n;

	for (; **format == 'l' || **format == 'z'; (*format)++)
		longs++;
	if (**format == 's')
		return add_text(to, size, used, va_arg(*args, const char *));
	if (**format == '%')
		return add_text(to, size, used, "%");
	if (longs)
		n = va_arg(*args, long long);
	else if (**format == 'd')
		n = va_arg(*args, int);
	else
		n = va_arg(*args, unsigned int);
	if (**format == 'd' && n < 0) {
		used = add_text(to, size, used, "-");
		n = -n;
	}
	return add_number(to, size, used, (uint64_t)n, **format == 'x' ? 16 : 10);
}

/* %s, %d, %u, %x and %%, with l, ll or z; without widths. */
int fb_format(char *to, size_t size, const char *format, va_list arguments)
{
	size_t used = 0;
	va_list args;

	va_copy(args, arguments);
	for (; *format && used + 1 < size; format++) {
		if (*format != '%') {
			to[used++] = *format;
			continue;
		}
		format++;
		used = add_argument(to, size, used, &format, &args);
	}
	va_end(args);
	to[used] = '\0';
	return (int)used;
}

int fb_sysctl_number(const char *name, int words[24])
{
	int question[2] = {0, 3}; /* sysctl.name2oid */
	size_t size = 24 * sizeof(*words);
	long err = fb_syscall(SYS_sysctl, question, 2l, words, &size, name, fb_length(name));

	return err ? (int)err : (int)(size / sizeof(*words));
}

long fb_sysctl(const char *name, void *to, size_t size)
{
	int words[24];
	int count = fb_sysctl_number(name, words);

	if (count < 0)
		return count;
	long err = fb_syscall(SYS_sysctl, words, (long)count, to, &size, NULL, 0l);

	return err ? err : (long)size;
}

long fb_sysctl_set(const char *name, const void *from, size_t size)
{
	int words[24];
	int count = fb_sysctl_number(name, words);

	if (count < 0)
		return count;
	return fb_syscall(SYS_sysctl, words, (long)count, NULL, NULL, from, size);
}
