/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/report: what the trials of "prove" mean, in one sentence at the top of the page.
 */
#include <stdlib.h>
#include <string.h>

#include "document.h"

/* With the same id nothing may change. Rekeys may: a settled generation is rekeyed again. */
static struct judgement judge_same_id(const struct document *d)
{
	struct judgement s = {0};

	for (size_t i = 0; i < d->prove.trial_count; i++) {
		const struct trial *t = &d->prove.trials[i];

		for (size_t j = 0; j < t->clone_count; j++) {
			const struct trial_clone *c = &t->clones[j];

			s.judged += c->changes >= 0;
			s.wrong += c->changes > 0 || c->rekey_failures > 0;
		}
	}
	return s;
}

struct judgement judge_trials(const struct document *d)
{
	struct judgement s = {0};

	if (d->prove.same_id)
		return judge_same_id(d);
	for (size_t i = 0; i < d->prove.trial_count; i++) {
		const struct trial *t = &d->prove.trials[i];

		s.judged += t->judged;
		s.wrong += t->judged && t->identical > t->allowed;
	}
	return s;
}

/* Find the kernel's generator with the most identical draws in a guest without a module. */
static const struct trial *worst_unprotected(const struct document *d, const char *guest)
{
	static const char *const kernels[] = {"getrandom", "vdso", "urandom", "arandom",
					      "arc4rand",  "uuid", "glibc"};
	const struct trial *worst = NULL;

	for (size_t i = 0; i < sizeof(kernels) / sizeof(*kernels) && !worst; i++)
		worst = worst_trial(d, guest, kernels[i]);
	return worst && !worst->module && worst->identical ? worst : NULL;
}

static void sentence_without(FILE *out, const struct document *d)
{
	const char **guests = calloc(d->prove.trial_count + 1, sizeof(*guests));
	size_t n = guests ? distinct(d, false, guests) : 0;
	const char *between = " Without it, clones drew identical values from the kernel:";

	for (size_t i = 0; i < n; i++) {
		const struct trial *t = worst_unprotected(d, guests[i]);

		if (!t)
			continue;
		html(out, "%s <b>%s</b> %s", between, t->guest,
		     words_draws(t->identical, t->drawn));
		if (t->identical < t->drawn)
			html(out, " (until %s after the resume)", words_time(t->last_ns));
		between = ",";
	}
	if (*between == ',')
		html(out, ".");
	free(guests);
}

/* What notified the clones. */
static const char *source_of(const struct document *d)
{
	return d->prove.vmclock ? "a VMClock" : "vmgenc";
}

/* The sentence if all judged trials are as promised. */
static void sentence_with(FILE *out, const struct document *d, struct judgement s)
{
	uint64_t most = 0;
	bool under_way = true, guarded = false;

	for (size_t i = 0; i < d->prove.trial_count; i++) {
		const struct trial *t = &d->prove.trials[i];

		if (!t->judged)
			continue;
		most = t->identical > most ? t->identical : most;
		under_way &= !t->identical || t->under_way;
		guarded |= !strcmp(t->generator, "guarded");
	}
	html(out, "With %s, clones of one snapshot shared ", source_of(d));
	if (!most)
		html(out, "no random value");
	else
		html(out, "at most %s of the kernel’s generator%s%s",
		     words_plural(most, "draw", "draws"),
		     under_way ? ", under way at the snapshot" : "",
		     guarded ? ", and guarded programs none" : "");
	html(out, " (%s).", words_plural(s.judged, "trial", "trials"));
}

static void sentence_same_id(FILE *out, struct judgement s)
{
	html(out, "The clones kept their parent’s id, so vmgenc had to do nothing: ");
	if (!s.judged)
		html(out, "no guest had it.");
	else if (s.wrong)
		html(out, "vmgenc <b>disturbed %s of %s clones</b>.", words_count(s.wrong),
		     words_count(s.judged));
	else
		html(out, "vmgenc did nothing in %s.", words_plural(s.judged, "clone", "clones"));
}

void trials_sentence(FILE *out, const struct document *d)
{
	struct judgement s = judge_trials(d);

	if (d->prove.same_id) {
		sentence_same_id(out, s);
		return;
	}
	if (s.wrong)
		html(out, "<b>With %s, clones drew the same random values</b> in %s of %s trials.",
		     source_of(d), words_count(s.wrong), words_count(s.judged));
	else if (s.judged)
		sentence_with(out, d, s);
	else
		html(out, "No guest had vmgenc, so nothing was judged.");
	sentence_without(out, d);
}
