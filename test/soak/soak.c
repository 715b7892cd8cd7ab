/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/soak: the long run of "make soak", on each kernel: SOAK_CLONES clones of one snapshot, a
 * chain of SOAK_DEPTH clones, SOAK_CHANGES changes in one guest. Writes build/soak.json.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../debian_kernel.h"
#include "host/host.h"
#include "soak.h"

#define LAB "build/vmgenc-lab"
#define GUEST "build/test/soak/changes"
/* Every object with red zones, poison and its owners; the first warning ends the guest. */
#define STRICT "slub_debug=FZPU panic_on_warn=1 kfence.sample_interval=10 log_buf_len=1M"

struct soak {
	struct debian_kernel kernel;
	json_t *parts;
	char releases[200];
	unsigned int passed, failed;
};

static const char *setting(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value && *value ? value : otherwise;
}

/* Written after each part: what was done counts, whatever ends the rest. */
static bool write_result(const struct soak *s)
{
	const char *path = setting("SOAK_JSON", "build/soak.json");
	json_t *root = json_pack("{s:i,s:s,s:s,s:O}", "version", 1, "kind", "soak", "release",
				 s->releases, "parts", s->parts);
	bool written = root && !json_dump_file(root, path, JSON_INDENT(2));

	if (!written)
		fprintf(stderr, "cannot write %s: %s\n", path, strerror(errno));
	json_decref(root);
	return written;
}

static json_t *new_part(const struct soak *s, const char *name, const char *count)
{
	json_t *part = json_pack("{s:s,s:s,s:i,s:[],s:n,s:[],s:b}", "name", name, "release",
				 s->kernel.release, "count", atoi(count), "shared", "warnings",
				 "memory", "ok", 0);

	if (!part)
		exit(1);
	json_array_append_new(s->parts, part);
	return part;
}

static void end_part(struct soak *s, json_t *part, double begin, const char *details)
{
	bool ok = json_is_true(json_object_get(part, "ok"));
	double seconds = lab_now() - begin;
	char took[LAB_TIME_SIZE];

	json_object_set_new(part, "seconds", json_real(seconds));
	lab_progress("%s", "");
	printf("%-4s %s: %s, %lld, in %s%s\n", ok ? "ok" : "FAIL", s->kernel.series,
	       json_string_value(json_object_get(part, "name")),
	       (long long)json_integer_value(json_object_get(part, "count")),
	       lab_time(seconds, took), details);
	fflush(stdout);
	s->passed += ok;
	s->failed += !ok;
	s->failed += !write_result(s);
}

/* What prove prints for people is shown where it fails. */
static void append_line(void *context, char *text)
{
	fprintf(context, "\n     %s", text);
}

static void run_clones(struct soak *s, const char *name, const char *clones, const char *depth)
{
	char path[200], draws[16], cpus[16], *said = NULL, *details = NULL;
	size_t size;
	FILE *output = open_memstream(&said, &size), *text = open_memstream(&details, &size);
	json_t *part = new_part(s, name, atoi(depth) > 1 ? depth : clones);
	double begin = lab_now();

	snprintf(path, sizeof(path), "build/soak/%s-%s.json", name, s->kernel.series);
	snprintf(draws, sizeof(draws), "%d", DRAWS);
	snprintf(cpus, sizeof(cpus), "%d", CPUS);
	/* --seconds: none may be short of draws because the machine is busy. */
	const char *argv[] = {LAB,	     "prove",
			      "--kernel",    s->kernel.image,
			      "--module",    s->kernel.module,
			      "--clones",    clones,
			      "--depth",     depth,
			      "--draws",     draws,
			      "--cpus",	     cpus,
			      "--seconds",   "100",
			      "--generator", "getrandom",
			      "--generator", "unguarded",
			      "--generator", "guarded",
			      "--at-once",   setting("SOAK_AT_ONCE", "2"),
			      "--json",	     path,
			      NULL};

	unlink(path);
	int code = child_run((char *const *)argv, append_line, output);
	json_t *report = json_load_file(path, 0, NULL);

	fclose(output);
	if (report)
		verdict(report, part, text);
	if (code) {
		json_object_set_new(part, "ok", json_false());
		fprintf(text, "\n     exit code %d; it said:%s", code, said);
	}
	fclose(text);
	json_decref(report);
	end_part(s, part, begin, details);
	free(said);
	free(details);
}

struct changes {
	struct soak *soak;
	const char *count;
	json_t *result;
	FILE *complaints;
};

static void read_changes(void *context, char *text)
{
	struct changes *c = context;
	unsigned int n;
	int end = 0;

	if (*text == '{')
		c->result = json_loads(text, 0, NULL);
	else if (sscanf(text, "# %u changes%n", &n, &end) == 1 && end && !text[end])
		lab_progress("%s: %u of %s changes", c->soak->kernel.series, n, c->count);
	else
		fprintf(c->complaints, "\n     %s", text);
}

static void tell_changes(json_t *part, FILE *text)
{
	static const struct {
		const char *key, *words;
	} told[] = {{"generations", "generations"},
		    {"readers_saw", "events read"},
		    {"pollers_saw", "polled"},
		    {"mappers_saw", "generations seen by mappers"},
		    {"listeners", "times the listeners came and went"},
		    {"loads", "unloads"},
		    {"refused", "unloads refused while in use"},
		    {"warnings", "warnings"}};
	const json_t *entry;
	size_t i;

	fputs("\n      ", text);
	for (i = 0; i < sizeof(told) / sizeof(*told); i++)
		fprintf(text, "%s %lld %s", i ? "," : "",
			(long long)json_integer_value(json_object_get(part, told[i].key)),
			told[i].words);
	json_array_foreach(json_object_get(part, "memory"), i, entry)
		fprintf(text, "\n       %s: %lld before, %lld after",
			json_string_value(json_object_get(entry, "what")),
			(long long)json_integer_value(json_object_get(entry, "before")),
			(long long)json_integer_value(json_object_get(entry, "after")));
}

static void run_changes(struct soak *s, const char *count)
{
	char *details = NULL;
	size_t size;
	struct changes c = {.soak = s, .count = count};
	json_t *part = new_part(s, "changes", count);
	double begin = lab_now();
	/* One CPU at a time: the module's hooks come and go, see vmgenc-lab(1). */
	const char *argv[] = {LAB,
			      "run",
			      "--quiet",
			      "--kernel",
			      s->kernel.image,
			      "--module",
			      s->kernel.module,
			      "--file",
			      s->kernel.listener,
			      "--tcg-single",
			      "--append",
			      STRICT,
			      GUEST,
			      count,
			      NULL};

	c.complaints = open_memstream(&details, &size);
	lab_progress("%s: booting for %s changes", s->kernel.series, count);
	int code = child_run((char *const *)argv, read_changes, &c);

	if (c.result) {
		json_object_update(part, c.result);
		tell_changes(part, c.complaints);
	}
	/* A guest that did less than it was asked to, or was asked for nothing, has not passed. */
	if (code || atoi(count) <= 0 ||
	    json_integer_value(json_object_get(part, "count")) != atoi(count)) {
		json_object_set_new(part, "ok", json_false());
		fprintf(c.complaints, "\n     exit code %d", code);
	}
	fclose(c.complaints);
	json_decref(c.result);
	end_part(s, part, begin, details);
	free(details);
}

static bool choose_kernel(struct soak *s, const char *series)
{
	if (!debian_kernel_find(&s->kernel, series))
		return false;
	snprintf(s->releases + strlen(s->releases), sizeof(s->releases) - strlen(s->releases),
		 "%s%s", *s->releases ? ", " : "", s->kernel.release);
	return true;
}

static bool is_wanted(const char *part)
{
	return strstr(setting("SOAK_PARTS", "clones chain changes"), part) != NULL;
}

int main(void)
{
	struct soak s = {.parts = json_array()};
	char kernels[100], *save;

	snprintf(kernels, sizeof(kernels), "%s", setting("SOAK_KERNELS", ""));
	for (char *k = strtok_r(kernels, " ", &save); k; k = strtok_r(NULL, " ", &save)) {
		if (!choose_kernel(&s, k)) {
			s.failed++;
			continue;
		}
		if (is_wanted("clones"))
			run_clones(&s, "clones", setting("SOAK_CLONES", "1000"), "1");
		if (is_wanted("chain"))
			run_clones(&s, "chain", "2", setting("SOAK_DEPTH", "100"));
		if (is_wanted("changes"))
			run_changes(&s, setting("SOAK_CHANGES", "10000"));
	}
	json_decref(s.parts);
	if (!*setting("SOAK_KERNELS", ""))
		fputs("SOAK_KERNELS names no kernel\n", stderr);
	printf("%u passed, %u failed\n", s.passed, s.failed);
	return s.failed || !s.passed ? 1 : 0;
}
