/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/matrix: tries each hypervisor's firmware with each guest: busy, with the module's default
 * parameters; idle, with only the notification or only the slow look; and with the kernel's own
 * driver.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "host/host.h"
#include "hypervisor/hypervisor.h"
#include "matrix.h"

/* The interval between an idle guest's draws. They outlast a slow look or notification. */
#define IDLE_INTERVAL_MS 20
#define IDLE_DRAWS 100
#define BUSY_DRAWS 2000
#define SECONDS 30

struct attempt {
	const struct matrix_options *options;
	struct guest *guest;
	struct matrix_row *row;
};

static struct prove_options options_for(const struct attempt *a)
{
	struct prove_options o = *a->options->prove;

	memset(o.generators, 0, sizeof(o.generators));
	o.guests = a->guest;
	o.guest_count = 1;
	o.shape = a->row->shape;
	o.clones = 2;
	o.at_once = 1;
	o.runs = o.depth = 1;
	o.same_id = false;
	o.seconds = SECONDS;
	o.draws = BUSY_DRAWS;
	o.interval = 0;
	return o;
}

static bool is_right(const struct guest_device *s)
{
	return !memcmp(s->id, s->given.bytes, ID_SIZE) && !strcmp(s->guid, s->given.guid);
}

static bool is_rekeyed(const struct clone *c)
{
	return c->rekeyed_ns != LAB_NEVER && c->rekeys > 1 && !c->rekey_failures;
}

static void __attribute__((format(printf, 2, 3)))
add_note(struct matrix_row *row, const char *format, ...)
{
	size_t used = strlen(row->note);
	va_list args;

	if (used && used + 3 < sizeof(row->note))
		used += (size_t)sprintf(row->note + used, "; ");
	va_start(args, format);
	vsnprintf(row->note + used, sizeof(row->note) - used, format, args);
	va_end(args);
}

static void take_tally(struct tally *t, const struct result *r)
{
	t->made = r->possible;
	t->identical = r->found.identical;
	t->drawn = r->found.drawn;
}

static bool is_memory(enum shape_where where, const char *name)
{
	switch (where) {
	case WHERE_RESERVED:
	case WHERE_HIGH:
		return !strcmp(name, "Reserved");
	case WHERE_NVS:
		return !strcmp(name, "ACPI Non-volatile Storage");
	default:
		return !*name;
	}
}

/* A page with other data of the firmware must not be mappable by everyone. */
static bool is_placed(const struct shape *s, const struct guest_device *seen)
{
	return seen->address == seen->placed && is_memory(s->where, seen->memory) &&
	       !strcmp(seen->raw, s->shared ? "CAP_SYS_RAWIO" : "everyone");
}

/* All clones must be as expected. */
static void take_clones(struct matrix_row *row, const struct result *r)
{
	for (size_t i = 0; i < r->clone_count; i++) {
		const struct clone *c = &r->clones[i];

		row->found &= c->seen.found;
		row->address = c->seen.address;
		snprintf(row->memory, sizeof(row->memory), "%s", c->seen.memory);
		row->placed &= is_placed(row->shape, &c->seen);
		row->order &= is_right(&c->seen);
		row->rekeyed &= is_rekeyed(c);
	}
	if (r->clone_count && r->clones[0].seen.refused)
		add_note(row, "the kernel refused the module: %s",
			 strerror(r->clones[0].seen.refused));
}

static void begin_ours(struct matrix_row *row)
{
	row->ours = row->ok = row->found = row->placed = row->order = row->rekeyed = true;
}

/* Busy: with the default parameters, every draw looks first. */
static int busy(struct attempt *a)
{
	struct prove_options o = options_for(a);
	struct matrix_row *row = a->row;
	struct results all;

	o.generators[LAB_GETRANDOM] = o.generators[LAB_GUARDED] = true;
	int code = prove_quietly(&o, &all);

	for (size_t i = 0; i < all.count && !code; i++) {
		const struct result *r = &all.list[i];

		take_tally(r->generator == LAB_GUARDED ? &row->guarded : &row->getrandom, r);
		take_clones(row, r);
	}
	results_free(&all);
	return code;
}

static bool notifies(const struct matrix_row *row)
{
	return row->shape->notify != NOTIFY_NONE;
}

/* idle() turns the look off if the hypervisor notifies. */
static enum noticed expected_notice(const struct matrix_row *row)
{
	return notifies(row) ? NOTICED_NOTIFICATION : NOTICED_LOOK;
}

/* An ACPI interrupt must follow the resume if the hypervisor raises one, and only then. */
static void take_notification(struct matrix_row *row, const struct clone *c, bool first)
{
	bool noticed = c->rekeyed_ns != LAB_NEVER && c->changes == 1;
	bool notified = c->seen.events != 0;
	char after[LAB_TIME_SIZE];

	if (first)
		row->noticed = expected_notice(row);
	if (!noticed)
		row->noticed = NOTICED_NO;
	if (first && noticed && !notifies(row))
		add_note(row, "the look found it after %s",
			 lab_time((double)c->rekeyed_ns / 1e9, after));
	if (first && notified != notifies(row))
		add_note(row, notified ? "notified, but this hypervisor never notifies"
				       : "not notified");
	row->ok &= notified == notifies(row);
}

static void take_idle(struct matrix_row *row, const struct result *r)
{
	if (r->generator == LAB_GUARDED) {
		take_tally(&row->guarded, r);
		return;
	}
	take_clones(row, r);
	for (size_t i = 0; i < r->clone_count; i++)
		take_notification(row, &r->clones[i], i == 0);
}

/*
 * Idle: no draw looks and only guarded programs ask, so the slow look is what detects the change.
 * If the hypervisor notifies, turn the slow look off, so that only the notification can.
 */
static int idle(struct attempt *a)
{
	struct prove_options o = options_for(a);
	char args[300];
	struct results all;

	snprintf(args, sizeof(args), "%s draws=0%s", o.module_args,
		 notifies(a->row) ? " look_ms=0" : "");
	o.module_args = args;
	o.generators[LAB_UNGUARDED] = true;
	o.generators[LAB_GUARDED] = a->options->brief;
	o.interval = IDLE_INTERVAL_MS;
	o.draws = IDLE_DRAWS;
	int code = prove_quietly(&o, &all);

	for (size_t i = 0; i < all.count && !code; i++)
		take_idle(a->row, &all.list[i]);
	results_free(&all);
	return code;
}

static void judge_ours(struct matrix_row *row, const struct matrix_options *o)
{
	row->ok &= row->found && row->placed && row->order && row->rekeyed;
	row->ok &= row->noticed == expected_notice(row);
	row->ok &= o->brief || (row->getrandom.made && row->getrandom.identical <= o->prove->cpus);
	row->ok &= row->guarded.made && !row->guarded.identical;
	if (row->found && !row->placed)
		add_note(row, "the page has the wrong address or is open to the wrong programs");
	if (row->found && !row->placed && row->memory[0])
		add_note(row, "its memory is %s", row->memory);
}

static int try_ours(struct attempt *a)
{
	int code = 0;

	begin_ours(a->row);
	if (!a->options->brief)
		code = busy(a);
	if (!code && a->row->found)
		code = idle(a);
	judge_ours(a->row, a->options);
	return code;
}

static void take_builtin(struct matrix_row *row, const struct result *r)
{
	row->found = row->rekeyed = true;
	row->noticed = NOTICED_NOTIFICATION;
	for (size_t i = 0; i < r->clone_count; i++) {
		const struct clone *c = &r->clones[i];

		row->found &= c->seen.builtin == LAB_BUILTIN_BOUND;
		row->rekeyed &= c->logged_ns != LAB_NEVER;
		if (c->seen.builtin == LAB_BUILTIN_NONE && !i)
			add_note(row, "this kernel has no driver");
	}
	if (!row->rekeyed)
		row->noticed = NOTICED_NO;
	take_tally(&row->getrandom, r);
}

/* The kernel's own driver looks only when notified, and logs only then. */
static int try_builtin(struct attempt *a)
{
	struct prove_options o = options_for(a);
	struct guest plain = *a->guest;
	struct matrix_row *row = a->row;
	struct results all;

	plain.module = NULL;
	o.guests = &plain;
	o.generators[LAB_GETRANDOM] = true;
	o.interval = IDLE_INTERVAL_MS;
	o.draws = IDLE_DRAWS;
	int code = prove_quietly(&o, &all);

	if (!code) {
		take_builtin(row, &all.list[0]);
		snprintf(a->guest->release, sizeof(a->guest->release), "%s", plain.release);
	}
	row->ok = !row->note[0] ? row->found == row->shape->builtin_binds : !row->found;
	results_free(&all);
	return code;
}

static int try_one(const struct matrix_options *o, struct guest *guest, const struct shape *s,
		   struct matrix *m)
{
	struct attempt a = {.options = o, .guest = guest};
	int code = 0;

	int last = o->brief && guest->module;

	for (int ours = guest->module != NULL; ours >= last && !code; ours--) {
		a.row = &m->rows[m->count++];
		a.row->shape = s;
		code = ours ? try_ours(&a) : try_builtin(&a);
		snprintf(a.row->release, sizeof(a.row->release), "%s", guest->release);
	}
	return code;
}

static int try_all(const struct matrix_options *o, struct matrix *m)
{
	int code = 0;

	for (size_t g = 0; g < o->prove->guest_count && !code; g++) {
		for (size_t s = 0; s < shape_count && !code; s++) {
			if (o->shapes[s])
				code = try_one(o, &o->prove->guests[g], &shapes[s], m);
		}
	}
	return code;
}

static int verdict(const struct matrix *m)
{
	size_t ours = 0, bad = 0;

	for (size_t i = 0; i < m->count; i++) {
		ours += m->rows[i].ours;
		bad += m->rows[i].ours && !m->rows[i].ok;
	}
	if (!ours)
		printf("Nothing judged: no guest had a vmgenc module to judge.\n");
	else
		printf("%s: vmgenc handled %zu of %zu hypervisors' firmware correctly.\n",
		       bad ? "NOT PROTECTED" : "PROTECTED", ours - bad, ours);
	return bad ? LAB_EXIT_IDENTICAL : LAB_EXIT_OK;
}

static int check(const struct matrix_options *o)
{
	int code = 0;

	for (size_t g = 0; g < o->prove->guest_count; g++) {
		if (o->prove->guests[g].freebsd)
			return lab_fail(LAB_EXIT_USAGE, "--firmware is for Linux guests, not %s",
					o->prove->guests[g].label);
	}
	for (size_t s = 0; s < shape_count && !code; s++) {
		if (o->shapes[s])
			code = idpage_check(o->prove->tables, &shapes[s]);
	}
	return !code && o->prove->json ? json_check(o->prove->json) : code;
}

int matrix(const struct matrix_options *o)
{
	struct matrix m = {
		.rows = calloc(2 * o->prove->guest_count * shape_count, sizeof(*m.rows))};
	double begin = lab_now();
	int code = m.rows ? check(o) : lab_fail(LAB_EXIT_ENVIRONMENT, "no memory");

	if (!code)
		code = try_all(o, &m);
	m.seconds = lab_now() - begin;
	if (!code) {
		matrix_print(&m);
		code = o->prove->json ? matrix_json(&m, o->prove->json) : 0;
		int bad = verdict(&m);

		code = code ? code : bad;
	}
	free(m.rows);
	return code;
}
