/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/report: the section for "prove --json" on the page of results: the table of generators and
 * guests, each with its worst run, and the strips.
 */
#include <stdlib.h>
#include <string.h>

#include "document.h"

static bool needs_vmgenc(const char *generator)
{
	const struct generator_info *g = generator_find(generator);

	return g && (g == &generator_table[LAB_GUARDED] || g->ours);
}

static void write_cell(FILE *out, const struct document *d, const char *guest,
		       const char *generator)
{
	const struct trial *t = worst_trial(d, guest, generator);

	if (!t) {
		html(out,
		     "<td class=\"none\" data-column=\"%s\"><span>–<small>%s</small></span></td>",
		     guest, needs_vmgenc(generator) ? "needs vmgenc" : "not tried");
		return;
	}
	bool wrong = t->judged && t->identical > t->allowed;
	bool many = t->identical && !(t->judged && !wrong);

	html(out, "<td class=\"%s\" data-column=\"%s\"><span>%s<b>%s</b>", many ? "many" : "few",
	     guest,
	     !t->judged ? ""
	     : wrong	? "✗ "
			: "✓ ",
	     words_draws(t->identical, t->drawn));
	if (t->identical && t->under_way)
		html(out, " <small>under way at the snapshot</small>");
	else if (t->identical)
		html(out, " <small>the last after %s</small>", words_time(t->last_ns));
	html(out, "</span></td>");
}

static void write_table(FILE *out, const struct document *d, const char **guests,
			size_t guest_count, const char **generators, size_t generator_count)
{
	html(out, "<table class=\"cells\">\n<thead><tr><th scope=\"col\">identical draws%s</th>",
	     d->prove.runs > 1 ? " (worst run)" : "");
	for (size_t g = 0; g < guest_count; g++)
		html(out, "<th scope=\"col\">%s</th>", guests[g]);
	html(out, "</tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < generator_count; i++) {
		html(out, "<tr><th scope=\"row\">%s <small>%s</small></th>",
		     generator_title(generators[i]), generator_meaning(generators[i]));
		for (size_t g = 0; g < guest_count; g++)
			write_cell(out, d, guests[g], generators[i]);
		html(out, "</tr>\n");
	}
	html(out, "</tbody></table>\n");
}

static void write_prove(FILE *out, const struct document *d)
{
	const char **guests = calloc(d->prove.trial_count + 1, sizeof(*guests));
	const char **generators = calloc(d->prove.trial_count + 1, sizeof(*generators));
	size_t guest_count = guests ? distinct(d, false, guests) : 0;
	size_t generator_count = generators ? distinct(d, true, generators) : 0;

	html(out,
	     "<h2>What the clones drew after the resume</h2>\n<p>The numbers are the draws "
	     "of the worst clone that another clone of the same snapshot made too. ✓ and ✗ "
	     "say whether this is as vmgenc promises; other results are for comparison.</p>\n");
	write_table(out, d, guests, guest_count, generators, generator_count);
	html(out, "<h3>When they drew it</h3>\n<p>Each strip shows the time from a clone’s resume. "
		  "Draws that no other clone reached are left out.</p>\n");
	strips_legend(out);
	for (size_t i = 0; i < generator_count; i++)
		strips_write(out, d, generators[i]);
	free(guests);
	free(generators);
}

static void write_releases(FILE *out, const struct document *d)
{
	const char **guests = calloc(d->prove.trial_count + 1, sizeof(*guests));
	size_t n = guests ? distinct(d, false, guests) : 0;

	for (size_t g = 0; g < n; g++) {
		const struct trial *t = d->prove.trials;

		while (strcmp(t->guest, guests[g]))
			t++;
		html(out, "%s%s: %s%s", g ? "; " : "", t->guest, t->release,
		     t->module ? " with a vmgenc module" : "");
	}
	free(guests);
}

/* Name each clock source once, in the order of the results. */
static void write_clocks(FILE *out, const struct document *d)
{
	const char *names[8];
	size_t count = 0, at;

	for (size_t i = 0; i < d->prove.trial_count; i++) {
		const struct trial *t = &d->prove.trials[i];

		for (size_t j = 0; j < t->clone_count; j++) {
			for (at = 0; at < count && strcmp(names[at], t->clones[j].clock); at++)
				;
			if (at == count && *t->clones[j].clock && count < 8)
				names[count++] = t->clones[j].clock;
		}
	}
	for (size_t i = 0; i < count; i++)
		html(out, "%s%s", i ? ", " : "<dt>The guests’ clock</dt><dd>", names[i]);
	html(out, "%s", count ? "</dd>\n" : "");
}

static void prove_conditions(FILE *out, const struct document *d)
{
	const struct prove_results *p = &d->prove;

	html(out, "<dt>Guests</dt><dd>");
	write_releases(out, d);
	html(out, "</dd>\n<dt>Virtual CPUs</dt><dd>%llu, each drawing %s</dd>\n",
	     (unsigned long long)p->cpus, p->interval_ms > 0 ? "with pauses" : "in a tight loop");
	html(out, "<dt>RDRAND, RDSEED</dt><dd>%s</dd>\n",
	     p->rdrand ? "not masked: they can hide what clones share"
		       : "masked, because they hide what clones share");
	html(out, "<dt>Clones</dt><dd>%llu of each snapshot%s, %s", (unsigned long long)p->clones,
	     p->same_id ? ", with their parent’s id" : "", words_plural(p->runs, "run", "runs"));
	if (p->depth > 1)
		html(out, ", clones of clones to depth %llu", (unsigned long long)p->depth);
	if (p->vmclock)
		html(out, ", with a VMClock page%s", p->torn ? ", half-written at the resume" : "");
	html(out, "</dd>\n<dt>Recorded</dt><dd>%s draws per CPU, in at most %s</dd>\n",
	     words_count(p->draws), words_seconds(p->record_seconds));
	write_clocks(out, d);
	if (p->interval_ms > 0)
		html(out, "<dt>Pause after each draw</dt><dd>%s</dd>\n",
		     words_seconds(p->interval_ms / 1e3));
	if (*p->module_args)
		html(out, "<dt>Module’s parameters</dt><dd><code>%s</code></dd>\n", p->module_args);
	if (*p->append)
		html(out, "<dt>Kernel’s command line</dt><dd><code>%s</code></dd>\n", p->append);
}

const struct kind kind_prove = {
	.name = "prove",
	.read = trials_read,
	.judge = judge_trials,
	.sentence = trials_sentence,
	.write = write_prove,
	.conditions = prove_conditions,
	.release = trials_release,
};
