/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/prove: prints the line that names the clock source of the guests' times.
 */
#include <string.h>

#include "prove.h"

#define CLOCKS_MAX 8

/* Add a name once; a guest may change its clock source between two clones. */
static size_t add(const char **names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(names[i], name))
			return count;
	}
	if (*name && count < CLOCKS_MAX)
		names[count++] = name;
	return count;
}

void clocks_print(const struct results *all)
{
	const char *names[CLOCKS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < all->count; i++) {
		for (size_t j = 0; j < all->list[i].clone_count; j++)
			count = add(names, count, all->list[i].clones[j].clock);
	}
	if (!count)
		return;
	printf("Clock of the guests' times, under %s: ", all->accel);
	for (size_t i = 0; i < count; i++)
		printf("%s%s", i ? ", " : "", names[i]);
	printf("\n\n");
}
