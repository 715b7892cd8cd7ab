/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/soak: judges what clones have in common. Guarded: nothing. getrandom: the draw under way on
 * each CPU at each snapshot. Unguarded: everything, or the comparison could not tell.
 */
#include <stdlib.h>
#include <string.h>

#include "soak.h"

struct clones {
	json_int_t count, snapshots, drawn, values, shared, last_index;
};

static json_int_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static struct clones read_clones(const json_t *report, const json_t *result)
{
	const json_t *list = json_object_get(result, "clones"), *clone;
	struct clones c = {.count = (json_int_t)json_array_size(list),
			   .snapshots = number(report, "depth"),
			   .values = number(result, "values"),
			   .shared = number(result, "shared_values"),
			   .last_index = number(result, "last_identical_index")};
	size_t i;

	json_array_foreach((json_t *)list, i, clone) c.drawn += number(clone, "drawn");
	return c;
}

/* Exact, so each clone must have made every draw; NULL if all is as it should be. */
static const char *wrong_with(const char *generator, const struct clones *c, const json_t *report)
{
	if (c->count != number(report, "clones") * c->snapshots)
		return "clones are missing";
	if (c->drawn != c->count * CPUS * DRAWS)
		return "draws are missing";
	if (!strcmp(generator, "unguarded"))
		return c->shared == c->values && c->values == c->snapshots * CPUS * DRAWS
			       ? NULL
			       : "the comparison does not find what is shared";
	if (!strcmp(generator, "guarded"))
		return c->shared ? "guarded programs share values" : NULL;
	if (c->last_index || c->shared > CPUS * c->snapshots)
		return "more than the draws under way is shared";
	return NULL;
}

static void write_place(const json_t *value, const struct clones *c, FILE *to)
{
	const json_t *first = json_object_get(value, "first"),
		     *last = json_object_get(value, "last");
	json_int_t clones = number(value, "clones");

	fprintf(to, "draw %lld of CPU %lld in ", (long long)number(first, "draw"),
		(long long)number(first, "cpu"));
	if (clones == c->count)
		fprintf(to, "all %lld clones", (long long)clones);
	else
		fprintf(to, "%lld clones, %lld to %lld", (long long)clones,
			(long long)number(first, "clone"), (long long)number(last, "clone"));
}

/* The first few; the report of the lab has more. */
static char *where(const json_t *result, const struct clones *c)
{
	const json_t *list = json_object_get(result, "shared"), *value;
	size_t size, i, few = 3;
	char *text = NULL;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		return NULL;
	json_array_foreach((json_t *)list, i, value)
	{
		if (i == few)
			break;
		fputs(i ? "; " : "", to);
		write_place(value, c, to);
	}
	if (c->shared > (json_int_t)few && !c->last_index)
		fprintf(to, "; and %lld more, each draw 0 (under way at the snapshot)",
			(long long)c->shared - (long long)few);
	else if (c->shared > (json_int_t)few)
		fprintf(to, "; and %lld more, up to draw %lld",
			(long long)c->shared - (long long)few, (long long)c->last_index);
	else if (c->shared && !c->last_index)
		fputs(" (under way at the snapshot)", to);
	fclose(to);
	return text;
}

void verdict(const json_t *report, json_t *part, FILE *text)
{
	const json_t *results = json_object_get(report, "results"), *result;
	json_t *shared = json_array();
	bool ok = json_array_size(results) > 0;
	size_t i;

	json_array_foreach((json_t *)results, i, result)
	{
		const char *generator = json_string_value(json_object_get(result, "generator"));
		struct clones c = read_clones(report, result);
		const char *wrong = wrong_with(generator, &c, report);
		char *place = where(result, &c);

		json_array_append_new(
			shared,
			json_pack("{s:s,s:I,s:I,s:s,s:I,s:f}", "generator", generator, "values",
				  c.drawn, "shared", c.shared, "where", place ? place : "",
				  "most_at_once", number(result, "most_at_once"), "seconds",
				  json_real_value(json_object_get(result, "seconds"))));
		fprintf(text, "\n       %s: %lld values drawn, %lld shared%s%s%s%s", generator,
			(long long)c.drawn, (long long)c.shared, place && *place ? ": " : "",
			place ? place : "", wrong ? "; " : "", wrong ? wrong : "");
		free(place);
		ok &= !wrong;
	}
	json_object_set_new(part, "shared", shared);
	json_object_set_new(part, "ok", json_boolean(ok));
}
