/* SPDX-License-Identifier: BSD-2-Clause */
/* test/kvm: the table at the end, of what "vmgenc-lab prove --json" wrote for each kernel. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kvm.h"

#define CLONES_MAX 64

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The times of a result's clones in milliseconds, in order; those that did not happen are none. */
static size_t times_of(const json_t *result, const char *key, double list[CLONES_MAX])
{
	const json_t *clones = json_object_get(result, "clones"), *clone;
	size_t n = 0, i;

	json_array_foreach((json_t *)clones, i, clone)
	{
		const json_t *ns = json_object_get(clone, key);

		if (json_is_integer(ns) && n < CLONES_MAX)
			list[n++] = (double)json_integer_value(ns) / 1e6;
	}
	qsort(list, n, sizeof(*list), by_size);
	return n;
}

static const char *clock_of(const json_t *result)
{
	return text_of(json_array_get(json_object_get(result, "clones"), 0), "clock");
}

static const json_t *find(const json_t *root, const char *guest, const char *generator)
{
	const json_t *list = json_object_get(root, "results"), *result;
	size_t i;

	json_array_foreach((json_t *)list, i, result)
	{
		if (!strcmp(text_of(result, "guest"), guest) &&
		    !strcmp(text_of(result, "generator"), generator))
			return result;
	}
	return NULL;
}

static void cell_draws(const json_t *result, char *to, size_t size)
{
	if (!json_is_true(json_object_get(result, "possible")))
		snprintf(to, size, "-");
	else
		snprintf(to, size, "%lld of %lld",
			 (long long)json_integer_value(json_object_get(result, "identical")),
			 (long long)json_integer_value(json_object_get(result, "drawn")));
}

static void cell_time(const json_t *result, const char *key, char *to, size_t size)
{
	double list[CLONES_MAX];
	size_t n = times_of(result, key, list);

	if (!n)
		snprintf(to, size, "-");
	else
		snprintf(to, size, "%.0f / %.0f ms", (list[(n - 1) / 2] + list[n / 2]) / 2,
			 list[n - 1]);
}

static void print_rows(const char *series, const json_t *root)
{
	const json_t *list = json_object_get(root, "results"), *ours;
	char without[40], with[40], rekeyed[40], woken[40], within[40];
	size_t i;

	json_array_foreach((json_t *)list, i, ours)
	{
		const char *generator = text_of(ours, "generator");

		if (strcmp(text_of(ours, "guest"), "vmgenc"))
			continue;
		cell_draws(find(root, "without", generator), without, sizeof(without));
		cell_draws(ours, with, sizeof(with));
		cell_time(ours, "rekeyed_ns", rekeyed, sizeof(rekeyed));
		cell_time(ours, "woken_ns", woken, sizeof(woken));
		cell_time(ours, "resume_within_ns", within, sizeof(within));
		printf("%-6s %-10s %-16s %-16s %-18s %-18s %-18s %s\n", series, generator, without,
		       with, rekeyed, woken, within, clock_of(ours));
	}
}

void table_print(void)
{
	char path[64];

	printf("\nIdentical draws of two clones, and when after the resume (median / worst):\n\n"
	       "%-6s %-10s %-16s %-16s %-18s %-18s %-18s %s\n",
	       "kernel", "generator", "without", "with vmgenc", "kernel rekeyed", "poller running",
	       "resume known to", "clock");
	for (size_t i = 0; i < kernel_count; i++) {
		snprintf(path, sizeof(path), "build/kvm-%s.json", kernel_series[i]);
		json_t *root = json_load_file(path, 0, NULL);

		print_rows(kernel_series[i], root);
		json_decref(root);
	}
	printf("\n");
	fflush(stdout);
}

/* A clock that lost its base says 0.0 ms, or that the kernel was rekeyed before the resume. */
const char *table_times(const char *path)
{
	json_t *root = json_load_file(path, 0, NULL);
	const json_t *list = json_object_get(root, "results"), *result;
	const char *wrong = json_array_size(list) ? NULL : "there are no results";
	double times[CLONES_MAX];
	size_t i;

	json_array_foreach((json_t *)list, i, result)
	{
		if (wrong || !json_is_true(json_object_get(result, "possible")))
			continue;
		size_t n = times_of(result, "rekeyed_ns", times);

		if (!*clock_of(result))
			wrong = "a guest does not say which clock it has";
		else if (json_is_true(json_object_get(result, "module")) && !n)
			wrong = "no clone says when it was rekeyed";
		else if (n && times[n / 2] <= 0)
			wrong = "clones were rekeyed 0.0 ms after the resume";
	}
	json_decref(root);
	return wrong;
}

const char *table_accel(const char *path)
{
	static char accel[16];
	json_t *root = json_load_file(path, 0, NULL);

	snprintf(accel, sizeof(accel), "%s", text_of(root, "accel"));
	json_decref(root);
	return accel;
}
