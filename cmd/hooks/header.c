/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd/hooks: what a hook says of itself in a line of its own, "# vmgenc-hook: when=change". */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hooks.h"

#define MARK "# vmgenc-hook:"
#define HEADER_MAX 4096 /* of the script, within which the line must end */

static bool take_when(const char *value, struct header *h)
{
	if (!strcmp(value, "change"))
		h->when = WHEN_CHANGE;
	else if (!strcmp(value, "running"))
		h->when = WHEN_RUNNING;
	else if (!strcmp(value, "new-machine"))
		h->when = WHEN_NEW_MACHINE;
	else
		return false;
	return true;
}

static bool take_timeout(const char *value, struct header *h)
{
	double seconds = strtod(value, NULL);

	if (!*value || strspn(value, "0123456789.") != strlen(value) || !isfinite(seconds) ||
	    seconds <= 0 || seconds > 86400)
		return false;
	h->timeout_ms = (int64_t)(seconds * 1000);
	return true;
}

static bool take_scratch(const char *value, struct header *h)
{
	if (*value != '/' || strlen(value) >= sizeof(h->scratch))
		return false;
	memcpy(h->scratch, value, strlen(value) + 1);
	return true;
}

static bool take_retry(const char *value, struct header *h)
{
	h->safe = !strcmp(value, "safe");
	return h->safe || !strcmp(value, "never");
}

static const struct {
	const char *name;
	bool (*take)(const char *value, struct header *h);
	const char *takes;
} words[] = {
	{"when", take_when, "change, running or new-machine"},
	{"retry", take_retry, "safe or never"},
	{"timeout", take_timeout, "seconds, up to 86400"},
	{"scratch", take_scratch, "the absolute name of a directory"},
};

static int take_word(char *word, struct header *h, char *why, size_t size)
{
	char *value = strchr(word, '=');

	if (value)
		*value++ = '\0';
	for (size_t i = 0; value && i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(word, words[i].name))
			continue;
		if (words[i].take(value, h))
			return 0;
		snprintf(why, size, "its line \"" MARK "\" says %s=%.60s, which is not %s", word,
			 value, words[i].takes);
		return -1;
	}
	snprintf(why, size,
		 "its line \"" MARK "\" says %.60s, which is none of when=, retry=, "
		 "timeout= and scratch=",
		 word);
	return -1;
}

static int take_line(char *line, struct header *h, char *why, size_t size)
{
	char *word;

	for (char *c = line; *c; c++) {
		if (isspace((unsigned char)*c))
			*c = ' ';
	}
	while ((word = strsep(&line, " ")) != NULL) {
		if (*word && take_word(word, h, why, size))
			return -1;
	}
	return 0;
}

int header_read(int fd, struct header *h, char *why, size_t size)
{
	char text[HEADER_MAX + 1], *line, *rest = text;
	ssize_t n = pread(fd, text, HEADER_MAX, 0);

	memset(h, 0, sizeof(*h));
	h->timeout_ms = -1;
	if (n < 0) {
		snprintf(why, size, "it cannot be read: %s", strerror(errno));
		return -1;
	}
	text[n] = '\0';
	if (strncmp(text, "#!", 2))
		return 0; /* no script: it says nothing */
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (strncmp(line, MARK, strlen(MARK)))
			continue;
		if (!rest && n == HEADER_MAX) {
			snprintf(why, size,
				 "its line \"" MARK "\" is not within the first %d bytes",
				 HEADER_MAX);
			return -1;
		}
		return take_line(line + strlen(MARK), h, why, size);
	}
	return 0;
}

bool header_wants(const struct header *h, enum why why, enum copy copy)
{
	if (h->when == WHEN_CHANGE)
		return true;
	if (h->when == WHEN_RUNNING)
		return why == WHY_CHANGE;
	return copy == COPY_YES; /* one that says nothing may replace an identity */
}
