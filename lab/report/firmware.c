/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/report: the section for the firmware matrix on the page of results.
 */
#include <stdlib.h>
#include <string.h>

#include "document.h"

static void read_row(const struct node *n, void *element)
{
	*(struct firmware_row *)element = (struct firmware_row){
		.firmware = node_text(n, "firmware"),
		.release = node_text(n, "release"),
		.driver = node_text(n, "driver"),
		.address = node_text_or(n, "address", ""),
		.noticed = node_text(n, "noticed"),
		.note = node_text_or(n, "note", ""),
		.found = node_bool(n, "found"),
		.id_order = node_bool(n, "id_order"),
		.rekeyed = node_bool(n, "rekeyed"),
		.ok = node_bool(n, "ok"),
		.getrandom_identical = node_count_or(n, "getrandom_identical"),
		.getrandom_drawn = node_count_or(n, "getrandom_drawn"),
		.guarded_identical = node_count_or(n, "guarded_identical"),
		.guarded_drawn = node_count_or(n, "guarded_drawn")};
}

static void read_firmware(struct document *d, const struct node *root)
{
	d->rows = node_items(root, "rows", sizeof(struct firmware_row), &d->row_count, read_row);
}

static bool is_ours(const struct firmware_row *r)
{
	return strcmp(r->driver, "built-in") != 0;
}

/* The kernel's own driver is for comparison. */
static struct judgement judge_firmware(const struct document *d)
{
	const struct firmware_row *list = d->rows;
	struct judgement s = {0};

	for (size_t i = 0; i < d->row_count; i++) {
		s.judged += is_ours(&list[i]);
		s.wrong += is_ours(&list[i]) && !list[i].ok;
	}
	return s;
}

static void firmware_sentence(FILE *out, const struct document *d)
{
	struct judgement s = judge_firmware(d);

	if (!s.judged)
		html(out, "No guest with vmgenc was tried with a hypervisor’s firmware.");
	else if (s.wrong)
		html(out, "<b>%s of %s trials with the firmware of hypervisors failed</b>.",
		     words_count(s.wrong), words_count(s.judged));
	else
		html(out,
		     "With the firmware of each hypervisor tried, vmgenc found the id, noticed "
		     "its change and rekeyed the kernel (%s).",
		     words_plural(s.judged, "trial", "trials"));
}

static bool same_column(const struct firmware_row *a, const struct firmware_row *b)
{
	return !strcmp(a->release, b->release) && !strcmp(a->driver, b->driver);
}

/* Find the first row of each column, or of each firmware. */
static size_t first_rows(const struct document *d, bool columns, const struct firmware_row **to)
{
	const struct firmware_row *list = d->rows;
	size_t n = 0;

	for (size_t i = 0; i < d->row_count; i++) {
		size_t j = 0;

		while (j < n && (columns ? !same_column(to[j], &list[i])
					 : strcmp(to[j]->firmware, list[i].firmware)))
			j++;
		if (j == n)
			to[n++] = &list[i];
	}
	return n;
}

static void write_identical(FILE *out, const char *generator, int64_t identical, int64_t drawn)
{
	if (identical >= 0 && drawn >= 0)
		html(out, "<small>%s: %s</small>", generator,
		     words_draws((uint64_t)identical, (uint64_t)drawn));
}

static void write_noticed(FILE *out, const struct firmware_row *r)
{
	if (!r->found)
		html(out, "device not found");
	else if (!strcmp(r->noticed, "no"))
		html(out, "change <b>not noticed</b>");
	else
		html(out, "noticed by <b>%s</b>", r->noticed);
}

/* For the kernel's own driver, the page shows whether it protects, not whether that is expected. */
static bool protects(const struct firmware_row *r)
{
	return r->found && r->rekeyed && strcmp(r->noticed, "no") != 0;
}

static const char *mark_of(const struct firmware_row *r)
{
	if (is_ours(r))
		return r->ok ? "✓ " : "✗ wrong: ";
	return protects(r) ? "" : "✗ ";
}

static void write_row_in_cell(FILE *out, const struct firmware_row *r)
{
	html(out, "<span><b>%s</b>", mark_of(r));
	write_noticed(out, r);
	if (r->found && !r->rekeyed)
		html(out, ", kernel <b>not rekeyed</b>");
	if (is_ours(r) && r->found && !r->id_order)
		html(out, ", id read in the <b>wrong order</b>");
	write_identical(out, "getrandom", r->getrandom_identical, r->getrandom_drawn);
	write_identical(out, "guarded", r->guarded_identical, r->guarded_drawn);
	if (*r->address)
		html(out, "<small>id at <code>%s</code></small>", r->address);
	if (*r->note)
		html(out, "<small>%s</small>", r->note);
	html(out, "</span>");
}

static const char *class_of(const struct firmware_row *r)
{
	if (is_ours(r))
		return r->ok ? "few" : "many";
	return protects(r) ? "other" : "many";
}

static void write_cell(FILE *out, const struct document *d, const struct firmware_row *row,
		       const struct firmware_row *column)
{
	const struct firmware_row *list = d->rows;
	size_t i = 0;

	while (i < d->row_count &&
	       (strcmp(list[i].firmware, row->firmware) != 0 || !same_column(&list[i], column)))
		i++;
	html(out, "<td class=\"%s\" data-column=\"%s, %s\">",
	     i == d->row_count ? "none" : class_of(&list[i]), column->release,
	     is_ours(column) ? column->driver : "its own driver");
	if (i < d->row_count)
		write_row_in_cell(out, &list[i]);
	else
		html(out, "<span>not tried</span>");
	html(out, "</td>");
}

static void write_firmware(FILE *out, const struct document *d)
{
	const struct firmware_row **rows = calloc(d->row_count + 1, sizeof(*rows));
	const struct firmware_row **columns = calloc(d->row_count + 1, sizeof(*columns));
	size_t row_count = rows ? first_rows(d, false, rows) : 0;
	size_t column_count = columns ? first_rows(d, true, columns) : 0;

	html(out,
	     "<h2>The firmware of hypervisors</h2>\n<p>Each clone’s id was changed as the "
	     "hypervisor does it. Noticed by: what detected the change in a guest that draws "
	     "almost nothing, a <b>notification</b> or the driver’s <b>look</b> each second. "
	     "The identical draws follow. The kernel’s own driver is for comparison.</p>\n<table "
	     "class=\"cells\">\n"
	     "<thead><tr><th scope=\"col\">firmware</th>");
	for (size_t c = 0; c < column_count; c++)
		html(out, "<th scope=\"col\">%s<br/>%s</th>", columns[c]->release,
		     is_ours(columns[c]) ? columns[c]->driver : "its own driver");
	html(out, "</tr></thead>\n<tbody>\n");
	for (size_t r = 0; r < row_count; r++) {
		html(out, "<tr><th scope=\"row\">%s</th>", rows[r]->firmware);
		for (size_t c = 0; c < column_count; c++)
			write_cell(out, d, rows[r], columns[c]);
		html(out, "</tr>\n");
	}
	html(out, "</tbody></table>\n");
	free(rows);
	free(columns);
}

const struct kind kind_firmware = {
	.name = "firmware",
	.row_size = sizeof(struct firmware_row),
	.read = read_firmware,
	.judge = judge_firmware,
	.sentence = firmware_sentence,
	.write = write_firmware,
};
