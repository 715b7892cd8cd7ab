/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/report: the page of results as a whole: the verdict, each document's section, and the
 * conditions of the results.
 */
#include <string.h>

#include "document.h"

static struct judgement judge_all(const struct document *list, size_t count)
{
	struct judgement all = {0};

	for (size_t i = 0; i < count; i++) {
		struct judgement s = list[i].kind->judge(&list[i]);

		all.judged += s.judged;
		all.wrong += s.wrong;
	}
	return all;
}

static bool any_prove_judged(const struct document *list, size_t count)
{
	bool any = false;

	for (size_t i = 0; i < count; i++)
		any |= list[i].kind == &kind_prove && kind_prove.judge(&list[i]).judged;
	return any;
}

static const char *verdict(const struct document *list, size_t count)
{
	struct judgement s = judge_all(list, count);

	if (!s.judged)
		return "Nothing judged";
	if (s.wrong)
		return any_prove_judged(list, count)
			       ? "NOT as promised: clones are not all protected"
			       : "NOT as promised";
	return any_prove_judged(list, count) ? "Protected" : "As promised";
}

/* Find the latest date; ISO 8601 sorts as text. */
static const char *date_of(const struct document *list, size_t count)
{
	const char *date = "";

	for (size_t i = 0; i < count; i++) {
		if (strcmp(list[i].date, date) > 0)
			date = list[i].date;
	}
	return date;
}

/* The policy makes the page fetch and run nothing, whatever a guest put into a text. */
static void write_head(FILE *out, const char *verdict_is, const char *date)
{
	html(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
		  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
		  "<meta name=\"color-scheme\" content=\"light dark\"/>\n"
		  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		  "style-src 'unsafe-inline'\"/>\n<title>");
	html(out, "vmgenc: %s, clones compared%s%s</title>\n<style>\n", verdict_is,
	     *date ? " " : "", words_day(date));
	fputs(report_style, out);
	html(out, "</style>\n</head>\n");
}

static void write_patterns(FILE *out)
{
	html(out,
	     "<svg class=\"defs\" aria-hidden=\"true\"><defs>"
	     "<pattern id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
	     "patternTransform=\"rotate(45)\"><rect class=\"ground\" width=\"6\" height=\"6\" />"
	     "<rect class=\"line\" width=\"2\" height=\"6\" /></pattern>"
	     "<pattern id=\"mixed\" width=\"6\" height=\"4\" patternUnits=\"userSpaceOnUse\">"
	     "<rect class=\"line\" width=\"2.5\" height=\"4\" /></pattern></defs></svg>\n");
}

static void write_sentences(FILE *out, const struct document *list, size_t count)
{
	html(out, "<ul class=\"sentences\">\n");
	for (size_t i = 0; i < count; i++) {
		struct judgement s = list[i].kind->judge(&list[i]);

		if (list[i].merged)
			continue;
		html(out, "<li><b class=\"mark\">%s</b> <span>",
		     !s.judged ? "–"
		     : s.wrong ? "✗"
			       : "✓");
		list[i].kind->sentence(out, &list[i]);
		html(out, "</span></li>\n");
	}
	html(out, "</ul>\n");
}

static void write_conditions(FILE *out, const struct document *d)
{
	html(out, "<dl>\n<dt>File</dt><dd><code>%s</code></dd>\n", d->input.path);
	if (*d->date)
		html(out, "<dt>Started</dt><dd>%s</dd>\n", d->date);
	if (*d->accel)
		html(out, "<dt>QEMU’s accelerator</dt><dd>%s%s</dd>\n", d->accel,
		     strcmp(d->accel, "tcg") ? "" : ": emulation, which causes most of the times");
	if (d->seconds > 0)
		html(out, "<dt>Duration</dt><dd>%s</dd>\n", words_seconds(d->seconds));
	if (d->kind->conditions)
		d->kind->conditions(out, d);
	html(out, "</dl>\n");
}

/* The conditions that matter most for times and counts; the others are at the end. */
static void write_meta(FILE *out, const struct document *list, size_t count, const char *date)
{
	html(out, "<p class=\"meta\">vmgenc-lab %s%s%s", LAB_VERSION, *date ? ", " : "",
	     words_day(date));
	for (size_t i = 0; i < count; i++) {
		const struct document *d = &list[i];

		if (d->kind != &kind_prove)
			continue;
		html(out, ", QEMU with %s, %s, RDRAND %s", d->accel,
		     words_plural(d->prove.cpus, "virtual CPU", "virtual CPUs"),
		     d->prove.rdrand ? "not masked" : "masked");
		break;
	}
	html(out, "</p>\n");
}

void page_write(FILE *out, const struct document *list, size_t count)
{
	struct judgement s = judge_all(list, count);
	const char *date = date_of(list, count);

	write_head(out, verdict(list, count), date);
	html(out, "<body>\n");
	write_patterns(out);
	html(out,
	     "<header>\n<h1>Do clones of a virtual machine draw the same random values?</h1>\n");
	write_meta(out, list, count, date);
	html(out, "<p class=\"verdict %s\"><b>%s</b></p>\n",
	     !s.judged ? "unknown"
	     : s.wrong ? "wrong"
		       : "right",
	     verdict(list, count));
	write_sentences(out, list, count);
	html(out, "</header>\n<main>\n");
	for (size_t i = 0; i < count; i++) {
		if (!list[i].merged)
			list[i].kind->write(out, &list[i]);
	}
	html(out, "<h2>How the results were obtained</h2>\n");
	for (size_t i = 0; i < count; i++)
		write_conditions(out, &list[i]);
	html(out, "</main>\n<footer><p>A clone is a copy of a running virtual machine. Both "
		  "continue with the same memory, and so with the same state of every random "
		  "generator. vmgenc detects a copy by its VM Generation ID. vmgenc(4), "
		  "libvmgenc(3) and docs/guarantees.md say what it guarantees and what not.</p>"
		  "</footer>\n</body>\n</html>\n");
}
