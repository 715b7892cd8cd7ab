/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/record: reads and writes a recording. A file of somebody else's is judged before it is used.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hash.h"
#include "host/host.h"
#include "record.h"

#define SIZE_MAX_OF_FILE (sizeof(struct recording_head) + RECORDING_DRAWS * sizeof(struct recorded))

_Static_assert(sizeof(struct recorded) == 24, "the layout of files");
_Static_assert(sizeof(struct recording_head) == 600, "the layout of files");

static void digest_of(const struct recorded *draws, size_t count, uint8_t digest[HASH_SIZE])
{
	struct hash h;

	hash_begin(&h);
	hash_add(&h, draws, count * sizeof(*draws));
	hash_end(&h, digest);
}

static bool write_all(int fd, const void *from, size_t size)
{
	const char *at = from;

	while (size) {
		ssize_t n = write(fd, at, size);

		if (n < 0 && errno != EINTR)
			return false;
		at += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

int recording_write(const char *path, struct recording *r)
{
	char fresh[4096];
	int fd;

	digest_of(r->draws, r->count, r->head.digest);
	if (snprintf(fresh, sizeof(fresh), "%s.new", path) >= (int)sizeof(fresh))
		return lab_fail(LAB_EXIT_USAGE, "the name of the recording is too long");
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0 || !write_all(fd, &r->head, sizeof(r->head)) ||
	    !write_all(fd, r->draws, r->count * sizeof(*r->draws)) || fsync(fd) || close(fd) ||
	    rename(fresh, path)) {
		int error = errno;

		unlink(fresh);
		return lab_fail(LAB_EXIT_ENVIRONMENT, "cannot write %s: %s", path, strerror(error));
	}
	return 0;
}

static int bad(char *why, size_t size, const char *text)
{
	snprintf(why, size, "%s", text);
	return -1;
}

static bool is_text(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

static int check_head(const struct recording_head *h, size_t size, size_t *count, char *why,
		      size_t why_size)
{
	const uint32_t known = (1u << LAB_GENERATORS) - 1;

	if (h->magic != RECORDING_MAGIC)
		return bad(why, why_size, "is no recording of vmgenc-lab");
	if (h->version != RECORDING_VERSION)
		return bad(why, why_size, "is of a newer vmgenc-lab, which can compare it");
	if (h->size != sizeof(*h) || h->threads < 1 || h->threads > RECORDING_THREADS ||
	    h->generators & ~known || !is_text(h->hypervisor, sizeof(h->hypervisor)) ||
	    !is_text(h->kernel, sizeof(h->kernel)) || !is_text(h->driver, sizeof(h->driver)))
		return bad(why, why_size, "is damaged: its head says what cannot be");
	*count = 0;
	for (unsigned int i = 0; i < RECORDING_THREADS; i++) {
		if (h->counts[i] > RECORDING_DRAWS || (i >= h->threads && h->counts[i]))
			return bad(why, why_size, "is damaged: its head says what cannot be");
		*count += h->counts[i];
	}
	if (*count > RECORDING_DRAWS)
		return bad(why, why_size, "is damaged: its head says what cannot be");
	if (size != sizeof(*h) + *count * sizeof(struct recorded))
		return bad(why, why_size,
			   size < sizeof(*h) + *count * sizeof(struct recorded)
				   ? "is cut off: less follows than its head says"
				   : "is damaged: more follows than its head says");
	return 0;
}

/* In each thread, time does not go back, and only generators of the head were drawn from. */
static bool are_in_order(const struct recording *r)
{
	const struct recorded *d = r->draws;

	for (unsigned int t = 0; t < r->head.threads; t++) {
		uint64_t last = 0;

		for (uint64_t i = 0; i < r->head.counts[t]; i++, d++) {
			unsigned int g = d->at & 0xff;

			if (g >= LAB_GENERATORS || !(r->head.generators & 1u << g) ||
			    d->at >> 8 < last)
				return false;
			last = d->at >> 8;
		}
	}
	return true;
}

int recording_parse(const uint8_t *bytes, size_t size, struct recording *r, char *why,
		    size_t why_size)
{
	uint8_t digest[HASH_SIZE];

	memset(r, 0, sizeof(*r));
	if (size < sizeof(r->head))
		return bad(why, why_size,
			   size < 8 || memcmp(bytes, "VMGCREC1", 8)
				   ? "is no recording of vmgenc-lab"
				   : "is cut off: less follows than its head says");
	memcpy(&r->head, bytes, sizeof(r->head));
	if (check_head(&r->head, size, &r->count, why, why_size))
		return -1;
	r->draws = malloc(r->count * sizeof(*r->draws) + 1);
	if (!r->draws)
		return bad(why, why_size, "does not fit into memory");
	memcpy(r->draws, bytes + sizeof(r->head), r->count * sizeof(*r->draws));
	digest_of(r->draws, r->count, digest);
	if (!memcmp(digest, r->head.digest, sizeof(digest)) && are_in_order(r)) {
		clean_line(r->head.hypervisor);
		clean_line(r->head.kernel);
		clean_line(r->head.driver);
		return 0;
	}
	free(r->draws);
	r->draws = NULL;
	return bad(why, why_size, "is damaged: its draws are not those that were recorded");
}

/* The whole file, if it is no larger than a recording can be; NULL with errno if it cannot be had.
 */
static uint8_t *read_all(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	uint8_t *bytes = NULL;
	struct stat st;
	ssize_t n = 1;

	*size = 0;
	if (fd >= 0 && !fstat(fd, &st)) {
		errno = S_ISREG(st.st_mode) ? EFBIG : EINVAL;
		if (S_ISREG(st.st_mode) && st.st_size >= 0 &&
		    (uint64_t)st.st_size <= SIZE_MAX_OF_FILE)
			bytes = malloc((size_t)st.st_size + 1);
		while (bytes && n > 0 && *size < (size_t)st.st_size) {
			n = read(fd, bytes + *size, (size_t)st.st_size - *size);
			*size += n > 0 ? (size_t)n : 0;
		}
	}
	int error = errno;

	if (fd >= 0)
		close(fd);
	errno = error;
	return bytes;
}

int recording_read(const char *path, struct recording *r)
{
	char why[160];
	size_t size;
	uint8_t *bytes = read_all(path, &size);
	int error = errno;

	if (!bytes)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "%s %s%s", path,
				error == EFBIG ? "is larger than any recording"
					       : "cannot be read: ",
				error == EFBIG ? "" : strerror(error));
	int bad_file = recording_parse(bytes, size, r, why, sizeof(why));

	free(bytes);
	return bad_file ? lab_fail(LAB_EXIT_ENVIRONMENT, "%s %s", path, why) : 0;
}
