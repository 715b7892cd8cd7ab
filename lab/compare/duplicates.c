/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/compare: counts the values that more than one clone drew, and keeps where the first few of
 * them were drawn.
 */
#include "compare.h"

static struct duplicate *value_of(struct duplicates *s, size_t key)
{
	for (size_t i = 0; i < s->kept; i++) {
		if (s->list[i].key == key)
			return &s->list[i];
	}
	if (s->kept == DUPLICATES_KEPT)
		return NULL;
	s->list[s->kept] = (struct duplicate){.key = key};
	return &s->list[s->kept++];
}

void duplicates_note(struct duplicates *s, size_t key, const struct place *at)
{
	struct duplicate *v = value_of(s, key);

	if (!v)
		return;
	if (!v->draws++)
		v->first = *at;
	/* The clones are added one after the other. */
	if (v->draws == 1 || v->last.clone != at->clone)
		v->clones++;
	v->last = *at;
}

static json_t *place_of(const struct place *at)
{
	return json_pack("{s:i,s:i,s:I}", "clone", (int)at->clone, "cpu", (int)at->cpu, "draw",
			 (json_int_t)at->draw);
}

void duplicates_to_json(const struct duplicates *s, json_t *object)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->kept; i++) {
		const struct duplicate *v = &s->list[i];

		json_array_append_new(
			list, json_pack("{s:I,s:I,s:o,s:o}", "clones", (json_int_t)v->clones,
					"draws", (json_int_t)v->draws, "first", place_of(&v->first),
					"last", place_of(&v->last)));
	}
	json_object_set_new(object, "values", json_integer((json_int_t)s->values));
	json_object_set_new(object, "shared_values", json_integer((json_int_t)s->duplicated));
	json_object_set_new(object, "shared", list);
}
