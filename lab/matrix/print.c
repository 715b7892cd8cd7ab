/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/matrix: prints the matrix of hypervisors' firmware, and writes it as JSON.
 */
#include <errno.h>
#include <string.h>

#include <jansson.h>

#include "host/host.h"
#include "matrix.h"

static const char *const noticed_names[] = {"no", "notification", "look"};

static void tally_text(const struct tally *t, char to[40])
{
	if (!t->made)
		snprintf(to, 40, "-");
	else if (!t->identical)
		snprintf(to, 40, "none of %llu", (unsigned long long)t->drawn);
	else
		snprintf(to, 40, "%llu of %llu", (unsigned long long)t->identical,
			 (unsigned long long)t->drawn);
}

static const char *yes_no(bool yes)
{
	return yes ? "yes" : "no";
}

static void found_text(const struct matrix_row *r, char to[40])
{
	if (r->address)
		snprintf(to, 40, "at %#llx", (unsigned long long)r->address);
	else if (r->ours)
		snprintf(to, 40, "%s", yes_no(r->found));
	else
		snprintf(to, 40, "%s", r->found ? "bound" : "not bound");
}

static void print_row(const struct matrix_row *r, bool first)
{
	char found[40], getrandom[40], guarded[40];

	found_text(r, found);
	tally_text(&r->getrandom, getrandom);
	tally_text(&r->guarded, guarded);
	printf("%-18s %-9s %-15s %-6s %-13s %-8s %-14s %-14s %s%s%s\n",
	       first ? r->shape->hypervisor : "", r->ours ? "vmgenc" : "built-in", found,
	       r->ours ? yes_no(r->order) : "-", noticed_names[r->noticed], yes_no(r->rekeyed),
	       getrandom, guarded, r->ours || !r->ok ? (r->ok ? "ok" : "NOT AS EXPECTED") : "",
	       r->note[0] ? "  " : "", r->note);
}

static const char legend[] =
	"\nfound: the address of the id that the driver reports, or whether it is bound to a\n"
	"device; id: whether the driver read it in the hypervisor's order of bytes; noticed\n"
	"by: what detected the change in an idle guest; getrandom, guarded: draws that two\n"
	"clones share (with the built-in driver: in an idle guest)\n";

void matrix_print(const struct matrix *m)
{
	const struct matrix_row *before = NULL;

	for (size_t i = 0; i < m->count; i++) {
		const struct matrix_row *r = &m->rows[i];

		if (!before || strcmp(before->release, r->release))
			printf("%s%s\n%-18s %-9s %-15s %-6s %-13s %-8s %-14s %-14s\n",
			       before ? "\n" : "", r->release, "firmware", "driver", "found", "id",
			       "noticed by", "rekeyed", "getrandom", "guarded");
		print_row(r, !before || before->shape != r->shape ||
				     strcmp(before->release, r->release));
		before = r;
	}
	puts(legend);
}

static json_t *identical_of(const struct tally *t)
{
	return t->made ? json_integer((json_int_t)t->identical) : json_null();
}

static json_t *drawn_of(const struct tally *t)
{
	return t->made ? json_integer((json_int_t)t->drawn) : json_null();
}

static json_t *row_of(const struct matrix_row *r)
{
	char address[24] = "";

	if (r->address)
		snprintf(address, sizeof(address), "%#llx", (unsigned long long)r->address);
	return json_pack("{s:s,s:s,s:s,s:b,s:o,s:b,s:s,s:b,s:o,s:o,s:o,s:o,s:b,s:s}", "firmware",
			 r->shape->name, "release", r->release, "driver",
			 r->ours ? "vmgenc" : "built-in", "found", r->found, "address",
			 *address ? json_string(address) : json_null(), "id_order", r->order,
			 "noticed", noticed_names[r->noticed], "rekeyed", r->rekeyed,
			 "getrandom_identical", identical_of(&r->getrandom), "getrandom_drawn",
			 drawn_of(&r->getrandom), "guarded_identical", identical_of(&r->guarded),
			 "guarded_drawn", drawn_of(&r->guarded), "ok", r->ok, "note", r->note);
}

int matrix_json(const struct matrix *m, const char *path)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < m->count; i++)
		json_array_append_new(rows, row_of(&m->rows[i]));
	json_t *root = json_pack("{s:i,s:s,s:o,s:f}", "version", 1, "kind", "firmware", "rows",
				 rows, "seconds", m->seconds);

	if (!root)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "no memory");
	int failed = json_dump_file(root, path, JSON_INDENT(2));

	json_decref(root);
	return failed ? lab_fail(LAB_EXIT_ENVIRONMENT, "cannot write %s: %s", path, strerror(errno))
		      : 0;
}
