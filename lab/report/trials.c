/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/report: reads the results of "prove --json", and finds trials in them.
 */
#include <stdlib.h>
#include <string.h>

#include "document.h"

/* Each span of a strip is an array: from, to, drawn, identical. */
static void read_span(const struct node *clone, size_t i, struct span *to)
{
	const json_t *list = json_array_get(json_object_get(clone->json, "strip"), i);
	uint64_t *numbers[] = {&to->from_ns, &to->to_ns, &to->drawn, &to->identical};
	bool right = json_array_size(list) == 4;

	for (size_t j = 0; j < 4 && right; j++) {
		const json_t *n = json_array_get(list, j);

		right = json_is_integer(n) && json_integer_value(n) >= 0;
		*numbers[j] = (uint64_t)json_integer_value(n);
	}
	if (!right || to->from_ns > to->to_ns || to->identical > to->drawn)
		input_wrong(clone, "strip", "has a span that is not [from, to, drawn, identical]");
}

static void read_clone(const struct node *n, void *element)
{
	struct trial_clone *c = element;

	*c = (struct trial_clone){.drawn = node_count(n, "drawn"),
				  .identical = node_count(n, "identical"),
				  .first_ns = node_time(n, "first_identical_ns"),
				  .last_ns = node_time(n, "last_identical_ns"),
				  .rekeyed_ns = node_time(n, "rekeyed_ns"),
				  .woken_ns = node_time(n, "woken_ns"),
				  .announced_ns = node_time(n, "announced_ns"),
				  .logged_ns = node_time(n, "kernel_logged_ns"),
				  .changes = node_count_or(n, "changes"),
				  .spurious = node_count_or(n, "spurious"),
				  .rekey_failures = node_count_or(n, "rekey_failures"),
				  .complaint = node_text_or(n, "complaint", ""),
				  .clock = node_text_or(n, "clock", "")};
	if (c->identical > c->drawn)
		input_wrong(n, "identical", "is more than drawn");
	c->span_count = node_list(n, "strip");
	c->spans = node_alloc(n, c->span_count, sizeof(*c->spans));
	for (size_t i = 0; i < c->span_count && !n->input->code; i++)
		read_span(n, i, &c->spans[i]);
}

static void read_draws(const struct node *n, struct trial *t)
{
	t->identical = node_count(n, "identical");
	t->drawn = node_count(n, "drawn");
	t->last_ns = node_count(n, "last_identical_ns");
	t->under_way = node_count_or(n, "last_identical_index") == 0;
	if (t->judged)
		t->allowed = node_count(n, "allowed");
	if (t->identical > t->drawn)
		input_wrong(n, "identical", "is more than drawn");
	t->clones = node_items(n, "clones", sizeof(*t->clones), &t->clone_count, read_clone);
}

static void read_trial(const struct node *n, void *element)
{
	struct trial *t = element;

	*t = (struct trial){.guest = node_text(n, "guest"),
			    .release = node_text(n, "release"),
			    .generator = node_text(n, "generator"),
			    .module = node_bool(n, "module"),
			    .possible = node_bool(n, "possible"),
			    .judged = node_bool(n, "judged"),
			    .run = node_count(n, "run")};
	if (t->possible)
		read_draws(n, t);
}

void trials_read(struct document *d, const struct node *root)
{
	struct prove_results *p = &d->prove;

	*p = (struct prove_results){.clones = node_count(root, "clones"),
				    .depth = node_count(root, "depth"),
				    .runs = node_count(root, "runs"),
				    .cpus = node_count(root, "cpus"),
				    .draws = node_count(root, "draws"),
				    .record_seconds = node_real(root, "record_seconds"),
				    .interval_ms = node_real(root, "interval_ms"),
				    .same_id = node_bool(root, "same_id"),
				    .vmclock = node_bool(root, "vmclock"),
				    .torn = node_bool(root, "torn"),
				    .rdrand = node_bool(root, "rdrand"),
				    .module_args = node_text_or(root, "module_args", ""),
				    .append = node_text_or(root, "append", "")};
	p->trials = node_items(root, "results", sizeof(*p->trials), &p->trial_count, read_trial);
}

void trials_release(struct document *d)
{
	for (size_t i = 0; d->prove.trials && i < d->prove.trial_count; i++) {
		struct trial *t = &d->prove.trials[i];

		for (size_t j = 0; t->clones && j < t->clone_count; j++)
			free(t->clones[j].spans);
		free(t->clones);
	}
	free(d->prove.trials);
}

const struct trial *worst_trial(const struct document *d, const char *guest, const char *generator)
{
	const struct trial *worst = NULL;

	for (size_t i = 0; i < d->prove.trial_count; i++) {
		const struct trial *t = &d->prove.trials[i];

		if (t->possible && !strcmp(t->guest, guest) && !strcmp(t->generator, generator) &&
		    (!worst || t->identical > worst->identical))
			worst = t;
	}
	return worst;
}

size_t distinct(const struct document *d, bool generators_wanted, const char **list)
{
	size_t n = 0;

	for (size_t i = 0; i < d->prove.trial_count; i++) {
		const struct trial *t = &d->prove.trials[i];
		const char *name = generators_wanted ? t->generator : t->guest;
		size_t j = 0;

		while (j < n && strcmp(list[j], name))
			j++;
		/* Leave out a generator that no guest has. */
		if (j == n && (t->possible || !generators_wanted))
			list[n++] = name;
	}
	return n;
}
