/* SPDX-License-Identifier: BSD-2-Clause */
/* provider: OpenSSL's rules for matching a property query, property(7ossl), since it offers no call
 * for this to providers. test_provider_config compares the two. */
#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "properties.h"

#define MAX_TEXT 128

struct clause {
	bool is_override, is_optional, is_unequal;
	char name[MAX_TEXT], value[MAX_TEXT];
};

static const char *skip(const char *at)
{
	return at + strspn(at, " \t\r\n");
}

/*
 * Reads a word up to a character of end, or a quoted one. Returns the text after it, or NULL if it
 * is too long or not closed.
 */
static const char *word(const char *at, const char *end, char text[MAX_TEXT])
{
	const bool is_quoted = *at == '"' || *at == '\'';
	const char quote[] = {*at, '\0'};
	size_t length;

	at += is_quoted;
	length = strcspn(at, is_quoted ? quote : end);
	if (length >= MAX_TEXT || (is_quoted && !at[length]))
		return NULL;
	memcpy(text, at, length);
	text[length] = '\0';
	return skip(at + length + is_quoted);
}

/* Reads the next clause of a list. Returns the text after it, or NULL if it is invalid. */
static const char *clause(const char *at, struct clause *c)
{
	memset(c, 0, sizeof(*c));
	at = skip(at);
	c->is_override = *at == '-';
	c->is_optional = *at == '?';
	at = word(skip(at + (c->is_override || c->is_optional)), " \t\r\n=!,", c->name);
	if (!at || !*c->name)
		return NULL;
	strcpy(c->value, "yes");
	c->is_unequal = *at == '!';
	if (c->is_unequal && at[1] != '=')
		return NULL;
	if (*at == '=' || *at == '!') {
		at = skip(at + 1 + c->is_unequal);
		*c->value = '\0';
		if (*at && (isalnum((unsigned char)*at) || strchr("'\"+-", *at)))
			at = word(at, " \t\r\n,", c->value);
	}
	if (!at || (*at && *at != ','))
		return NULL;
	return at + (*at == ',');
}

/* Finds the property's value. If it is not defined, returns false and the value "no". */
static bool value_of(const char *definition, const char *name, char value[MAX_TEXT])
{
	struct clause c;

	strcpy(value, "no");
	while (definition && *definition) {
		definition = clause(definition, &c);
		if (!definition || strcasecmp(c.name, name) != 0)
			continue;
		strcpy(value, c.value);
		return true;
	}
	return false;
}

static bool is_number(const char *text, long long *value)
{
	char *end;

	*value = strtoll(text, &end, 0);
	return *text && !*end;
}

/* Compares numbers by value, in any base. */
static bool same(const char *a, const char *b)
{
	long long x, y;

	if (is_number(a, &x) && is_number(b, &y))
		return x == y;
	return strcasecmp(a, b) == 0;
}

/* A number matches nothing that is not defined, not even with "!=". */
static bool fits(const struct clause *c, const char *definition)
{
	char value[MAX_TEXT];
	long long number;

	if (!value_of(definition, c->name, value) && is_number(c->value, &number))
		return false;
	return same(value, c->value) != c->is_unequal;
}

int properties_fit(const char *query, const char *definition)
{
	struct clause c;
	int count = 0;

	while (query && *query) {
		query = clause(query, &c);
		if (!query)
			return 0;
		if (c.is_override)
			continue;
		if (fits(&c, definition))
			count++;
		else if (!c.is_optional)
			return -1;
	}
	return count;
}
