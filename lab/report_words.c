/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lab: numbers and names on the page of results, as people read them.
 */
#include <string.h>

#include "page.h"

static const struct {
	const char *name, *label, *is;
} generators[] = {
	{"getrandom", "getrandom(2)", "the kernel’s generator, by system call"},
	{"arandom", "kern.arandom", "the kernel’s generator, by FreeBSD’s sysctl"},
	{"arc4rand", "arc4rand(9)", "the FreeBSD kernel’s own"},
	{"unguarded", "unguarded", "a program’s own generator, seeded before the snapshot"},
	{"guarded", "guarded", "the same generator, which asks libvmgenc at each draw"},
	{"uuid", "kernel’s UUIDs", "/proc/sys/kernel/random/uuid"},
	{"openssl", "OpenSSL", "RAND_bytes() as Debian ships it"},
	{"openssl+provider", "OpenSSL, provider", "RAND_bytes() with vmgenc’s provider"},
	{"postgres", "PostgreSQL", "gen_random_uuid()"},
	{"postgres+provider", "PostgreSQL, provider", "gen_random_uuid() with vmgenc’s provider"},
	{"scram", "SCRAM salts", "of PostgreSQL’s passwords"},
	{"scram+provider", "SCRAM salts, provider", "with vmgenc’s provider"},
	{"nginx", "nginx", "the random values in its TLS hello"},
	{"nginx+provider", "nginx, provider", "the same, with vmgenc’s provider"},
	{"ticket", "ticket keys", "nginx’s keys for TLS session tickets"},
	{"ticket+provider", "ticket keys, provider", "the same, with vmgenc’s provider"},
};

static char *room(void)
{
	static char texts[32][96];
	static unsigned int last;

	return texts[last++ % 32];
}

const char *words_generator(const char *name)
{
	for (size_t i = 0; i < sizeof(generators) / sizeof(*generators); i++) {
		if (!strcmp(generators[i].name, name))
			return generators[i].label;
	}
	return name;
}

const char *words_generator_is(const char *name)
{
	for (size_t i = 0; i < sizeof(generators) / sizeof(*generators); i++) {
		if (!strcmp(generators[i].name, name))
			return generators[i].is;
	}
	return "";
}

const char *words_count(uint64_t n)
{
	char digits[24], *text = room(), *to = text;
	int length = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
	return text;
}

const char *words_time(uint64_t ns)
{
	return words_seconds((double)ns / 1e9);
}

const char *words_seconds(double s)
{
	return lab_time(s, room());
}

const char *words_draws(uint64_t identical, uint64_t drawn)
{
	char *text = room();

	if (!identical)
		snprintf(text, 96, "none of %s", words_count(drawn));
	else if (identical == drawn)
		snprintf(text, 96, "all %s", words_count(drawn));
	else
		snprintf(text, 96, "%s of %s", words_count(identical), words_count(drawn));
	return text;
}

const char *words_plural(uint64_t n, const char *one, const char *many)
{
	char *text = room();

	snprintf(text, 96, "%s %s", words_count(n), n == 1 ? one : many);
	return text;
}

const char *words_day(const char *date)
{
	char *text = room();

	snprintf(text, 96, "%.*s", (int)strspn(date, "0123456789-"), date);
	return text;
}
