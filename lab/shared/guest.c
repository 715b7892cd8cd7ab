/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/shared: what a guest says of itself, in words and numbers.
 */
#include <string.h>

#include "generators.h"
#include "host/host.h"
#include "inside.h"

#define MOST_ERRNO 4095

/* Copy a text of size bytes once; cut it off if it has no end. Return whether it had one. */
static bool load_text(char *to, const volatile char *from, size_t size)
{
	load_bytes(to, from, size);
	bool ends = memchr(to, '\0', size);

	to[size - 1] = '\0';
	return ends;
}

void shared_words(const struct shared *s, struct guest_words *w)
{
	load_text(w->release, s->memory->release, sizeof(w->release));
	load_text(w->error, s->memory->error, sizeof(w->error));
	load_text(w->log, s->memory->log, sizeof(w->log));
	clean_line(w->release);
	clean_text(w->error);
	clean_text(w->log);
}

struct text {
	const char *name;
	char *to;
	const volatile char *from;
	size_t size;
	bool lines;
};

#define TEXT(field)                                                                                \
	{                                                                                          \
#field, r->field, m->field, sizeof(m->field), false                                \
	}
#define SAME(field)                                                                                \
	_Static_assert(sizeof(((struct guest_report *)0)->field) ==                                \
			       sizeof(((struct lab_exchange *)0)->field),                          \
		       "a copy has the size of the original")

SAME(release);
SAME(clock);
SAME(guid_text);
SAME(memory);
SAME(event);
SAME(complaint);
SAME(log);
SAME(id);
SAME(guid);

static int load_texts(const struct shared *s, struct guest_report *r)
{
	const volatile struct lab_exchange *m = s->memory;
	const struct text texts[] = {
		TEXT(release),
		TEXT(clock),
		TEXT(guid_text),
		TEXT(memory),
		TEXT(event),
		TEXT(complaint),
		{"log", r->log, m->log, sizeof(r->log), true},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		const struct text *t = &texts[i];

		if (!load_text(t->to, t->from, t->size))
			return lab_fail(LAB_EXIT_GUEST,
					"guest %s: reports a text without an end (%s)", s->name,
					t->name);
		t->lines ? clean_text(t->to) : clean_line(t->to);
	}
	return 0;
}

struct number {
	const char *name;
	uint64_t value, most;
	bool time; /* may be LAB_NEVER */
};

static int check_numbers(const struct shared *s, const struct number *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct number *n = &numbers[i];

		if (n->value > n->most && !(n->time && n->value == LAB_NEVER))
			return lab_fail(LAB_EXIT_GUEST,
					"guest %s: reports %llu as %s where at most %llu can be",
					s->name, (unsigned long long)n->value, n->name,
					(unsigned long long)n->most);
	}
	return 0;
}

#define SMALL(field, most)                                                                         \
	{                                                                                          \
#field, r->field, most, false                                                      \
	}
#define COUNT(field)                                                                               \
	{                                                                                          \
#field, r->field, INT64_MAX, false                                                 \
	}
#define TIME(field)                                                                                \
	{                                                                                          \
#field, r->field, INT64_MAX, true                                                  \
	}

/* INT64_MAX is the most that the results' file can hold. */
static int check(const struct shared *s, const struct guest_report *r)
{
	const struct number numbers[] = {
		SMALL(generators, (1u << LAB_GENERATORS) - 1),
		SMALL(builtin, LAB_BUILTIN_BOUND),
		SMALL(refused, MOST_ERRNO),
		TIME(resume_within_ns),
		TIME(rekeyed_ns),
		TIME(woken_ns),
		TIME(announced_ns),
		TIME(logged_ns),
		COUNT(changes),
		COUNT(spurious),
		COUNT(rekeys),
		COUNT(rekey_failures),
		COUNT(acpi_events),
	};

	return check_numbers(s, numbers, sizeof(numbers) / sizeof(*numbers));
}

int shared_report(const struct shared *s, struct guest_report *r)
{
	const volatile struct lab_exchange *m = s->memory;

	*r = (struct guest_report){
		.device = load_u32(&m->device) != 0,
		.has_guid = load_u64(&m->guid_size) == sizeof(r->guid),
		.generators = load_u32(&m->generators),
		.builtin = load_u32(&m->builtin),
		.refused = load_u32(&m->refused),
		.resume_within_ns = load_u64(&m->resume_within_ns),
		.rekeyed_ns = load_u64(&m->rekeyed_ns),
		.woken_ns = load_u64(&m->woken_ns),
		.announced_ns = load_u64(&m->announced_ns),
		.logged_ns = load_u64(&m->logged_ns),
		.changes = load_u64(&m->changes),
		.spurious = load_u64(&m->spurious),
		.rekeys = load_u64(&m->rekeys),
		.rekey_failures = load_u64(&m->rekey_failures),
		.acpi_events = load_u64(&m->acpi_events),
	};
	load_bytes(r->id, m->id, sizeof(r->id));
	load_bytes(r->guid, m->guid, sizeof(r->guid));
	int code = load_texts(s, r);

	return code ? code : check(s, r);
}
