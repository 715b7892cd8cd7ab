/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd/hooks: the hooks that have not done their work, and when each is run again. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "hooks.h"

#define FIRST_PAUSE_MS 10000
#define LAST_PAUSE_MS 3600000

int64_t owed_pause_ms(uint64_t attempts)
{
	int64_t pause = FIRST_PAUSE_MS;

	for (uint64_t i = 1; i < attempts && pause < LAST_PAUSE_MS; i++)
		pause *= 2;
	return pause < LAST_PAUSE_MS ? pause : LAST_PAUSE_MS;
}

struct owed *owed_find(struct state *s, const char *name)
{
	for (size_t i = 0; i < s->owed_count; i++) {
		if (!strcmp(s->owed[i].name, name))
			return &s->owed[i];
	}
	return NULL;
}

static struct owed *add(struct state *s, const char *name)
{
	struct owed *o = owed_find(s, name);

	if (o)
		return o;
	if (s->owed_count == STATE_OWED) {
		say_log("more than %d hooks have failed: vmgenc hooks --retry will not know %s",
			STATE_OWED, name);
		return NULL;
	}
	o = &s->owed[s->owed_count++];
	memset(o, 0, sizeof(*o));
	snprintf(o->name, sizeof(o->name), "%s", name);
	return o;
}

void owed_note(struct state *s, const char *name, const struct round *round, bool safe,
	       const char *reason)
{
	struct owed *o = add(s, name);

	if (!o)
		return;
	o->attempts = o->generation == round->generation ? o->attempts + 1 : 1;
	o->generation = round->generation;
	o->why = round->why;
	/* What was to be done for a copy stays to be done for a copy. */
	o->copy = o->copy == COPY_YES ? COPY_YES : round->copy;
	o->safe = safe;
	snprintf(o->reason, sizeof(o->reason), "%s", reason);
	o->next = 0;
	o->due_ms = 0;
	if (safe) {
		o->due_ms = now_ms() + owed_pause_ms(o->attempts);
		o->next = (int64_t)time(NULL) + owed_pause_ms(o->attempts) / 1000;
	}
}

void owed_drop(struct state *s, const char *name)
{
	struct owed *o = owed_find(s, name);
	size_t after;

	if (!o)
		return;
	after = (size_t)(&s->owed[s->owed_count] - (o + 1));
	memmove(o, o + 1, after * sizeof(*o));
	s->owed_count--;
	memset(&s->owed[s->owed_count], 0, sizeof(*o));
}

int64_t owed_due_ms(const struct state *s)
{
	int64_t due = -1;

	for (size_t i = 0; i < s->owed_count; i++) {
		const struct owed *o = &s->owed[i];

		if (o->safe && (due < 0 || o->due_ms < due))
			due = o->due_ms;
	}
	return due;
}

int owed_say(const struct state *s, const char *only)
{
	int code = EXIT_YES;

	for (size_t i = 0; i < s->owed_count; i++) {
		const struct owed *o = &s->owed[i];

		if (*only && strcmp(o->name, only))
			continue;
		say_log("generation %" PRIu64 ": %s %s", o->generation, o->name, o->reason);
		code = EXIT_NO;
	}
	return code;
}
