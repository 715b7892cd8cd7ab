/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/report: the section for hostile and broken firmware on the page of results.
 */
#include <stdlib.h>
#include <string.h>

#include "document.h"

static void read_row(const struct node *n, void *element)
{
	*(struct hostile_row *)element = (struct hostile_row){.variant = node_text(n, "variant"),
							      .release = node_text(n, "release"),
							      .error = node_text_or(n, "errno", ""),
							      .log = node_text_or(n, "log", ""),
							      .survived = node_bool(n, "survived"),
							      .ok = node_bool(n, "ok")};
}

static void read_hostile(struct document *d, const struct node *root)
{
	d->rows = node_items(root, "rows", sizeof(struct hostile_row), &d->row_count, read_row);
}

static bool is_right(const struct hostile_row *r)
{
	return r->ok && r->survived;
}

static struct judgement judge_hostile(const struct document *d)
{
	const struct hostile_row *list = d->rows;
	struct judgement s = {.judged = d->row_count};

	for (size_t i = 0; i < d->row_count; i++)
		s.wrong += !is_right(&list[i]);
	return s;
}

static void hostile_sentence(FILE *out, const struct document *d)
{
	const struct hostile_row *list = d->rows;
	uint64_t survived = 0, right = d->row_count - judge_hostile(d).wrong;

	for (size_t i = 0; i < d->row_count; i++)
		survived += list[i].survived;
	if (right < d->row_count)
		html(out,
		     "<b>Of %s of hostile or broken firmware, the guest survived %s and only %s "
		     "ended "
		     "with the documented answer.</b>",
		     words_plural(d->row_count, "trial", "trials"), words_count(survived),
		     words_count(right));
	else
		html(out,
		     "All %s of hostile or broken firmware ended with the documented answer and "
		     "the "
		     "guest alive.",
		     words_plural(d->row_count, "trial", "trials"));
}

static void write_answer(FILE *out, const struct hostile_row *r)
{
	html(out, " %s %s, <b>%s</b>",
	     is_right(r) ? "✓" : "✗ wrong:", r->survived ? "survived" : "guest lost",
	     *r->error && strcmp(r->error, "0") != 0 ? r->error : "loaded");
	if (*r->log)
		html(out, " <code>%s</code>", r->log);
	html(out, "</div>");
}

static bool same_answer(const struct hostile_row *a, const struct hostile_row *b)
{
	return !strcmp(a->error, b->error) && !strcmp(a->log, b->log) &&
	       a->survived == b->survived && a->ok == b->ok;
}

/* Write one row for a variant; kernels with the same answer share a line. */
static void write_variant(FILE *out, const struct hostile_row *list, size_t count, size_t first)
{
	html(out, "<tr><th scope=\"row\">%s</th><td class=\"%s\">", list[first].variant,
	     is_right(&list[first]) ? "few" : "many");
	for (size_t i = first; i < count; i++) {
		bool told = strcmp(list[i].variant, list[first].variant) != 0;

		for (size_t j = first; j < i && !told; j++)
			told = !strcmp(list[j].variant, list[first].variant) &&
			       same_answer(&list[j], &list[i]);
		if (told)
			continue;
		html(out, "<div><small>");
		for (size_t j = i; j < count; j++) {
			if (!strcmp(list[j].variant, list[i].variant) &&
			    same_answer(&list[j], &list[i]))
				html(out, "%s%s", j > i ? ", " : "", list[j].release);
		}
		html(out, "</small>");
		write_answer(out, &list[i]);
	}
	html(out, "</td></tr>\n");
}

/* write_hostile() puts the wrong variants first. */
static void write_variants(FILE *out, const struct document *d, bool wrong)
{
	const struct hostile_row *list = d->rows;

	for (size_t i = 0; i < d->row_count; i++) {
		bool first = true, right = true;

		for (size_t j = 0; j < d->row_count; j++) {
			bool same = !strcmp(list[j].variant, list[i].variant);

			first = first && !(same && j < i);
			right = right && (!same || is_right(&list[j]));
		}
		if (first && right != wrong)
			write_variant(out, list, d->row_count, i);
	}
}

static void write_hostile(FILE *out, const struct document *d)
{
	html(out, "<h2>Hostile and broken firmware</h2>\n<p>Each variant was tried with a real "
		  "guest, which must stay alive, refuse or use the device as documented, and log "
		  "it.</p>\n<table class=\"cells two\">\n<thead><tr><th scope=\"col\">variant</th>"
		  "<th scope=\"col\">kernel, answer, log</th></tr></thead>\n<tbody>\n");
	write_variants(out, d, true);
	write_variants(out, d, false);
	html(out, "</tbody></table>\n");
}

const struct kind kind_hostile = {
	.name = "hostile",
	.row_size = sizeof(struct hostile_row),
	.read = read_hostile,
	.judge = judge_hostile,
	.sentence = hostile_sentence,
	.write = write_hostile,
};
