/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd/hooks: the record of vmgenc hooks as JSON. Version 1 is vmgenc 0.1's: it has no machine,
 * and only counts the hooks that failed. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "state.h"

#define STATE_VERSION 2
#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

static const char *const whys[] = {
	[WHY_CHANGE] = "change", [WHY_BOOT] = "boot", [WHY_NEW_MACHINE] = "new-machine"};
static const char *const copies[] = {
	[COPY_NO] = "no", [COPY_YES] = "yes", [COPY_UNKNOWN] = "unknown"};

const char *why_name(enum why why)
{
	return whys[why];
}

const char *copy_name(enum copy copy)
{
	return copies[copy];
}

static bool copy(char *to, size_t size, const char *from)
{
	if (strlen(from) >= size)
		return false;
	memcpy(to, from, strlen(from) + 1);
	return true;
}

/* The place of a name in a list of three, or -1. */
static int place(const char *const names[3], const char *name)
{
	for (int i = 0; i < 3; i++) {
		if (!strcmp(names[i], name))
			return i;
	}
	return -1;
}

static bool take_kind(const char *why, const char *is_copy, enum why *w, enum copy *c)
{
	int a = place(whys, why), b = place(copies, is_copy);

	*w = a < 0 ? WHY_CHANGE : (enum why)a;
	*c = b < 0 ? COPY_UNKNOWN : (enum copy)b;
	return a >= 0 && b >= 0;
}

static bool take_owed(json_t *from, struct owed *o)
{
	const char *name, *why, *is_copy, *reason;
	json_int_t generation, attempts, next;
	int safe;

	if (json_unpack(from, "{s:s,s:I,s:s,s:s,s:b,s:s,s:I,s:I}", "name", &name, "generation",
			&generation, "why", &why, "copy", &is_copy, "safe", &safe, "reason",
			&reason, "attempts", &attempts, "next", &next))
		return false;
	o->generation = (uint64_t)generation;
	o->attempts = (uint64_t)attempts;
	o->next = next;
	o->safe = safe;
	return take_kind(why, is_copy, &o->why, &o->copy) && copy(o->name, sizeof(o->name), name) &&
	       copy(o->reason, sizeof(o->reason), reason);
}

static bool take_machine(json_t *from, struct machine *m)
{
	const char *uuid, *instance, *said;
	json_t *macs, *mac;
	int xen, stayed;
	size_t i;

	if (json_unpack(from, "{s:s,s:o,s:s,s:s,s:b,s:b}", "uuid", &uuid, "macs", &macs, "instance",
			&instance, "said", &said, "xen", &xen, "stayed", &stayed) ||
	    !json_is_array(macs) || json_array_size(macs) > MACHINE_MACS)
		return false;
	m->xen = xen;
	m->stayed = stayed;
	json_array_foreach(macs, i, mac)
	{
		if (!json_is_string(mac) || !*json_string_value(mac) ||
		    !copy(m->macs[i], sizeof(m->macs[i]), json_string_value(mac)))
			return false;
	}
	return copy(m->uuid, sizeof(m->uuid), uuid) &&
	       copy(m->instance, sizeof(m->instance), instance) &&
	       copy(m->said, sizeof(m->said), said);
}

/* What came with version 2. */
static bool take_more(json_t *root, struct state *s)
{
	const char *why, *is_copy, *doubt, *scratch, *directory;
	json_t *machine, *owed, *one;
	int safe;
	size_t i;

	if (json_unpack(root, "{s:s,s:s,s:b,s:s,s:s,s:s,s:o,s:o}", "why", &why, "copy", &is_copy,
			"safe", &safe, "doubt", &doubt, "scratch", &scratch, "directory",
			&directory, "machine", &machine, "owed", &owed) ||
	    !json_is_array(owed) || json_array_size(owed) > STATE_OWED)
		return false;
	s->safe = safe;
	json_array_foreach(owed, i, one)
	{
		if (!take_owed(one, &s->owed[i]))
			return false;
		s->owed_count++;
	}
	return take_kind(why, is_copy, &s->why, &s->copy) &&
	       copy(s->doubt, sizeof(s->doubt), doubt) &&
	       copy(s->scratch, sizeof(s->scratch), scratch) &&
	       copy(s->directory, sizeof(s->directory), directory) &&
	       take_machine(machine, &s->machine);
}

/* The one failure that version 1 names: "generation N: HOOK what it did". */
static void carry_failure(struct state *s)
{
	struct owed *o = &s->owed[0];
	char name[STATE_NAME];
	uint64_t generation;
	int at = 0;

	if (sscanf(s->last_failure, "generation %" SCNu64 ": %255s %n", &generation, name, &at) <
		    2 ||
	    !at || strspn(name, NAME_CHARACTERS) != strlen(name))
		return;
	*o = (struct owed){.generation = generation, .copy = COPY_UNKNOWN, .attempts = 1};
	memcpy(o->name, name, strlen(name) + 1);
	snprintf(o->reason, sizeof(o->reason), "%.150s", s->last_failure + at);
	for (char *c = o->reason; *c; c++)
		*c = *c >= ' ' && *c <= '~' ? *c
					    : '?'; /* it may have been cut within a character */
	s->owed_count = 1;
}

/* Version 1 does not say whether this is a copy, so a run under way replaces no identity. */
static void carry_over(struct state *s)
{
	s->why = WHY_BOOT;
	s->copy = s->under_way ? COPY_UNKNOWN : COPY_NO;
	if (s->under_way)
		copy(s->doubt, sizeof(s->doubt), "vmgenc 0.1 began this generation");
	carry_failure(s);
}

static int unpack(json_t *root, struct state *s, char *why, size_t size)
{
	const char *boot, *id, *hook, *failure;
	json_int_t n[8];
	int under_way, started, version = 0;
	json_error_t error;

	if (!json_unpack(root, "{s:i}", "version", &version) && version > STATE_VERSION) {
		snprintf(why, size, "is of version %d, which a newer vmgenc wrote", version);
		return -EPROTO;
	}
	if (json_unpack_ex(root, &error, 0,
			   "{s:i,s:s,s:I,s:I,s:I,s:s,s:b,s:b,s:s,s:I,s:I,s:I,s:I,s:I,s:s}",
			   "version", &version, "boot", &boot, "generation", &n[0], "previous",
			   &n[1], "changed_ns", &n[2], "id", &id, "under_way", &under_way,
			   "started", &started, "hook", &hook, "changes", &n[3], "runs", &n[4],
			   "failures", &n[5], "interrupted", &n[6], "passed_over", &n[7],
			   "last_failure", &failure)) {
		snprintf(why, size, "is no state of vmgenc hooks: %s", error.text);
		return -EINVAL;
	}
	s->known = true;
	s->generation = (uint64_t)n[0];
	s->previous = (uint64_t)n[1];
	s->changed_ns = (uint64_t)n[2];
	s->under_way = under_way;
	s->started = started;
	s->changes = (uint64_t)n[3];
	s->runs = (uint64_t)n[4];
	s->failures = (uint64_t)n[5];
	s->interrupted = (uint64_t)n[6];
	s->passed_over = (uint64_t)n[7];
	if (version < 1 || !copy(s->boot, sizeof(s->boot), boot) ||
	    !copy(s->id, sizeof(s->id), id) || !copy(s->hook, sizeof(s->hook), hook) ||
	    !copy(s->last_failure, sizeof(s->last_failure), failure) ||
	    (version > 1 && !take_more(root, s))) {
		snprintf(why, size,
			 "is no state of vmgenc hooks: something is missing, or is too long");
		return -EINVAL;
	}
	if (version == 1)
		carry_over(s);
	return 0;
}

int state_parse(const char *text, size_t size, struct state *s, char *why, size_t why_size)
{
	json_error_t error;
	json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
	int result = -EINVAL;

	memset(s, 0, sizeof(*s));
	if (!root)
		snprintf(why, why_size, "is no state of vmgenc hooks: line %d: %s", error.line,
			 error.text);
	else
		result = unpack(root, s, why, why_size);
	if (result)
		memset(s, 0, sizeof(*s));
	json_decref(root);
	return result;
}

/* JSON is UTF-8, but a path or a file's text need not be. Text that is not is left out. */
static json_t *words_of(const char *s)
{
	json_t *j = json_string(s);

	return j ? j : json_string("");
}

static json_t *print_owed(const struct state *s)
{
	json_t *all = json_array();

	for (size_t i = 0; i < s->owed_count; i++) {
		const struct owed *o = &s->owed[i];

		if (json_array_append_new(
			    all, json_pack("{s:s,s:I,s:s,s:s,s:b,s:o,s:I,s:I}", "name", o->name,
					   "generation", (json_int_t)o->generation, "why",
					   whys[o->why], "copy", copies[o->copy], "safe", o->safe,
					   "reason", words_of(o->reason), "attempts",
					   (json_int_t)o->attempts, "next", (json_int_t)o->next))) {
			json_decref(all);
			return NULL;
		}
	}
	return all;
}

static json_t *print_machine(const struct machine *m)
{
	json_t *macs = json_array();

	for (int i = 0; i < MACHINE_MACS && *m->macs[i]; i++) {
		if (json_array_append_new(macs, json_string(m->macs[i]))) {
			json_decref(macs);
			return NULL;
		}
	}
	return json_pack("{s:s,s:o,s:o,s:o,s:b,s:b}", "uuid", m->uuid, "macs", macs, "instance",
			 words_of(m->instance), "said", words_of(m->said), "xen", m->xen, "stayed",
			 m->stayed);
}

char *state_print(const struct state *s)
{
	json_t *root = json_pack(
		"{s:i,s:s,s:I,s:I,s:I,s:s,s:b,s:b,s:s,s:I,s:I,s:I,s:I,s:I,s:o,"
		"s:s,s:s,s:b,s:o,s:o,s:o,s:o,s:o}",
		"version", STATE_VERSION, "boot", s->boot, "generation", (json_int_t)s->generation,
		"previous", (json_int_t)s->previous, "changed_ns", (json_int_t)s->changed_ns, "id",
		s->id, "under_way", s->under_way, "started", s->started, "hook", s->hook, "changes",
		(json_int_t)s->changes, "runs", (json_int_t)s->runs, "failures",
		(json_int_t)s->failures, "interrupted", (json_int_t)s->interrupted, "passed_over",
		(json_int_t)s->passed_over, "last_failure", words_of(s->last_failure), "why",
		whys[s->why], "copy", copies[s->copy], "safe", s->safe, "doubt", words_of(s->doubt),
		"scratch", words_of(s->scratch), "directory", words_of(s->directory), "machine",
		print_machine(&s->machine), "owed", print_owed(s));
	char *text = root ? json_dumps(root, JSON_INDENT(1)) : NULL;

	json_decref(root);
	return text;
}
