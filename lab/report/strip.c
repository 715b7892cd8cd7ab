/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/report: the strips on the page of results, one time line for each clone. Identical draws are
 * tall and hatched, others low and plain, and marks show events. It can be read without colours.
 */
#include <stdlib.h>
#include <string.h>

#include "document.h"

#define SHOWN 4 /* of more clones, only this many of the worst are shown */

/* Tall bars are at 12 to 30, low ones at 22 to 30; marks end at 11 above or begin at 32 below. */
static void bar(FILE *out, const struct axis *a, const struct span *s, const char *class)
{
	double from = axis_percent(a, s->from_ns), to = axis_percent(a, s->to_ns);
	bool low = *class == 'd';

	if (from >= 100)
		return;
	/* Make a single draw visible, too. */
	if (to - from < 0.2)
		to = from + 0.2;
	html(out, "<rect class=\"%s\" x=\"%.3f%%\" width=\"%.3f%%\" y=\"%u\" height=\"%u\"><title>",
	     class, from, to - from, low ? 22 : 12, low ? 8 : 18);
	html(out, "%s to %s after the resume: %s, %s</title></rect>", words_time(s->from_ns),
	     words_time(s->to_ns), words_plural(s->drawn, "draw", "draws"),
	     !s->identical		? "none identical"
	     : s->identical == s->drawn ? "all identical"
					: "some identical");
}

static void tick(FILE *out, const struct axis *a, uint64_t ns)
{
	struct span at = {.from_ns = ns, .to_ns = ns, .drawn = 1, .identical = 1};

	bar(out, a, &at, "s");
}

static bool within(const struct span *s, uint64_t ns)
{
	return ns != LAB_NEVER && ns >= s->from_ns && ns <= s->to_ns;
}

/* The places of one or two identical draws among others are known exactly. */
static void write_mixed(FILE *out, const struct axis *a, const struct trial_clone *c,
			const struct span *s)
{
	bool first = within(s, c->first_ns), last = within(s, c->last_ns);

	bar(out, a, s, "d");
	if (s->identical > (uint64_t)first + last) {
		bar(out, a, s, "m");
		return;
	}
	if (first)
		tick(out, a, c->first_ns);
	if (last)
		tick(out, a, c->last_ns);
}

struct moment {
	uint64_t ns;
	const char *class, *words, *few_words, *shape;
};

static int by_time(const void *a, const void *b)
{
	const struct moment *x = a, *y = b;

	return (x->ns > y->ns) - (x->ns < y->ns);
}

/* The marks differ in shape and side, so that colours are not needed. */
static size_t moments_of(const struct trial_clone *c, struct moment *list)
{
	const struct moment all[] = {
		{c->rekeyed_ns, "rekey", "kernel rekeyed by vmgenc", "rekeyed", "M-6 1H6L0 11z"},
		{c->logged_ns, "log", "kernel’s own driver logged its reseed", "own driver’s log",
		 "M0 1L5 6 0 11-5 6z"},
		{c->woken_ns, "told", "program notified", "program notified", "M-6 42H6L0 32z"},
		{c->announced_ns, "told", "program notified by devctl(4)", "devctl(4)",
		 "M-6 42H6L0 32z"},
	};
	size_t n = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		if (all[i].ns != LAB_NEVER)
			list[n++] = all[i];
	}
	qsort(list, n, sizeof(*list), by_time);
	return n;
}

static void write_moment(FILE *out, const struct axis *a, const struct moment *m)
{
	double x = axis_percent(a, m->ns);

	html(out, "<svg class=\"%s\" x=\"%.3f%%\" overflow=\"visible\"><line y1=\"11\" y2=\"32\"/>",
	     m->class, x);
	html(out, "<path d=\"%s\"/><title>%s, %s after the resume</title></svg>", m->shape,
	     m->words, words_time(m->ns));
}

/* Write the same in words, for screen readers and below the strip. */
static void write_moments(FILE *out, const struct trial_clone *c)
{
	struct moment list[4];
	size_t n = moments_of(c, list);

	html(out, "%s identical", words_draws(c->identical, c->drawn));
	for (size_t i = 0; i < n; i++)
		html(out, ", %s at %s", list[i].few_words, words_time(list[i].ns));
}

static void write_lane(FILE *out, const struct document *d, const struct axis *a,
		       const struct trial *t, size_t i)
{
	const struct trial_clone *c = &t->clones[i];
	struct moment moments[4];
	size_t n = moments_of(c, moments);

	html(out, "<div class=\"clone\"><span>clone %zu", i + 1);
	if (d->prove.depth > 1 && d->prove.clones)
		html(out, " <small>depth %zu</small>", i / (size_t)d->prove.clones + 1);
	html(out, "</span><svg class=\"strip\" role=\"img\" aria-label=\"clone %zu: ", i + 1);
	write_moments(out, c);
	html(out, "\"><line class=\"base\" x2=\"100%%\" y1=\"30.5\" y2=\"30.5\" /><line "
		  "class=\"resume\" y1=\"8\" y2=\"34\"/>");
	/* Draw the marks behind the bars; they show above or below them. */
	for (size_t j = 0; j < n; j++)
		write_moment(out, a, &moments[j]);
	for (size_t j = 0; j < c->span_count; j++) {
		const struct span *s = &c->spans[j];

		if (s->identical && s->identical < s->drawn)
			write_mixed(out, a, c, s);
		else
			bar(out, a, s, s->identical ? "s" : "d");
	}
	html(out, "</svg>\n<small class=\"said\">");
	write_moments(out, c);
	html(out, "</small></div>\n");
	if (*c->complaint)
		html(out,
		     "<p class=\"complaint\">✗ clone %zu’s kernel complained: "
		     "<code>%s</code></p>\n",
		     i + 1, c->complaint);
}

/* Count the clones that are worse than this one. */
static size_t worse_than(const struct trial *t, size_t i)
{
	size_t n = 0;

	for (size_t j = 0; j < t->clone_count; j++)
		n += t->clones[j].identical > t->clones[i].identical ||
		     (t->clones[j].identical == t->clones[i].identical && j < i);
	return n;
}

static void write_lanes(FILE *out, const struct document *d, const struct axis *a,
			const struct trial *t)
{
	uint64_t most = 0;

	for (size_t i = 0; i < t->clone_count; i++) {
		if (t->clone_count <= SHOWN + 1 || worse_than(t, i) < SHOWN)
			write_lane(out, d, a, t, i);
		else if (t->clones[i].identical > most)
			most = t->clones[i].identical;
	}
	if (t->clone_count > SHOWN + 1)
		html(out,
		     "<p class=\"said\">The %u worst of %s are shown; no other has more than "
		     "%s.</p>\n",
		     SHOWN, words_plural(t->clone_count, "clone", "clones"),
		     words_plural(most, "identical draw", "identical draws"));
}

/* Find the last time when anything changes in a strip. */
static uint64_t last_change(const struct trial_clone *c)
{
	struct moment moments[4];
	size_t n = moments_of(c, moments);
	uint64_t last = 0;

	for (size_t i = 0; i < n; i++)
		last = moments[i].ns > last ? moments[i].ns : last;
	for (size_t i = 0; i + 1 < c->span_count; i++) {
		const struct span *s = &c->spans[i], *next = s + 1;

		if ((!s->identical) != (!next->identical) ||
		    (s->identical == s->drawn) != (next->identical == next->drawn))
			last = next->from_ns > last ? next->from_ns : last;
	}
	return last;
}

static uint64_t recorded(const struct trial_clone *c)
{
	return c->span_count ? c->spans[c->span_count - 1].to_ns : 0;
}

/* Return the time after which nothing changes in any strip; *all is the whole time. */
static uint64_t time_to_show(const struct document *d, const char **guests, size_t n,
			     const char *generator, uint64_t *all)
{
	uint64_t last = 0;

	*all = 0;
	for (size_t g = 0; g < n; g++) {
		const struct trial *t = worst_trial(d, guests[g], generator);

		for (size_t i = 0; t && i < t->clone_count; i++) {
			uint64_t change = last_change(&t->clones[i]), end = recorded(&t->clones[i]);

			last = change > last ? change : last;
			*all = end > *all ? end : *all;
		}
	}
	last += last / 8;
	if (*all < last)
		*all = last;
	return last ? last : *all;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void write_runs(FILE *out, const struct document *d, const struct trial *worst)
{
	uint64_t *list = calloc(d->prove.trial_count + 1, sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; list && i < d->prove.trial_count; i++) {
		const struct trial *t = &d->prove.trials[i];

		if (t->possible && !strcmp(t->guest, worst->guest) &&
		    !strcmp(t->generator, worst->generator))
			list[n++] = t->identical;
	}
	if (n > 1) {
		qsort(list, n, sizeof(*list), by_size);
		html(out, "; worst of %zu runs, median %s", n, words_count(list[(n - 1) / 2]));
	}
	free(list);
}

static void write_guest(FILE *out, const struct document *d, const struct axis *a,
			const struct trial *t)
{
	const char *mark = !t->judged ? "" : t->identical > t->allowed ? "✗ " : "✓ ";

	html(out, "<figure><figcaption><b>%s</b> %s%s identical", t->guest, mark,
	     words_draws(t->identical, t->drawn));
	if (t->identical && t->under_way)
		html(out, ", under way at the snapshot");
	write_runs(out, d, t);
	html(out, "</figcaption>\n");
	write_lanes(out, d, a, t);
	html(out, "</figure>\n");
}

void strips_write(FILE *out, const struct document *d, const char *generator)
{
	const char **guests = calloc(d->prove.trial_count + 1, sizeof(*guests));
	size_t n = guests ? distinct(d, false, guests) : 0;
	uint64_t all, shown = time_to_show(d, guests, n, generator, &all);
	struct axis a = axis_for(shown < all ? shown : all);

	html(out, "<section class=\"strips\">\n<h4>%s <small>%s</small></h4>\n",
	     generator_title(generator), generator_meaning(generator));
	for (size_t g = 0; g < n; g++) {
		const struct trial *t = worst_trial(d, guests[g], generator);

		if (t)
			write_guest(out, d, &a, t);
	}
	axis_write(out, &a);
	if ((double)all > a.shown_ns)
		html(out,
		     "<p class=\"said\">The first %s of up to %s are shown; after that, nothing "
		     "changes in a strip.</p>\n",
		     words_time((uint64_t)a.shown_ns), words_time(all));
	html(out, "</section>\n");
	free(guests);
}

static void legend_bar(FILE *out, const char *class, const char *words)
{
	bool low = *class == 'd';

	html(out,
	     "<span><svg class=\"strip\"><line class=\"base\" x2=\"100%%\" y1=\"30.5\" y2=\"30.5\" "
	     "/>"
	     "<rect class=\"%s\" x=\"4\" width=\"32\" y=\"%u\" height=\"%u\" /></svg>%s</span>\n",
	     class, low ? 22 : 12, low ? 8 : 18, words);
}

static void legend_mark(FILE *out, const char *class, const char *shape, const char *words)
{
	html(out,
	     "<span><svg class=\"strip\"><svg class=\"%s\" x=\"20\" overflow=\"visible\"><line "
	     "y1=\"11\" y2=\"32\" />"
	     "<path d=\"%s\"/></svg></svg>%s</span>\n",
	     class, shape, words);
}

void strips_legend(FILE *out)
{
	html(out, "<div class=\"legend\">\n");
	legend_bar(out, "s", "another clone drew the same");
	legend_bar(out, "m", "another clone drew some of these");
	legend_bar(out, "d", "drawn only by this clone");
	legend_bar(out, "n", "nothing drawn");
	legend_mark(out, "rekey", "M-6 1H6L0 11z", "kernel rekeyed by vmgenc");
	legend_mark(out, "log", "M0 1L5 6 0 11-5 6z", "kernel’s own driver logged its reseed");
	legend_mark(out, "told", "M-6 42H6L0 32z", "program notified, by poll(2) or devctl(4)");
	html(out, "</div>\n");
}
