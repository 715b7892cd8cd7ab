/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: vmgenc doctor - whether the kernel loads signed modules only, and what it said of one. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"

/* What kernel/module/signing.c and security/lockdown log; neither names the module. */
static const struct {
	const char *text;
	enum signing said;
} words[] = {
	{"unavailable key is rejected", SIGNING_UNKNOWN_KEY},
	{"unsupported crypto is rejected", SIGNING_UNKNOWN_KEY},
	{"unsigned module is rejected", SIGNING_UNSIGNED},
	{"unsigned module loading is restricted", SIGNING_UNSIGNED},
};

/* Returns the last of these in a record, or what was said before it. */
static enum signing look(const char *record, enum signing before)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strstr(record, words[i].text))
			before = words[i].said;
	return before;
}

/*
 * /dev/kmsg returns one record for each read(2), and is closed to this user, or empty, where the
 * log says nothing. EPIPE: records were overwritten meanwhile.
 */
static enum signing read_log(enum signing said)
{
	char full[PATH_MAX], record[8192];
	ssize_t n;
	int fd;

	snprintf(full, sizeof(full), "%s/dev/kmsg", doctor_root);
	fd = open(full, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return said;
	while ((n = read(fd, record, sizeof(record) - 1)) > 0 || (n < 0 && errno == EPIPE)) {
		record[n > 0 ? n : 0] = '\0';
		said = look(record, said);
	}
	close(fd);
	return said;
}

static bool is_locked_down(void)
{
	return doctor_there("/sys/kernel/security/lockdown") &&
	       !doctor_file_has("/sys/kernel/security/lockdown", "[none]");
}

enum signing doctor_signing(void)
{
	enum signing said = SIGNING_FREE;

	if (is_locked_down() || doctor_file_has("/sys/module/module/parameters/sig_enforce", "Y"))
		said = read_log(SIGNING_ENFORCED);
	return said;
}
