/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd/metrics: vmgenc status --metrics. The names and labels are documented in vmgenc(8) and stay.
 */
#include <inttypes.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"
#include "hooks/state.h"
#include "metrics.h"
#include "units.h"

/*
 * The text is valid as OpenMetrics and as the format that node_exporter's collector of text files
 * reads. They differ in how a counter's family is named, so counters have no type here: their
 * names end with _total, and both take them for numbers.
 */
static void family(FILE *f, const char *name, const char *help)
{
	size_t length = strlen(name);

	if (length < 6 || strcmp(name + length - 6, "_total") != 0)
		fprintf(f, "# TYPE vmgenc_%s gauge\n", name);
	fprintf(f, "# HELP vmgenc_%s %s\n", name, help);
}

static void number(FILE *f, const char *name, uint64_t value, const char *help)
{
	family(f, name, help);
	fprintf(f, "vmgenc_%s %" PRIu64 "\n", name, value);
}

/* All states of the hooks; a record that was never written counts as one without hooks. */
static void print_hooks(FILE *f, const struct state *s, int error)
{
	number(f, "hooks_record_readable", !error || error == -ENOENT,
	       "Whether the record of vmgenc hooks can be read, or there is none yet.");
	if (error)
		return;
	number(f, "hooks_generation", s->generation,
	       "The generation whose hooks are done or under way.");
	number(f, "hooks_under_way", s->under_way, "Whether hooks of this generation are left.");
	number(f, "hooks_owed", s->owed_count, "Hooks that have not done their work.");
	number(f, "hooks_copy_unknown", *s->doubt != 0,
	       "Whether it is not known if this machine is a copy, so that no identity was "
	       "replaced.");
	number(f, "hooks_changes_total", s->changes, "Generations whose hooks were run.");
	number(f, "hooks_runs_total", s->runs, "Hooks that ended.");
	number(f, "hooks_failures_total", s->failures, "Hooks that failed or were refused.");
	number(f, "hooks_interrupted_total", s->interrupted,
	       "Hooks that were cut short and may have ended or not.");
	number(f, "hooks_passed_over_total", s->passed_over,
	       "Generations that were over before their hooks could run.");
}

static void print_counters(FILE *f, const struct vmgenc_status *st)
{
	number(f, "changes_total", st->changes, "Changes of the id.");
	number(f, "spurious_total", st->spurious, "Notifications that found the id unchanged.");
	number(f, "rekeys_total", st->rekeys, "Verified rekeys of the kernel's generator.");
	number(f, "rekey_failures_total", st->rekey_failures, "Attempts to rekey that failed.");
	number(f, "unseeded_total", st->unseeded,
	       "Attempts to rekey before the kernel's generator was seeded.");
	number(f, "redraws_total", st->redraws, "System calls that drew again after a change.");
	number(f, "redraws_missed_total", st->redraws_missed,
	       "System calls not covered, because too many ran at a time.");
}

static void print_source(FILE *f, const struct vmgenc_status *st)
{
	static const uint32_t guarantees[] = {VMGENC_NONE, VMGENC_NOTIFIED, VMGENC_RACE_FREE};

	family(f, "guarantee", "The guarantee of the source, which is the one that is 1.");
	for (size_t i = 0; i < 3; i++)
		fprintf(f, "vmgenc_guarantee{guarantee=\"%s\"} %d\n", guarantee_name(guarantees[i]),
			st->guarantee == guarantees[i]);
	number(f, "generation", st->generation, "The generation in force.");
	number(f, "settled", st->settled, "The last generation whose rekey was verified.");
	if (age_of(st->changed_ns) >= 0)
		number(f, "generation_age_seconds", (uint64_t)age_of(st->changed_ns),
		       "How long ago the generation began, by the clock that nobody sets.");
	number(f, "rekey_failed", (st->flags & VMGENC_REKEY_FAILED) != 0,
	       "Whether the last rekey failed.");
	number(f, "predictable", (st->flags & VMGENC_PREDICTABLE) != 0,
	       "Whether the owner of a sibling may be able to compute this machine's draws.");
	family(f, "lacks", "What the driver lacks on this kernel, or what was switched off.");
	for (size_t i = 0; i < sizeof(lacks) / sizeof(lacks[0]); i++)
		fprintf(f, "vmgenc_lacks{what=\"%s\"} %d\n", lacks[i].name,
			(st->flags & lacks[i].flag) != 0);
	print_counters(f, st);
}

static bool is_ready(const struct vmgenc_status *st, const struct state *s, int error)
{
	if (error)
		return error == -ENOENT;
	return state_is_done(s, state_is_behind(s, st));
}

static void print_processes(FILE *f)
{
	struct units u = {0};
	char generator[64];
	enum openssl_answer answer = *doctor_root ? OPENSSL_ABSENT : openssl_ask(NULL, generator);

	if (answer != OPENSSL_ABSENT)
		number(f, "provider_active", answer == OPENSSL_OURS,
		       "Whether an OpenSSL that is started now draws from the provider.");
	if (doctor_there("/proc/self/maps") && !processes_look(&u)) {
		family(f, "processes",
		       "Processes by what vmgenc doctor --processes finds in them.");
		for (int i = 0; i < FINDINGS; i++)
			fprintf(f, "vmgenc_processes{finding=\"%s\"} %zu\n",
				units_key((enum finding)i), units_with(&u, (enum finding)i));
		number(f, "processes_unreadable", u.unreadable + u.is_hidden,
		       "Processes that may not be inspected.");
	}
	units_free(&u);
}

/* The families are printed one after the other, so each has a text of its own until the end. */
struct identities {
	const struct fleet_key *key;
	FILE *info, *unreadable;
	unsigned int unkeyed;
};

static void print_identity(void *context, const struct identity *i)
{
	struct identities *all = context;
	char text[FINGERPRINT_SIZE];

	if (i->error)
		fprintf(all->unreadable, "vmgenc_identity_unreadable{kind=\"%s\"} 1\n", i->kind);
	else if (i->is_guessable && !all->key->is_own)
		all->unkeyed++;
	else {
		fingerprint(all->key, i->kind, i->value, i->size, text);
		fprintf(all->info, "vmgenc_identity_info{kind=\"%s\",fingerprint=\"%s\"} 1\n",
			i->kind, text);
	}
}

static void print_generation_id(struct identities *all, const struct vmgenc_status *st)
{
	static struct identity i = {.kind = "generation-id", .size = VMGENC_ID_SIZE};

	if (!st || !has_id(st) || st->flags & VMGENC_ID_UNFILLED)
		return;
	memcpy(i.value, st->id, VMGENC_ID_SIZE);
	print_identity(all, &i);
}

static void print_key(FILE *f, const struct fleet_key *key)
{
	char text[FINGERPRINT_SIZE] = "none";

	if (key->is_own)
		fleet_key_fingerprint(key, text);
	family(f, "fleet_key_info",
	       "The fingerprint of the fleet's key; machines with different ones cannot be "
	       "compared.");
	if (key->is_usable)
		fprintf(f, "vmgenc_fleet_key_info{fingerprint=\"%s\"} 1\n", text);
	number(f, "fleet_key_usable", key->is_usable,
	       "Whether there is no key of the fleet, or it can be used.");
}

static int print_identities(FILE *f, const struct vmgenc_status *st)
{
	static struct fleet_key key;
	struct identities all = {.key = &key};
	char *info = NULL, *unreadable = NULL;
	size_t info_size = 0, unreadable_size = 0;

	fleet_key_read(doctor_root, &key);
	print_key(f, &key);
	if (!key.is_usable)
		return EXIT_YES;
	all.info = open_memstream(&info, &info_size);
	all.unreadable = open_memstream(&unreadable, &unreadable_size);
	if (all.info && all.unreadable) {
		identities_find(doctor_root, print_identity, &all);
		print_generation_id(&all, st);
	}
	if (!all.info || fclose(all.info) || !all.unreadable || fclose(all.unreadable))
		return say_trouble("out of memory");
	family(f, "identity_info",
	       "A keyed hash of what this machine is known by; equal on machines that share it.");
	fputs(info, f);
	family(f, "identity_unreadable", "Identities that are there, but cannot be read.");
	fputs(unreadable, f);
	number(f, "identities_unkeyed", all.unkeyed,
	       "Identities left out, because without a key of the fleet they could be guessed.");
	free(info);
	free(unreadable);
	return EXIT_YES;
}

static int print_all(FILE *f, const struct args *a)
{
	struct vmgenc_status st = {.size = sizeof(st)};
	static struct state s;
	char why[STATE_WHY];
	const char *remedy;
	struct vmgenc *vg;
	int error = vmgenc_open(&vg, a->source), hooks = state_load(a->state, &s, why, sizeof(why));
	bool there = !error, protected;

	if (there)
		error = vmgenc_status(vg, &st);
	vmgenc_close(vg);
	if (error && error != -ENODEV)
		say_log("the source %s", source_error(error));
	protected = !error && !unprotected(&st, &remedy);
	family(f, "build_info", "The version of the program that wrote this.");
	fprintf(f, "vmgenc_build_info{version=\"%s\"} 1\n", VMGENC_VERSION);
	number(f, "source_present", there, "Whether there is a source that tells of clones.");
	number(f, "source_readable", !error, "Whether its state could be read.");
	number(f, "device_offered", doctor_device_offered(),
	       "Whether the hypervisor offers a VM Generation ID.");
	number(f, "protected", protected, "Whether the machine is protected, as in status.");
	number(f, "ready", protected && is_ready(&st, &s, hooks),
	       "Whether it is protected, and all hooks of the generation have done their work.");
	if (!error)
		print_source(f, &st);
	print_hooks(f, &s, hooks);
	print_processes(f);
	return print_identities(f, error ? NULL : &st);
}

int metrics(const struct args *a)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	int code;

	if (!f)
		return say_trouble("out of memory");
	doctor_root = a->root;
	code = print_all(f, a);
	fputs("# EOF\n", f);
	if (fclose(f))
		code = say_trouble("out of memory");
	if (!code && a->output)
		code = metrics_write(a->output, text, size);
	else if (!code)
		fwrite(text, 1, size, stdout); /* say_done() says whether this failed */
	free(text);
	return code;
}
