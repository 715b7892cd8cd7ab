/* SPDX-License-Identifier: BSD-2-Clause */
/* test/fleet: reads the alerts of amtool's JSON and prints a line of each: for a shared identity
 * the kind and the machines that its text names, in order; for others the alert and its machine. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES 64

static const char *text_of(const json_t *alert, const char *part, const char *key)
{
	const char *text = json_string_value(json_object_get(json_object_get(alert, part), key));

	return text ? text : "";
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void print_names(const char *names)
{
	char *copy = strdup(names), *list[NAMES], *save;
	size_t n = 0;

	for (char *name = strtok_r(copy, " ", &save); name && n < NAMES;
	     name = strtok_r(NULL, " ", &save))
		list[n++] = name;
	qsort(list, n, sizeof(*list), by_text);
	for (size_t i = 0; i < n; i++)
		printf(" %s", list[i]);
	free(copy);
}

int main(void)
{
	json_t *alerts = json_loadf(stdin, 0, NULL), *alert;
	size_t i;

	if (!json_is_array(alerts)) {
		fputs("verdict: no alerts could be read\n", stderr);
		return 3;
	}
	json_array_foreach(alerts, i, alert)
	{
		const char *kind = text_of(alert, "labels", "kind");

		if (*kind) {
			printf("%s", kind);
			print_names(text_of(alert, "annotations", "machines"));
		} else {
			printf("%s %s", text_of(alert, "labels", "alertname"),
			       text_of(alert, "labels", "instance"));
		}
		putchar('\n');
	}
	json_decref(alerts);
	return 0;
}
