/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab: the table of generators, and look-ups by name.
 */
#include "generators.h"

#include <stddef.h>
#include <string.h>

const struct generator_info generator_table[LAB_GENERATORS] = {
#define GENERATOR(id, name, label, title, meaning, system, probe, provider)                       \
	[LAB_##id] = {name, label, title, meaning, LAB_SYSTEM_##system, LAB_PROBE_##probe, provider},
#include "generators.def"
};

const struct generator_info *generator_find(const char *name)
{
	for (int g = 0; g < LAB_GENERATORS; g++) {
		if (!strcmp(generator_table[g].name, name))
			return &generator_table[g];
	}
	return NULL;
}

const char *generator_title(const char *name)
{
	const struct generator_info *g = generator_find(name);

	return g ? g->title : name;
}

const char *generator_meaning(const char *name)
{
	const struct generator_info *g = generator_find(name);

	return g ? g->meaning : "";
}
