/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd/metrics: finds what this machine is known by, in the places of Debian, Fedora and FreeBSD.
 * A file that is not there, or that holds no identity yet, counts as none. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "metrics.h"

/* How the identity stands in its file. */
enum form {
	HEX_ID,	  /* 32 hexadecimal digits */
	UUID,	  /* 36 characters */
	LINE,	  /* the first line */
	SSH_KEY,  /* the second word, in base64 */
	LEASES,	  /* dhclient's: default-duid "..."; */
	SETTING,  /* InitiatorName=... */
	RAW_BYTES /* the whole file, 32 bytes at least */
};

/* Kinds with one name stand together: the first file that has one is taken. */
static const struct place {
	const char *kind, *pattern;
	enum form form;
	bool is_guessable;
} places[] = {
	{"machine-id", "/etc/machine-id", HEX_ID, false},
	{"machine-id", "/var/lib/dbus/machine-id", HEX_ID, false},
	{"hostid", "/etc/hostid", UUID, false}, /* FreeBSD */
	{"ssh-host-key-rsa", "/etc/ssh/ssh_host_rsa_key.pub", SSH_KEY, false},
	{"ssh-host-key-ecdsa", "/etc/ssh/ssh_host_ecdsa_key.pub", SSH_KEY, false},
	{"ssh-host-key-ed25519", "/etc/ssh/ssh_host_ed25519_key.pub", SSH_KEY, false},
	{"duid-dhclient", "/var/lib/dhcp/dhclient*.leases", LEASES, true},
	{"duid-dhclient", "/var/lib/dhclient/*.lease*", LEASES, true},
	{"duid-dhclient", "/var/db/dhclient6.leases*", LEASES, true},
	{"duid-dhcpcd", "/var/lib/dhcpcd/duid", LINE, true},
	{"duid-dhcpcd", "/var/db/dhcpcd/duid", LINE, true},
	{"duid-dhcpcd", "/etc/dhcpcd.duid", LINE, true},
	{"networkmanager-key", "/var/lib/NetworkManager/secret_key", RAW_BYTES, false},
	{"nvme-host-id", "/etc/nvme/hostid", UUID, false},
	{"nvme-host-nqn", "/etc/nvme/hostnqn", LINE, true},
	{"iscsi-initiator", "/etc/iscsi/initiatorname.iscsi", SETTING, true},
	{"random-seed", "/var/lib/systemd/random-seed", RAW_BYTES, false},
	{"random-seed", "/var/lib/urandom/random-seed", RAW_BYTES, false},
	{"random-seed", "/var/lib/seedrng/seed.*credit", RAW_BYTES, false},
	{"random-seed", "/boot/entropy", RAW_BYTES, false},
	{"random-seed", "/var/db/entropy-file", RAW_BYTES, false},
	{"boot-id", "/proc/sys/kernel/random/boot_id", UUID, false},
};

/* Returns 0 or a positive errno. A longer file is cut. */
static int read_file(const char *path, struct identity *i)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), error = 0;
	struct stat st;
	ssize_t n = 1;

	if (fd < 0)
		return errno;
	i->size = 0;
	if (fstat(fd, &st))
		error = errno;
	else if (!S_ISREG(st.st_mode))
		error = EINVAL;
	while (!error && n > 0 && i->size < sizeof(i->value)) {
		n = read(fd, i->value + i->size, sizeof(i->value) - i->size);
		if (n < 0)
			error = errno;
		i->size += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	return error;
}

/* Keeps `size` bytes from `from` on; none if they are not within what was read. */
static void keep(struct identity *i, const uint8_t *from, size_t size)
{
	memmove(i->value, from, size);
	i->size = size;
}

static size_t line_length(const uint8_t *from, size_t size)
{
	const uint8_t *end = memchr(from, '\n', size);

	size = end ? (size_t)(end - from) : size;
	while (size && isspace(from[size - 1]))
		size--;
	return size;
}

static void keep_digits(struct identity *i, size_t wanted)
{
	size_t digits = 0, zeros = 0;

	i->size = line_length(i->value, i->size);
	for (size_t k = 0; k < i->size; k++) {
		digits += isxdigit(i->value[k]) || (wanted == 36 && i->value[k] == '-');
		zeros += i->value[k] == '0' || i->value[k] == '-';
		i->value[k] = (uint8_t)tolower(i->value[k]);
	}
	if (i->size != wanted || digits != wanted || zeros == wanted)
		i->size = 0;
}

/* What follows `before` at the beginning of a line, up to `end`. */
static void keep_after(struct identity *i, const char *before, char end)
{
	size_t length = strlen(before), at = 0;

	while (at < i->size) {
		const uint8_t *from = i->value + at;
		size_t n = line_length(from, i->size - at), skip = 0;
		const uint8_t *last;

		while (skip < n && isspace(from[skip]))
			skip++;
		if (n - skip > length && !memcmp(from + skip, before, length)) {
			from += skip + length;
			n -= skip + length;
			last = end ? memchr(from, end, n) : from + n;
			if (last && last > from) {
				keep(i, from, (size_t)(last - from));
				return;
			}
		}
		last = memchr(i->value + at, '\n', i->size - at);
		at = last ? (size_t)(last - i->value) + 1 : i->size;
	}
	i->size = 0;
}

static void keep_second_word(struct identity *i)
{
	size_t n = line_length(i->value, i->size);
	const uint8_t *blank = memchr(i->value, ' ', n), *end;

	i->size = 0;
	if (!blank)
		return;
	n -= (size_t)(++blank - i->value);
	end = memchr(blank, ' ', n);
	keep(i, blank, end ? (size_t)(end - blank) : n);
}

static void take_form(struct identity *i, enum form form)
{
	switch (form) {
	case HEX_ID:
		keep_digits(i, 32);
		break;
	case UUID:
		keep_digits(i, 36);
		break;
	case LINE:
		i->size = line_length(i->value, i->size);
		break;
	case SSH_KEY:
		keep_second_word(i);
		break;
	case LEASES:
		keep_after(i, "default-duid \"", '"');
		break;
	case SETTING:
		keep_after(i, "InitiatorName=", 0);
		break;
	case RAW_BYTES:
		if (i->size < 32)
			i->size = 0;
		break;
	}
}

/* True if one of the files has the identity, or one that is there cannot be read. */
static bool look(const char *root, const struct place *p, struct identity *i)
{
	char pattern[PATH_MAX];
	bool found = false;
	glob_t files;

	if (snprintf(pattern, sizeof(pattern), "%s%s", root, p->pattern) >= (int)sizeof(pattern) ||
	    glob(pattern, 0, NULL, &files))
		return false;
	i->kind = p->kind;
	i->is_guessable = p->is_guessable;
	for (size_t k = 0; k < files.gl_pathc && !found; k++) {
		i->error = read_file(files.gl_pathv[k], i);
		if (i->error)
			i->size = 0;
		else
			take_form(i, p->form);
		found = i->size || (i->error && i->error != ENOENT);
	}
	globfree(&files);
	return found;
}

void identities_find(const char *root, identity_found *found, void *context)
{
	static struct identity i;
	const char *done = "";

	for (size_t p = 0; p < sizeof(places) / sizeof(places[0]); p++) {
		if (!strcmp(done, places[p].kind) || !look(root, &places[p], &i))
			continue;
		found(context, &i);
		done = places[p].kind;
	}
}
