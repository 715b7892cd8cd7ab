/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/report: the command "report". It reads all files before it writes anything, so wrong input
 * does not destroy an existing page.
 */
#include <stdlib.h>
#include <string.h>

#include "document.h"
#include "report.h"

static const struct kind *const kinds[] = {&kind_prove, &kind_firmware, &kind_hostile, &kind_soak};

static const struct kind *kind_named(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (!strcmp(kinds[i]->name, name))
			return kinds[i];
	}
	return NULL;
}

static int read_document(struct document *d, const char *path)
{
	struct node root;

	if (input_open(&d->input, path, &root))
		return d->input.code;
	if (node_count(&root, "version") != 1)
		input_wrong(&root, "version", "is not 1, which this program requires");
	const char *name = node_text(&root, "kind");

	d->kind = kind_named(name);
	if (!d->kind)
		input_wrong(&root, "kind", "is none of prove, firmware, hostile and soak");
	if (d->input.code)
		return d->input.code;
	d->date = node_text_or(&root, "date", "");
	d->accel = node_text_or(&root, "accel", "");
	if (json_object_get(root.json, "seconds"))
		d->seconds = node_real(&root, "seconds");
	d->kind->read(d, &root);
	return d->input.code;
}

/* Each kernel's results may be in a separate file; put their rows into one table. */
static int merge(struct document *list, size_t i)
{
	struct document *d = &list[i], *first = list;

	while (first->kind != d->kind)
		first++;
	size_t size = d->kind->row_size;

	if (first == d || !size)
		return 0;
	char *rows = realloc(first->rows, (first->row_count + d->row_count + 1) * size);

	if (!rows)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "no memory");
	memcpy(rows + first->row_count * size, d->rows, d->row_count * size);
	first->rows = rows;
	first->row_count += d->row_count;
	d->row_count = 0;
	d->merged = true;
	return 0;
}

static int write_page(const char *output, const struct document *list, size_t count)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out)
		page_write(out, list, count);
	/* A memory stream fails only without memory. */
	bool failed = !out || ferror(out);

	if (out && fclose(out))
		failed = true;
	int code = failed ? lab_fail(LAB_EXIT_ENVIRONMENT, "no memory for the page")
			  : report_write(output, text, size);

	free(text);
	return code;
}

static void release(struct document *d)
{
	if (d->kind->release)
		d->kind->release(d);
	free(d->rows);
}

int report(const char *output, char *const *files)
{
	size_t count = 0;
	int code = 0;

	while (files[count])
		count++;
	struct document *list = calloc(count, sizeof(*list));

	if (!list)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "no memory");
	for (size_t i = 0; i < count && !code; i++)
		code = read_document(&list[i], files[i]);
	for (size_t i = 0; i < count && !code; i++)
		code = merge(list, i);
	if (!code)
		code = write_page(output, list, count);
	for (size_t i = 0; i < count; i++) {
		if (list[i].kind)
			release(&list[i]);
		json_decref(list[i].input.root);
	}
	free(list);
	return code;
}
