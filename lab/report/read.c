/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/report: reads the JSON results for the page. The first error is reported with the file and
 * the key.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "document.h"

#define LIMIT (64u << 20)
#define VALUES_MAX (4u << 20) /* each costs some 150 bytes, "[]" as well */

/* Read the whole file, which may be a pipe. */
static char *read_all(struct input *s, size_t *size)
{
	int fd = open(s->path, O_RDONLY | O_CLOEXEC);
	char *text = NULL, *more;
	size_t room = 0;
	ssize_t n = 1;

	for (*size = 0; fd >= 0 && n > 0 && *size <= LIMIT; *size += n > 0 ? (size_t)n : 0) {
		if (*size == room) {
			room = room ? 2 * room : 65536;
			more = realloc(text, room);
			if (!more)
				break;
			text = more;
		}
		n = read(fd, text + *size, room - *size);
	}
	if (fd < 0 || n < 0)
		s->code = lab_fail(LAB_EXIT_ENVIRONMENT, "cannot read %s: %s", s->path,
				   strerror(errno));
	else if (*size > LIMIT)
		s->code = lab_fail(LAB_EXIT_ENVIRONMENT,
				   "%s is larger than %u MiB: no results of vmgenc-lab", s->path,
				   LIMIT >> 20);
	else if (n > 0)
		s->code = lab_fail(LAB_EXIT_ENVIRONMENT, "no memory to read %s", s->path);
	if (fd >= 0)
		close(fd);
	return text;
}

/* Before anything is built of it: before each value stands one of these, or it is a member's. */
static int check_values(struct input *s, const char *text, size_t size)
{
	size_t values = 0;

	for (size_t i = 0; i < size; i++)
		values += text[i] == '[' || text[i] == '{' || text[i] == ',';
	if (values > VALUES_MAX)
		s->code = lab_fail(LAB_EXIT_ENVIRONMENT,
				   "%s has more than %u values: no results of vmgenc-lab", s->path,
				   VALUES_MAX);
	return s->code;
}

int input_open(struct input *s, const char *path, struct node *root)
{
	json_error_t error;
	size_t size;

	*s = (struct input){.path = path};
	char *text = read_all(s, &size);

	if (!s->code && !check_values(s, text, size))
		s->root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
	free(text);
	if (s->code)
		return s->code;
	if (!s->root)
		return s->code = lab_fail(LAB_EXIT_ENVIRONMENT,
					  "%s is not JSON: line %d, column %d: %s", path,
					  error.line, error.column, error.text);
	*root = (struct node){.input = s, .json = s->root};
	if (!json_is_object(s->root))
		return s->code = lab_fail(LAB_EXIT_ENVIRONMENT, "%s holds no object of results",
					  path);
	return 0;
}

void input_wrong(const struct node *n, const char *key, const char *what)
{
	if (!n->input->code)
		n->input->code = lab_fail(LAB_EXIT_ENVIRONMENT, "%s: %s%s%s %s", n->input->path,
					  n->where, *n->where && *key ? "." : "", key, what);
}

static const json_t *get(const struct node *n, const char *key)
{
	const json_t *value = json_object_get(n->json, key);

	if (!value)
		input_wrong(n, key, "is missing");
	return n->input->code ? NULL : value;
}

uint64_t node_count(const struct node *n, const char *key)
{
	const json_t *value = get(n, key);

	if (value && (!json_is_integer(value) || json_integer_value(value) < 0))
		input_wrong(n, key, "is not a count");
	return n->input->code ? 0 : (uint64_t)json_integer_value(value);
}

int64_t node_count_or(const struct node *n, const char *key)
{
	const json_t *value = get(n, key);

	if (json_is_null(value))
		return -1;
	return value ? (int64_t)node_count(n, key) : -1;
}

uint64_t node_time(const struct node *n, const char *key)
{
	int64_t ns = node_count_or(n, key);

	return ns < 0 ? LAB_NEVER : (uint64_t)ns;
}

double node_real(const struct node *n, const char *key)
{
	const json_t *value = get(n, key);

	if (value && (!json_is_number(value) || json_number_value(value) < 0))
		input_wrong(n, key, "is not a number from 0 up");
	return n->input->code ? 0 : json_number_value(value);
}

bool node_bool(const struct node *n, const char *key)
{
	const json_t *value = get(n, key);

	if (value && !json_is_boolean(value))
		input_wrong(n, key, "is neither true nor false");
	return !n->input->code && json_is_true(value);
}

const char *node_text(const struct node *n, const char *key)
{
	const json_t *value = get(n, key);

	if (value && !json_is_string(value))
		input_wrong(n, key, "is not a text");
	return n->input->code ? "" : json_string_value(value);
}

const char *node_text_or(const struct node *n, const char *key, const char *otherwise)
{
	const json_t *value = json_object_get(n->json, key);

	return !value || json_is_null(value) ? otherwise : node_text(n, key);
}

size_t node_list(const struct node *n, const char *key)
{
	const json_t *value = get(n, key);

	if (value && !json_is_array(value))
		input_wrong(n, key, "is not an array");
	return n->input->code ? 0 : json_array_size(value);
}

static struct node item_of(const struct node *n, const char *key, size_t i)
{
	struct node item = {.input = n->input,
			    .json = json_array_get(json_object_get(n->json, key), i)};

	snprintf(item.where, sizeof(item.where), "%.100s%s%.30s[%zu]", n->where,
		 *n->where ? "." : "", key, i);
	if (!json_is_object(item.json))
		input_wrong(&item, "", "is not an object");
	return item;
}

void *node_alloc(const struct node *n, size_t count, size_t size)
{
	void *list = calloc(count + 1, size);

	if (!list && !n->input->code)
		n->input->code = lab_fail(LAB_EXIT_ENVIRONMENT, "no memory");
	return list;
}

void *node_items(const struct node *n, const char *key, size_t size, size_t *count,
		 void (*read)(const struct node *item, void *element))
{
	*count = node_list(n, key);

	char *list = node_alloc(n, *count, size);

	for (size_t i = 0; i < *count && !n->input->code; i++) {
		struct node item = item_of(n, key, i);

		read(&item, list + i * size);
	}
	return list;
}
