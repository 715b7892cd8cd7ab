/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/record: compares recordings of copies. Two copies share the draws of their common past, which
 * have the same times to the nanosecond; what they drew apart has other times, also if the values
 * are the same. So nothing has to tell where a copy was resumed.
 */
#include <stdlib.h>
#include <string.h>

#include "host/host.h"
#include "prove/prove.h"
#include "record.h"

#define COPIES 1000

struct copy {
	struct recording r;
	const char *path;
	uint64_t from[RECORDING_THREADS]; /* the first draw of each thread that counts for it */
	uint64_t parted_at;		  /* the time of the last draw before those */
};

static const struct recorded *thread_of(const struct copy *c, unsigned int thread)
{
	const struct recorded *d = c->r.draws;

	for (unsigned int t = 0; t < thread; t++)
		d += c->r.head.counts[t];
	return d;
}

static bool same_run(const struct copy *a, const struct copy *b)
{
	return !memcmp(a->r.head.run, b->r.head.run, sizeof(a->r.head.run));
}

/* The number of draws of a thread that two copies have from their common past. */
static uint64_t common(const struct copy *a, const struct copy *b, unsigned int thread)
{
	const struct recorded *da = thread_of(a, thread), *db = thread_of(b, thread);
	uint64_t na = a->r.head.counts[thread], nb = b->r.head.counts[thread], i = 0;

	if (!same_run(a, b))
		return 0;
	while (i < na && i < nb && !memcmp(&da[i], &db[i], sizeof(*da)))
		i++;
	return i;
}

static int check_pair(const struct copy *a, const struct copy *b)
{
	if (!memcmp(a->r.head.digest, b->r.head.digest, sizeof(a->r.head.digest)))
		return lab_fail(LAB_EXIT_USAGE, "%s and %s are the same recording", a->path,
				b->path);
	for (unsigned int t = 0; same_run(a, b) && t < a->r.head.threads; t++) {
		uint64_t n = common(a, b, t);

		if (n != a->r.head.counts[t] && n != b->r.head.counts[t])
			return 0;
	}
	if (!same_run(a, b))
		return lab_fail(
			LAB_EXIT_USAGE,
			"%s and %s are not of copies: their recorders were started apart, so "
			"start one and clone the machine while it records",
			a->path, b->path);
	return lab_fail(LAB_EXIT_USAGE,
			"%s and %s are of one machine: one goes on where the other ends", a->path,
			b->path);
}

/*
 * Each draw counts for one copy. What several copies have from a common past counts for the first
 * of them, and not at all if all have it. So copies of snapshots of different age can be compared.
 */
static void part(struct copy *copies, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct copy *c = &copies[i];

		c->parted_at = 0;
		for (unsigned int t = 0; t < c->r.head.threads; t++) {
			uint64_t least = UINT64_MAX, most = 0;

			for (size_t j = 0; j < count; j++) {
				uint64_t n = j == i ? 0 : common(c, &copies[j], t);

				least = j != i && n < least ? n : least;
				most = j < i && n > most ? n : most;
			}
			c->from[t] = i ? most : least;
			if (c->from[t] && thread_of(c, t)[c->from[t] - 1].at >> 8 > c->parted_at)
				c->parted_at = thread_of(c, t)[c->from[t] - 1].at >> 8;
		}
	}
}

/* One generator's draws of a copy, after it parted; the one under way then has begun before. */
static int draws_of(const struct copy *c, int generator, struct draws *d)
{
	struct lab_draw *to = calloc(c->r.count + 1, sizeof(*to));

	*d = (struct draws){.memory = to, .cpus = c->r.head.threads, .told_ns = LAB_NEVER};
	if (!to)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "no memory");
	for (unsigned int t = 0; t < c->r.head.threads; t++) {
		const struct recorded *from = thread_of(c, t);
		uint64_t last = 0;

		d->of[t] = to;
		for (uint64_t i = c->from[t]; i < c->r.head.counts[t]; i++) {
			uint64_t at = from[i].at >> 8;

			at = at > c->parted_at ? at - c->parted_at : 0;
			if ((from[i].at & 0xff) == (unsigned int)generator) {
				memcpy(to->value, from[i].value, sizeof(to->value));
				to->begun_ns = last;
				to->ns = at;
				to++;
				d->counts[t]++;
			}
			last = at;
		}
	}
	return 0;
}

static void describe(const struct copy *c, struct clone *to)
{
	const struct recording_head *h = &c->r.head;

	to->resume_within_ns = h->interval_ns;
	to->rekeyed_ns = h->changed_at > c->parted_at ? h->changed_at - c->parted_at : LAB_NEVER;
	to->woken_ns = to->announced_ns = to->logged_ns = LAB_NEVER;
	to->device = h->generation_first != 0;
	to->changes = h->changes;
	to->spurious = h->spurious;
	to->rekeys = h->rekeys;
	to->rekey_failures = h->rekey_failures;
}

static int compare_generator(const struct copy *copies, size_t count, struct result *r)
{
	struct draws *draws = calloc(count, sizeof(*draws));
	int code = draws ? 0 : lab_fail(LAB_EXIT_ENVIRONMENT, "no memory");

	r->clones = calloc(count, sizeof(*r->clones));
	r->drawn = calloc(count, sizeof(*r->drawn));
	r->clone_count = count;
	r->possible = true;
	if (!r->clones || !r->drawn)
		code = lab_fail(LAB_EXIT_ENVIRONMENT, "no memory");
	for (size_t i = 0; i < count && !code; i++) {
		describe(&copies[i], &r->clones[i]);
		code = draws_of(&copies[i], (int)r->generator, &draws[i]);
	}
	if (!code)
		code = compare_clones(draws, count, &r->found, r->drawn);
	for (size_t i = 0; i < count && draws; i++)
		draws_free(&draws[i]);
	free(draws);
	return code;
}

/* Differences that a reader has to know of. Clocks may differ by years: only steady ones are used.
 */
static void say_what_differs(const struct copy *copies, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		const struct recording_head *a = &copies[0].r.head, *b = &copies[i].r.head;

		if (strcmp(a->hypervisor, b->hypervisor) || strcmp(a->kernel, b->kernel))
			lab_note("%s is of another host or kernel: %s, Linux %s", copies[i].path,
				 b->hypervisor, b->kernel);
	}
}

static int compare_all(struct copy *copies, size_t count, const char *json)
{
	const struct recording_head *h = &copies[0].r.head;
	bool is_ours = !strncmp(h->driver, "vmgenc", 6);
	struct guest guest = {.module = is_ours ? h->driver : NULL};
	struct result list[LAB_GENERATORS] = {{0}};
	struct results all = {.list = list, .accel = h->hypervisor, .started = (time_t)h->started};
	struct prove_options o = {.guests = &guest,
				  .guest_count = 1,
				  .module_args = "",
				  .append = "",
				  .json = json,
				  .clones = (unsigned int)count,
				  .runs = 1,
				  .depth = 1,
				  .cpus = h->threads,
				  .interval = (double)h->interval_ns / 1e6,
				  .max_identical = -1};
	int code = 0;

	snprintf(guest.release, sizeof(guest.release), "%s", h->kernel);
	snprintf(guest.label, sizeof(guest.label), "%.40s, %.30s", h->kernel, h->driver);
	part(copies, count);
	for (int g = 0; g < LAB_GENERATORS && !code; g++) {
		o.generators[g] = h->generators & 1u << g;
		if (!o.generators[g])
			continue;
		list[all.count].generator = (enum lab_generator)g;
		code = compare_generator(copies, count, &list[all.count++]);
	}
	if (!code) {
		printf("Hypervisor: %s\nKernel: %s\nDriver: %s\nCopies: %zu\n\n", h->hypervisor,
		       h->kernel, h->driver, count);
		say_what_differs(copies, count);
		table_print(&o, &all);
		code = json ? json_write(&o, &all) : 0;
		int verdict = judge(&o, &all);

		code = code ? code : verdict;
	}
	for (size_t i = 0; i < all.count; i++) {
		for (size_t j = 0; j < list[i].clone_count && list[i].drawn; j++)
			free(list[i].drawn[j].strip);
		free(list[i].clones);
		free(list[i].drawn);
	}
	return code;
}

int compare_recordings(char **paths, size_t count, const char *json)
{
	struct copy *copies = calloc(count, sizeof(*copies));
	int code = copies ? 0 : lab_fail(LAB_EXIT_ENVIRONMENT, "no memory");

	if (count > COPIES)
		code = lab_fail(LAB_EXIT_USAGE, "compare takes at most %u recordings", COPIES);
	for (size_t i = 0; i < count && !code; i++) {
		copies[i].path = paths[i];
		code = recording_read(paths[i], &copies[i].r);
		for (size_t j = 0; j < i && !code; j++)
			code = check_pair(&copies[j], &copies[i]);
	}
	if (!code)
		code = compare_all(copies, count, json);
	for (size_t i = 0; i < count && copies; i++)
		free(copies[i].r.draws);
	free(copies);
	return code;
}
