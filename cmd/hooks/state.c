/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd/hooks: the record of vmgenc hooks, which survives its end and a crash of the machine. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "state.h"
#include "trust.h"

#define STATE_VERSION 1
#define STATE_MAX 65536

static bool copy(char *to, size_t size, const char *from)
{
	if (strlen(from) >= size)
		return false;
	memcpy(to, from, strlen(from) + 1);
	return true;
}

static int unpack(json_t *root, struct state *s, char *why, size_t size)
{
	const char *boot, *id, *hook, *failure;
	json_int_t n[8];
	int under_way, started, version = 0;
	json_error_t error;

	if (!json_unpack(root, "{s:i}", "version", &version) && version != STATE_VERSION) {
		snprintf(why, size, "is of version %d, which this program does not know", version);
		return -EINVAL;
	}
	if (json_unpack_ex(root, &error, 0,
			   "{s:i,s:s,s:I,s:I,s:I,s:s,s:b,s:b,s:s,s:I,s:I,s:I,s:I,s:I,s:s}",
			   "version", &version, "boot", &boot, "generation", &n[0], "previous",
			   &n[1], "changed_ns", &n[2], "id", &id, "under_way", &under_way,
			   "started", &started, "hook", &hook, "changes", &n[3], "runs", &n[4],
			   "failures", &n[5], "interrupted", &n[6], "passed_over", &n[7],
			   "last_failure", &failure)) {
		snprintf(why, size, "is not a record of vmgenc hooks: %s", error.text);
		return -EINVAL;
	}
	*s = (struct state){.known = true,
			    .generation = (uint64_t)n[0],
			    .previous = (uint64_t)n[1],
			    .changed_ns = (uint64_t)n[2],
			    .under_way = under_way,
			    .started = started,
			    .changes = (uint64_t)n[3],
			    .runs = (uint64_t)n[4],
			    .failures = (uint64_t)n[5],
			    .interrupted = (uint64_t)n[6],
			    .passed_over = (uint64_t)n[7]};
	if (copy(s->boot, sizeof(s->boot), boot) && copy(s->id, sizeof(s->id), id) &&
	    copy(s->hook, sizeof(s->hook), hook) &&
	    copy(s->last_failure, sizeof(s->last_failure), failure))
		return 0;
	memset(s, 0, sizeof(*s));
	snprintf(why, size, "is not a record of vmgenc hooks: a text is too long");
	return -EINVAL;
}

int state_parse(const char *text, size_t size, struct state *s, char *why, size_t why_size)
{
	json_error_t error;
	json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
	int result = -EINVAL;

	memset(s, 0, sizeof(*s));
	if (!root)
		snprintf(why, why_size, "is not a record of vmgenc hooks: line %d: %s", error.line,
			 error.text);
	else
		result = unpack(root, s, why, why_size);
	json_decref(root);
	return result;
}

static int read_text(int fd, struct state *s, char *why, size_t why_size)
{
	static char text[STATE_MAX];
	ssize_t size = read(fd, text, sizeof(text));

	if (size < 0) {
		snprintf(why, why_size, "%s", strerror(errno));
		return -errno;
	}
	if (size == sizeof(text)) {
		snprintf(why, why_size, "is too large to be a record of vmgenc hooks");
		return -EINVAL;
	}
	return state_parse(text, (size_t)size, s, why, why_size);
}

int state_load(const char *path, struct state *s, char *why, size_t why_size)
{
	struct trust file;
	int error = trust_open(&file, NULL, path, O_RDONLY | O_NOFOLLOW, 0);

	memset(s, 0, sizeof(*s));
	if (error) {
		snprintf(why, why_size, "%s", file.why);
		return error == -EINVAL ? -EPERM : error;
	}
	error = read_text(file.fd, s, why, why_size);
	trust_close(&file);
	return error;
}

static char *pack(const struct state *s)
{
	json_t *root = json_pack(
		"{s:i,s:s,s:I,s:I,s:I,s:s,s:b,s:b,s:s,s:I,s:I,s:I,s:I,s:I,s:s}", "version",
		STATE_VERSION, "boot", s->boot, "generation", (json_int_t)s->generation, "previous",
		(json_int_t)s->previous, "changed_ns", (json_int_t)s->changed_ns, "id", s->id,
		"under_way", s->under_way, "started", s->started, "hook", s->hook, "changes",
		(json_int_t)s->changes, "runs", (json_int_t)s->runs, "failures",
		(json_int_t)s->failures, "interrupted", (json_int_t)s->interrupted, "passed_over",
		(json_int_t)s->passed_over, "last_failure", s->last_failure);
	char *text = root ? json_dumps(root, JSON_INDENT(1)) : NULL;

	json_decref(root);
	return text;
}

static int write_all(int fd, const char *text)
{
	size_t size = strlen(text);

	while (size) {
		ssize_t n = write(fd, text, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -ENOSPC;
		text += n;
		size -= (size_t)n;
	}
	return fsync(fd) ? -errno : 0;
}

/* A file left by a killed run is removed, not written to: it may have another hard link by now. */
static int write_new(int directory, const char *name, const char *text)
{
	int fd, error;

	if (unlinkat(directory, name, 0) && errno != ENOENT)
		return -errno;
	fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	error = write_all(fd, text);
	if (close(fd) && !error)
		error = -errno;
	return error;
}

static int replace(int directory, const char *name, const char *text)
{
	char fresh[NAME_MAX + 1];
	int error;

	if (snprintf(fresh, sizeof(fresh), "%s.new", name) >= (int)sizeof(fresh))
		return -ENAMETOOLONG;
	error = write_new(directory, fresh, text);
	if (!error && renameat(directory, fresh, directory, name))
		error = -errno;
	if (error)
		unlinkat(directory, fresh, 0);
	else if (fsync(directory))
		error = -errno;
	return error;
}

int state_save(const char *path, const struct state *s, char *why, size_t why_size)
{
	struct trust directory;
	const char *name;
	char *text = pack(s);
	int error = text ? 0 : -ENOMEM;

	if (!error && trust_directory_of(&directory, path, &name)) {
		snprintf(why, why_size, "%s", directory.why);
		free(text);
		return -EPERM;
	}
	if (!error) {
		error = replace(directory.fd, name, text);
		trust_close(&directory);
	}
	free(text);
	if (error)
		snprintf(why, why_size, "%s", strerror(-error));
	return error;
}
