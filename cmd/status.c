/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: vmgenc status, for people and for programs. The keys are documented in vmgenc(8). */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "doctor.h"
#include "hooks/state.h"

static const char help[] =
	"usage: vmgenc status [--json | --metrics] [--source SOURCE] [--state FILE]\n"
	"Prints the source, its guarantee, the generation in force, and what was done for it.\n"
	"\n"
	"  --json            print one object; its keys are documented in vmgenc(8) and stay\n"
	"  --metrics         print OpenMetrics text for a monitoring system\n"
	"  --output FILE     with --metrics: replace FILE by it, at once\n"
	"  --root DIRECTORY  with --metrics: look for the machine's identities below it\n"
	"  --source SOURCE   dev:NODE, vmclock:NODE or file:PATH instead of the best one\n"
	"  --state FILE      the record of vmgenc hooks; default " VMGENC_STATE "\n"
	"\n"
	"Exit codes: 0 protected, 1 not protected or a hook has failed, 2 wrong usage, 3 cannot "
	"tell.\n"
	"With --metrics: 0 written, 2 wrong usage, 3 not written.\n"
	"Examples:\n"
	"  vmgenc status\n"
	"  vmgenc status --json | jq .generation\n"
	"  vmgenc status --metrics --output /var/lib/prometheus/node-exporter/vmgenc.prom\n";

/* The record of the hooks; why is not empty if it cannot be read. */
struct hooks {
	struct state state;
	bool behind;
	int error;
	char why[STATE_WHY + 32];
};

static void load_hooks(const char *path, struct hooks *h)
{
	char why[STATE_WHY];

	memset(h, 0, sizeof(*h));
	h->error = state_load(path, &h->state, why, sizeof(why));
	snprintf(h->why, sizeof(h->why), "%s%s",
		 h->error == -EINVAL || h->error == -EPROTO ? "" : "cannot be read: ",
		 h->error ? why : "");
}

/* What has not done its work; next is null for what is run again by hand only. */
static json_t *owed_json(const struct state *s)
{
	json_t *all = json_array();

	for (size_t i = 0; i < s->owed_count; i++) {
		const struct owed *o = &s->owed[i];

		json_array_append_new(
			all, json_pack("{s:s,s:I,s:s,s:I,s:o}", "name", o->name, "generation",
				       (json_int_t)o->generation, "reason", o->reason, "attempts",
				       (json_int_t)o->attempts, "next",
				       o->safe ? json_integer(o->next) : json_null()));
	}
	return all;
}

static json_t *hooks_json(const struct hooks *h)
{
	const struct state *s = &h->state;

	if (h->error == -ENOENT)
		return json_null();
	if (h->error)
		return json_pack("{s:s}", "error", h->why);
	return json_pack("{s:I,s:b,s:b,s:s,s:I,s:I,s:I,s:I,s:I,s:s,s:s,s:s,s:s,s:o}", "generation",
			 (json_int_t)s->generation, "behind", h->behind, "under_way", s->under_way,
			 "hook", s->hook, "changes", (json_int_t)s->changes, "runs",
			 (json_int_t)s->runs, "failures", (json_int_t)s->failures, "interrupted",
			 (json_int_t)s->interrupted, "passed_over", (json_int_t)s->passed_over,
			 "last_failure", s->last_failure, "why", why_name(s->why), "copy",
			 copy_name(s->copy), "doubt", s->doubt, "owed", owed_json(s));
}

static json_t *lacks_json(uint32_t flags)
{
	json_t *names = json_array();

	for (size_t i = 0; i < sizeof(lacks) / sizeof(lacks[0]); i++)
		if (flags & lacks[i].flag)
			json_array_append_new(names, json_string(lacks[i].name));
	return names;
}

static json_t *age_json(uint64_t changed_ns)
{
	int64_t age = age_of(changed_ns);

	return age < 0 ? json_null() : json_integer(age);
}

static int print_json(const struct vmgenc_status *st, const char *reason, const struct hooks *h)
{
	char id[37], since[32];
	json_t *root;
	int failed;

	id_text(st->id, id);
	since_text(st->changed_ns, since);
	root = json_pack(
		"{s:i,s:s,s:s,s:b,s:s?,s:I,s:I,s:s,s:I,s:s,s:o,s:I,s:I,s:I,s:I,s:b,s:b,s:b,s:"
		"b,s:I,s:I,s:I,s:o,s:o}",
		"version", 1, "source", st->source, "guarantee", guarantee_name(st->guarantee),
		"protected", !reason, "reason", reason, "generation", (json_int_t)st->generation,
		"settled", (json_int_t)st->settled, "id", id, "changed_ns",
		(json_int_t)st->changed_ns, "since", since, "age", age_json(st->changed_ns),
		"changes", (json_int_t)st->changes, "spurious", (json_int_t)st->spurious, "rekeys",
		(json_int_t)st->rekeys, "rekey_failures", (json_int_t)st->rekey_failures,
		"raw_privileged", (st->flags & VMGENC_RAW_PRIVILEGED) != 0, "id_unfilled",
		(st->flags & VMGENC_ID_UNFILLED) != 0, "rekey_failed",
		(st->flags & VMGENC_REKEY_FAILED) != 0, "predictable",
		(st->flags & VMGENC_PREDICTABLE) != 0, "unseeded", (json_int_t)st->unseeded,
		"redraws", (json_int_t)st->redraws, "redraws_missed",
		(json_int_t)st->redraws_missed, "lacks", lacks_json(st->flags), "hooks",
		hooks_json(h));
	failed = !root || json_dumpf(root, stdout, JSON_INDENT(2)) || putchar('\n') < 0;
	json_decref(root);
	return failed ? say_trouble("the report cannot be written") : EXIT_YES;
}

/* With --json, an object is printed even if there is no source. */
static void print_json_error(const char *reason, const struct hooks *h)
{
	json_t *root = json_pack("{s:i,s:n,s:s,s:b,s:s,s:o}", "version", 1, "source", "guarantee",
				 "none", "protected", 0, "reason", reason, "hooks", hooks_json(h));

	if (root && !json_dumpf(root, stdout, JSON_INDENT(2)))
		putchar('\n');
	json_decref(root);
}

static void print_owed(const struct state *s)
{
	for (size_t i = 0; i < s->owed_count; i++) {
		const struct owed *o = &s->owed[i];

		printf("            owed: %s %s; attempts: %" PRIu64 "; %s\n", o->name, o->reason,
		       o->attempts,
		       o->safe ? "it is run again by itself"
			       : "vmgenc hooks --retry runs it again");
	}
}

static void print_hooks(const struct hooks *h)
{
	const struct state *s = &h->state;

	if (h->error == -ENOENT)
		return;
	if (h->error) {
		printf("hooks       the record %s\n            to do: %s\n", h->why,
		       "\"vmgenc doctor\" says how it is mended");
		return;
	}
	printf("hooks       generation %" PRIu64 " %s; %" PRIu64 " %s, %" PRIu64 " %s run, %" PRIu64
	       " failed, %" PRIu64 " interrupted, %" PRIu64 " %s passed over\n",
	       s->generation, s->under_way ? "under way" : "done", NUMBER_OF(s->changes, "change"),
	       NUMBER_OF(s->runs, "hook"), s->failures, s->interrupted,
	       NUMBER_OF(s->passed_over, "generation"));
	if (s->under_way || s->started)
		puts("            to do: vmgenc hooks --wait; where it does not run, start it "
		     "again");
	else if (h->behind)
		puts("            hooks for the generation in force have not begun\n"
		     "            to do: vmgenc hooks --wait; where it does not run, systemctl "
		     "start "
		     "vmgenc-hooks");
	if (*s->last_failure)
		printf("            last failure: %s\n", s->last_failure);
	if (*s->doubt)
		printf("            whether generation %" PRIu64 " is a copy is not known: %s\n",
		       s->generation, s->doubt);
	if (*s->doubt)
		puts("            to do, if it is one: vmgenc hooks --new-machine");
	print_owed(s);
}

static void print_generation(const struct vmgenc_status *st)
{
	char since[32], age[32];
	int64_t seconds = age_of(st->changed_ns);

	since_text(st->changed_ns, since);
	age_text(seconds, age);
	printf("generation  %" PRIu64 "%s", st->generation, settled_text(st));
	if (seconds >= 0)
		printf(", for %s, since %s", age, since);
	putchar('\n');
}

static void print_text(const struct vmgenc_status *st, const char *reason, const char *remedy,
		       const struct hooks *h)
{
	char id[37];

	id_text(st->id, id);
	printf("protected   %s%s%s\n", reason ? "no" : "yes", reason ? ": " : "",
	       reason ? reason : "");
	if (reason)
		printf("            to do: %s\n", remedy);
	printf("source      %s\n", st->source);
	printf("guarantee   %s\n", guarantee_name(st->guarantee));
	print_generation(st);
	if (has_id(st)) {
		printf("id          %s\n", id);
		printf("changes     %" PRIu64 ", and %" PRIu64 " spurious %s\n", st->changes,
		       NUMBER_OF(st->spurious, "notification"));
		printf("rekeys      %" PRIu64 " verified, %" PRIu64 " failed\n", st->rekeys,
		       st->rekey_failures);
		printf("redraws     %" PRIu64 ", and %" PRIu64 " missed\n", st->redraws,
		       st->redraws_missed);
	}
	for (size_t i = 0; i < sizeof(lacks) / sizeof(lacks[0]); i++)
		if (st->flags & lacks[i].flag)
			printf("lacks       %s: %s\n            to do: %s\n", lacks[i].name,
			       lacks[i].what, lacks[i].remedy);
	print_hooks(h);
}

/* A record that cannot be read may hide a hook that is owed. While hooks are under way, the old
 * identity may still be there. */
static int verdict(const char *reason, const struct hooks *h)
{
	if (reason || !state_is_done(&h->state, h->behind))
		return EXIT_NO;
	return h->error && h->error != -ENOENT ? EXIT_TROUBLE : EXIT_YES;
}

int cmd_status(int argc, char **argv)
{
	struct vmgenc_status st;
	struct vmgenc *vg;
	static struct hooks hooks;
	struct args a;
	int code = args_parse(argc, argv, "jsSmOr", help, &a);

	if (code >= 0)
		return code;
	if (a.rest_count)
		return say_usage("status: \"%s\" is not expected", a.rest[0]);
	if (a.metrics ? a.json : a.output || *a.root)
		return say_usage(a.metrics ? "status: --json and --metrics are one too many"
					   : "status: --output and --root go with --metrics");
	if (a.metrics)
		return metrics(&a);
	load_hooks(a.state, &hooks);
	code = source_open(a.source, &vg);
	if (!code)
		code = source_status(vg, &st);
	vmgenc_close(vg);
	if (code) {
		if (a.json)
			print_json_error(code == EXIT_NO ? "no source" : "the source is in trouble",
					 &hooks);
		else if (code == EXIT_NO && !a.source && !secure_getenv("VMGENC_SOURCE"))
			doctor_why_no_source();
		return code;
	}
	const char *remedy, *reason = unprotected(&st, &remedy);

	hooks.behind = state_is_behind(&hooks.state, &st);

	if (a.json)
		code = print_json(&st, reason, &hooks);
	else
		print_text(&st, reason, remedy, &hooks);
	return code ? code : verdict(reason, &hooks);
}
