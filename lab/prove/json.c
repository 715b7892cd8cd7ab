/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/prove: writes the results as JSON. vmgenc-lab(1) documents the keys, which do not change.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/host.h"
#include "prove.h"

static json_t *optional_ns(uint64_t ns)
{
	return ns != LAB_NEVER ? json_integer((json_int_t)ns) : json_null();
}

static json_t *optional_text(const char *text)
{
	return *text ? json_string(text) : json_null();
}

static json_t *counter(const struct clone *c, uint64_t value)
{
	return c->device ? json_integer((json_int_t)value) : json_null();
}

static json_t *strip_of(const struct drawn *d)
{
	struct span *spans;
	size_t count = strip_spans(d->strip, &spans);
	json_t *list = spans ? json_array() : NULL;

	for (size_t i = 0; list && i < count; i++)
		json_array_append_new(list, json_pack("[I,I,I,I]", (json_int_t)spans[i].from_ns,
						      (json_int_t)spans[i].to_ns,
						      (json_int_t)spans[i].drawn,
						      (json_int_t)spans[i].identical));
	free(spans);
	return list;
}

static void add_draws(json_t *object, const struct drawn *d)
{
	json_object_set_new(object, "drawn", json_integer((json_int_t)d->drawn));
	json_object_set_new(object, "identical", json_integer((json_int_t)d->identical));
	json_object_set_new(object, "first_identical_ns", optional_ns(d->first_ns));
	json_object_set_new(object, "last_identical_ns",
			    optional_ns(d->identical ? d->last_ns : LAB_NEVER));
	json_object_set_new(object, "strip", strip_of(d));
}

static json_t *clone_of(const struct clone *c, const struct drawn *d)
{
	json_t *object = json_object();

	json_object_set_new(object, "start_seconds", json_real(c->start_seconds));
	json_object_set_new(object, "clock", optional_text(c->clock));
	json_object_set_new(object, "resume_within_ns", optional_ns(c->resume_within_ns));
	json_object_set_new(object, "rekeyed_ns", optional_ns(c->rekeyed_ns));
	json_object_set_new(object, "woken_ns", optional_ns(c->woken_ns));
	json_object_set_new(object, "announced_ns", optional_ns(c->announced_ns));
	json_object_set_new(object, "kernel_logged_ns", optional_ns(c->logged_ns));
	json_object_set_new(object, "changes", counter(c, c->changes));
	json_object_set_new(object, "spurious", counter(c, c->spurious));
	json_object_set_new(object, "rekeys", counter(c, c->rekeys));
	json_object_set_new(object, "rekey_failures", counter(c, c->rekey_failures));
	json_object_set_new(object, "id", json_string(c->id));
	json_object_set_new(object, "guid", optional_text(c->guid));
	json_object_set_new(object, "event", optional_text(c->event));
	json_object_set_new(object, "complaint", optional_text(c->complaint));
	add_draws(object, d);
	return object;
}

static json_t *clones_of(const struct result *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->clone_count; i++)
		json_array_append_new(list, clone_of(&r->clones[i], &r->drawn[i]));
	return list;
}

static json_t *result_of(const struct prove_options *o, const struct result *r)
{
	const struct guest *g = &o->guests[r->guest];
	json_t *object = json_pack("{s:s,s:s,s:b,s:i,s:s,s:b,s:b}", "guest", g->label, "release",
				   g->release, "module", g->module && !g->compare, "run", (int)r->run + 1,
				   "generator", generator_table[r->generator].name, "possible",
				   r->possible, "judged", judge_counts(o, r));

	if (!r->possible)
		return object;
	json_t *found = json_pack(
		"{s:I,s:I,s:I,s:I,s:o,s:f,s:f,s:I,s:o}", "identical",
		(json_int_t)r->found.identical, "drawn", (json_int_t)r->found.drawn,
		"identical_announced", (json_int_t)r->found.late, "last_identical_ns",
		(json_int_t)r->found.last_ns, "last_identical_index",
		r->found.identical ? json_integer((json_int_t)r->found.last_index) : json_null(),
		"seconds", r->seconds, "snapshot_seconds", r->snapshot_seconds, "snapshot_bytes",
		(json_int_t)r->snapshot_bytes, "clones", clones_of(r));

	json_object_update(object, found);
	json_decref(found);
	duplicates_to_json(&r->found.duplicates, object);
	json_object_set_new(object, "most_at_once", json_integer(r->most_at_once));
	if (judge_counts(o, r))
		json_object_set_new(object, "allowed",
				    json_integer((json_int_t)judge_allowed(o, r)));
	return object;
}

int json_check(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	if (fd >= 0)
		unlink(path);
	else if (errno == EEXIST)
		fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "cannot write %s: %s", path, strerror(errno));
	close(fd);
	return 0;
}

static void add_conditions(json_t *root, const struct prove_options *o, const struct results *all)
{
	char date[32] = "";
	struct tm tm;

	if (gmtime_r(&all->started, &tm))
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &tm);
	json_object_set_new(root, "date", json_string(date));
	json_object_set_new(root, "accel", json_string(all->accel));
	json_object_set_new(root, "draws", json_integer((json_int_t)o->draws));
	json_object_set_new(root, "record_seconds", json_real(o->seconds));
	json_object_set_new(root, "interval_ms", json_real(o->interval));
	json_object_set_new(root, "module_args", optional_text(o->module_args));
	json_object_set_new(root, "append", optional_text(o->append));
	json_object_set_new(root, "vmclock", json_boolean(o->vmclock != NULL));
	json_object_set_new(root, "torn", json_boolean(o->torn));
}

int json_write(const struct prove_options *o, const struct results *all)
{
	json_t *list = json_array();

	for (size_t i = 0; i < all->count; i++)
		json_array_append_new(list, result_of(o, &all->list[i]));
	json_t *root =
		json_pack("{s:i,s:s,s:i,s:i,s:i,s:i,s:b,s:b}", "version", 1, "kind", "prove",
			  "clones", (int)o->clones, "depth", (int)o->depth, "runs", (int)o->runs,
			  "cpus", (int)o->cpus, "same_id", o->same_id, "rdrand", o->rdrand);
	if (!root)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "no memory");
	add_conditions(root, o, all);
	json_object_set_new(root, "results", list);
	int failed = json_dump_file(root, o->json, JSON_INDENT(2));

	json_decref(root);
	return failed ? lab_fail(LAB_EXIT_ENVIRONMENT, "cannot write %s: %s", o->json,
				 strerror(errno))
		      : 0;
}
