/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/report: the section for the long run on the page of results: many clones, clones of clones
 * and many changes.
 */
#include <stdlib.h>
#include <string.h>

#include "document.h"

static const struct {
	const char *name, *title, *one, *many;
} parts[] = {
	{"clones", "Clones of one snapshot, each compared with all others", "clone", "clones"},
	{"chain", "Clones of clones", "generation of clones", "generations of clones"},
	{"changes", "Changes in one running guest", "change", "changes"},
};

static void read_shared(const struct node *n, void *element)
{
	*(struct soak_shared *)element =
		(struct soak_shared){.generator = node_text(n, "generator"),
				     .where = node_text_or(n, "where", ""),
				     .values = node_count(n, "values"),
				     .shared = node_count(n, "shared")};
}

static void read_memory(const struct node *n, void *element)
{
	*(struct soak_memory *)element = (struct soak_memory){.what = node_text(n, "what"),
							      .before = node_count(n, "before"),
							      .after = node_count(n, "after")};
}

static void read_part(const struct node *n, void *element)
{
	struct soak_part *p = element;

	*p = (struct soak_part){.name = node_text(n, "name"),
				.release = node_text_or(n, "release", NULL),
				.count = node_count(n, "count"),
				.warnings = node_count_or(n, "warnings"),
				.seconds = node_real(n, "seconds"),
				.ok = node_bool(n, "ok")};
	p->shared = node_items(n, "shared", sizeof(*p->shared), &p->shared_count, read_shared);
	p->memory = node_items(n, "memory", sizeof(*p->memory), &p->memory_count, read_memory);
}

static void read_soak(struct document *d, const struct node *root)
{
	struct soak_part *list;

	d->release = node_text(root, "release");
	d->rows = list = node_items(root, "parts", sizeof(*list), &d->row_count, read_part);
	for (size_t i = 0; list && i < d->row_count; i++) {
		if (!list[i].release)
			list[i].release = d->release;
	}
}

static struct judgement judge_soak(const struct document *d)
{
	const struct soak_part *list = d->rows;
	struct judgement s = {.judged = d->row_count};

	for (size_t i = 0; i < d->row_count; i++)
		s.wrong += !list[i].ok;
	return s;
}

static const char *how_many(const struct soak_part *p)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (!strcmp(parts[i].name, p->name))
			return words_plural(p->count, parts[i].one, parts[i].many);
	}
	return words_count(p->count);
}

static const char *title_of(const struct soak_part *p)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (!strcmp(parts[i].name, p->name))
			return parts[i].title;
	}
	return p->name;
}

static void guarded_values(const struct document *d, uint64_t *values, uint64_t *shared)
{
	const struct soak_part *list = d->rows;

	*values = *shared = 0;
	for (size_t i = 0; i < d->row_count; i++) {
		for (size_t j = 0; j < list[i].shared_count; j++) {
			const struct soak_shared *s = &list[i].shared[j];
			bool guarded = !strcmp(s->generator, "guarded");

			*values += guarded ? s->values : 0;
			*shared += guarded ? s->shared : 0;
		}
	}
}

static void soak_sentence(FILE *out, const struct document *d)
{
	const struct soak_part *list = d->rows;
	uint64_t values, shared;

	html(out, "The long run %s: ",
	     judge_soak(d).wrong ? "found something WRONG" : "found nothing wrong");
	for (size_t i = 0; i < d->row_count; i++)
		html(out, "%s%s in %s%s", i ? ", " : "", how_many(&list[i]),
		     words_seconds(list[i].seconds), list[i].ok ? "" : " (✗)");
	guarded_values(d, &values, &shared);
	if (values)
		html(out, "; of the values of guarded programs, %s were shared",
		     words_draws(shared, values));
	html(out, ".");
}

static void write_shared(FILE *out, const struct soak_part *p)
{
	html(out, "<table class=\"cells\">\n<thead><tr><th scope=\"col\">generator</th>"
		  "<th class=\"number\" scope=\"col\">compared</th><th class=\"number\" "
		  "scope=\"col\">shared</th>"
		  "<th scope=\"col\">where</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < p->shared_count; i++) {
		const struct soak_shared *s = &p->shared[i];

		html(out,
		     "<tr><th scope=\"row\">%s</th><td class=\"number\" data-column=\"compared\">"
		     "<span>%s</span></td><td class=\"%s\" "
		     "data-column=\"shared\"><span><b>%s</b></span></td>"
		     "<td data-column=\"where\"><span>%s</span></td></tr>\n",
		     generator_title(s->generator), words_count(s->values),
		     !s->shared ? "few"
		     : p->ok	? "other"
				: "many",
		     s->shared ? words_count(s->shared) : "none", *s->where ? s->where : "–");
	}
	html(out, "</tbody></table>\n");
}

static void write_memory(FILE *out, const struct soak_part *p)
{
	html(out,
	     "<table class=\"cells\">\n<thead><tr><th scope=\"col\">kept</th><th "
	     "scope=\"col\">before</th>"
	     "<th scope=\"col\">after</th><th scope=\"col\">change</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < p->memory_count; i++) {
		const struct soak_memory *m = &p->memory[i];
		bool more = m->after > m->before;

		html(out,
		     "<tr><th scope=\"row\">%s</th><td data-column=\"before\"><span>%s</span></td>"
		     "<td data-column=\"after\"><span>%s</span></td>"
		     "<td data-column=\"change\"><span>%s%s</span></td></tr>\n",
		     m->what, words_count(m->before), words_count(m->after),
		     more		    ? "+"
		     : m->after < m->before ? "−"
					    : "",
		     words_count(more ? m->after - m->before : m->before - m->after));
	}
	html(out, "</tbody></table>\n");
}

/* Return "" if the log was not checked. */
static const char *words_warnings(int64_t n)
{
	if (n <= 0)
		return n ? "" : "no warning";
	return words_plural((uint64_t)n, "warning", "warnings");
}

static void write_soak(FILE *out, const struct document *d)
{
	const struct soak_part *list = d->rows;

	html(out, "<h2>The long run</h2>\n");
	for (size_t i = 0; i < d->row_count; i++) {
		const struct soak_part *p = &list[i];

		html(out, "<h3>%s %s</h3>\n<p><b>%s</b> in %s on %s%s%s.</p>\n", p->ok ? "✓" : "✗",
		     title_of(p), how_many(p), words_seconds(p->seconds), p->release,
		     p->warnings < 0 ? "" : "; the kernel’s log has ", words_warnings(p->warnings));
		if (p->shared_count)
			write_shared(out, p);
		if (p->memory_count)
			write_memory(out, p);
	}
}

static void soak_conditions(FILE *out, const struct document *d)
{
	html(out, "<dt>Kernel</dt><dd>%s</dd>\n", d->release);
}

static void soak_release(struct document *d)
{
	struct soak_part *list = d->rows;

	for (size_t i = 0; list && i < d->row_count; i++) {
		free(list[i].shared);
		free(list[i].memory);
	}
}

const struct kind kind_soak = {
	.name = "soak",
	.read = read_soak,
	.judge = judge_soak,
	.sentence = soak_sentence,
	.write = write_soak,
	.conditions = soak_conditions,
	.release = soak_release,
};
