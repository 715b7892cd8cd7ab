/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd/hooks: decides what the generation in force means for this machine: nothing new, a boot, a
 * change while it ran, or a copy. vmgenc(8) has the table. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hooks.h"

static bool same_boot(const struct service *s)
{
	return *s->boot && !strcmp(s->boot, s->state.boot);
}

/*
 * The id tells generations apart, across boots too. Within a boot the counter also tells when
 * the machine came back to an id that it had before; after one, it starts again.
 */
static bool is_new(const struct service *s)
{
	char id[37];

	id_text(s->now.id, id);
	if (is_vmclock(&s->now) || !strcmp(id, s->state.id))
		return same_boot(s)
			       ? s->now.generation > s->state.generation
			       : is_vmclock(&s->now) && s->now.generation != s->state.generation;
	return true;
}

/* Includes a change before this service was started: the driver counts them since the boot. */
static bool while_running(const struct service *s)
{
	return s->serving || same_boot(s) || (!is_vmclock(&s->now) && s->now.changes > 0);
}

void decide_record(struct service *s)
{
	s->state.known = true;
	s->state.generation = s->now.generation;
	s->state.changed_ns = s->now.changed_ns;
	id_text(s->now.id, s->state.id);
	memcpy(s->state.boot, s->boot, sizeof(s->boot));
	memcpy(s->state.directory, s->directory, sizeof(s->directory));
}

static void say(const struct service *s, const char *why)
{
	const struct state *st = &s->state;

	if (st->why == WHY_CHANGE)
		say_log("generation %" PRIu64 " began while this machine ran: it is %s: %s",
			s->now.generation,
			st->copy == COPY_YES  ? "a copy"
			: st->copy == COPY_NO ? "the same machine, rolled back"
					      : "not known whether it is a copy",
			why);
	else if (st->copy == COPY_UNKNOWN)
		say_log("generation %" PRIu64 " began with a boot; whether this is a copy is not "
			"known, so no identity is replaced: %s",
			s->now.generation, why);
	else
		say_log("generation %" PRIu64 " began with a boot of %s: %s", s->now.generation,
			st->copy == COPY_YES ? "a copy" : "the same machine", why);
}

/* How the machine compares with the record, and what the administrator says about it. */
struct evidence {
	struct machine now;
	struct said said;
	bool silent; /* the administrator says something that is not understood */
	enum copy copy;
	char why[STATE_WHY + 64];
};

static void gather(const struct service *s, struct evidence *e)
{
	char why[STATE_WHY] = "";

	e->silent = said_read(s->args->root, &e->said, why, sizeof(why)) != 0;

	machine_read(s->args->root, &e->now);
	memcpy(e->now.said, e->said.identity, sizeof(e->now.said));
	e->copy = machine_compare(&s->state.machine, &e->now, e->why, sizeof(e->why));
	if (!e->silent)
		return;
	e->copy = COPY_UNKNOWN;
	snprintf(e->why, sizeof(e->why), "%s%s is not understood, since %s", s->args->root,
		 VMGENC_MACHINE, why);
	say_log("%s", e->why);
}

/*
 * A change while running is a clone or a rollback. What was read at the boot came back with the
 * memory in both, so only a UUID that the host gives now, or the administrator, tells them apart.
 */
static enum copy judge_change(struct evidence *e)
{
	if (e->copy == COPY_YES)
		return COPY_YES;
	if (e->said.change != CHANGE_UNSAID) {
		snprintf(e->why, sizeof(e->why), VMGENC_MACHINE " says so");
		return e->said.change == CHANGE_COPY ? COPY_YES : COPY_NO;
	}
	if (e->now.live && e->copy == COPY_NO) {
		snprintf(e->why, sizeof(e->why), "its host gives it the same product UUID now");
		return COPY_NO;
	}
	snprintf(e->why, sizeof(e->why),
		 "a rollback looks the same; change=rollback in " VMGENC_MACHINE " declares one");
	return COPY_YES;
}

static enum copy judge(const struct service *s, struct evidence *e)
{
	return e->silent || !while_running(s) ? e->copy : judge_change(e);
}

/* Neither the record nor its copy is there. What came before it was lost with them. */
static void doubt_first(struct service *s)
{
	if (is_vmclock(&s->now) || !s->now.changes)
		return;
	snprintf(
		s->state.doubt, sizeof(s->state.doubt),
		"there was no record, and this machine was cloned or restored since it was booted");
	say_log("%s: if it is a copy, vmgenc hooks --new-machine", s->state.doubt);
}

bool decide_anew(struct service *s, bool *changed)
{
	bool first = !s->state.known, fresh = !first && is_new(s);
	struct machine before = s->state.machine;
	struct state *st = &s->state;
	struct evidence e;
	bool anew;

	if (first)
		doubt_first(s);
	gather(s, &e);
	anew = fresh || (!first && e.copy == COPY_YES);
	if (anew) {
		st->copy = judge(s, &e);
		st->why = fresh && while_running(s) ? WHY_CHANGE
			  : st->copy == COPY_YES    ? WHY_NEW_MACHINE
						    : WHY_BOOT;
		snprintf(st->doubt, sizeof(st->doubt), "%.*s", STATE_REASON - 1,
			 st->copy == COPY_UNKNOWN ? e.why : "");
		say(s, e.why);
	}
	machine_keep(&st->machine, &e.now, fresh && !while_running(s));
	*changed = memcmp(&before, &st->machine, sizeof(before)) != 0;
	return anew;
}

void decide_new_machine(struct service *s)
{
	s->state.why = WHY_NEW_MACHINE;
	s->state.copy = COPY_YES;
	s->state.doubt[0] = '\0';
	s->state.previous = s->state.generation;
	s->state.under_way = true;
	s->state.hook[0] = '\0';
}
