/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: vmgenc openssl - enables and disables the provider by one marked line of openssl.cnf.
 * OpenSSL has drawn with the new file before it replaces the old one. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "cmd.h"
#include "doctor.h"
#include "replace.h"
#include "trust.h"

static const char help[] =
	"usage: vmgenc openssl enable|disable [--config FILE] [--snippet FILE]\n"
	"Makes OpenSSL draw from the provider, or no longer, by one line at the top of "
	"openssl.cnf.\n"
	"\n"
	"  enable          add the line, if OpenSSL then draws from the provider\n"
	"  disable         remove that line and change no other byte\n"
	"  --config FILE   instead of " VMGENC_OPENSSL_CNF "\n"
	"  --snippet FILE  instead of " VMGENC_SNIPPET "\n"
	"\n"
	"Exit codes: 0 done, 1 not done: OpenSSL would not draw from it, 2 wrong usage, 3 "
	"trouble.\n"
	"Examples:\n"
	"  vmgenc openssl enable && vmgenc doctor --processes\n"
	"  vmgenc openssl disable\n";

#define MARK " # added and removed by vmgenc openssl"
#define CONFIG_MAX (1 << 20)

struct config {
	const char *name;  /* as the user says it; NULL: the system's */
	struct trust file; /* locked */
	struct trust directory;
	const char *final;	      /* its name in the directory */
	char fresh[NAME_MAX + 8];     /* the new one's, until it is in place */
	char candidate[PATH_MAX + 8]; /* the same with the directory */
	char line[PATH_MAX + 64];
	char *text, *changed;
	size_t size, changed_size;
};

/* Another file may have replaced this one while we waited for its lock. */
static int open_locked(struct config *c, const char *path)
{
	struct stat now;
	int error;

	for (;;) {
		error = trust_open(&c->file, NULL, path, O_RDONLY, 0);
		if (error)
			return error;
		if (flock(c->file.fd, LOCK_EX)) {
			error = -errno;
			snprintf(c->file.why, sizeof(c->file.why), "%s cannot be locked: %s", path,
				 strerror(-error));
			trust_close(&c->file);
			return error;
		}
		if (!stat(c->file.path, &now) && now.st_ino == c->file.st.st_ino &&
		    now.st_dev == c->file.st.st_dev)
			return 0;
		trust_close(&c->file);
	}
}

static int load(struct config *c)
{
	ssize_t n = 1;

	c->text = malloc(CONFIG_MAX + 1);
	c->changed = malloc(CONFIG_MAX + sizeof(c->line) + 1);
	if (!c->text || !c->changed)
		return say_trouble("out of memory");
	while (n > 0 && c->size <= CONFIG_MAX) {
		n = read(c->file.fd, c->text + c->size, CONFIG_MAX + 1 - c->size);
		c->size += n > 0 ? (size_t)n : 0;
	}
	if (n < 0)
		return say_trouble("%s cannot be read: %s", c->file.path, strerror(errno));
	if (c->size > CONFIG_MAX)
		return say_trouble("%s is larger than 1 MiB: no openssl.cnf is", c->file.path);
	return EXIT_YES;
}

/* Copies the text without our line; true if it had one. */
static bool without_line(struct config *c)
{
	size_t length = strlen(c->line), at = 0;

	c->changed_size = 0;
	while (at < c->size) {
		char *end = memchr(c->text + at, '\n', c->size - at);
		size_t next = end ? (size_t)(end + 1 - c->text) : c->size;

		if (next - at != length || memcmp(c->text + at, c->line, length) != 0) {
			memcpy(c->changed + c->changed_size, c->text + at, next - at);
			c->changed_size += next - at;
		}
		at = next;
	}
	return c->changed_size != c->size;
}

static void with_line(struct config *c)
{
	size_t length = strlen(c->line);

	memcpy(c->changed, c->line, length);
	memcpy(c->changed + length, c->text, c->size);
	c->changed_size = length + c->size;
}

/* Creates a new file beside it, with the same owner and mode. */
static int write_candidate(struct config *c, const char *text, size_t size)
{
	int error = replace_write(c->directory.fd, c->fresh, text, size, &c->file.st);

	return error ? say_trouble("%s cannot be written: %s", c->candidate, strerror(-error))
		     : EXIT_YES;
}

static int put_in_place(const struct config *c)
{
	int error = replace_rename(c->directory.fd, c->fresh, c->final);

	return error ? say_trouble("%s cannot be replaced: %s", c->file.path, strerror(-error))
		     : EXIT_YES;
}

static int refuse(const struct config *c, enum openssl_answer answer, const char *generator)
{
	switch (answer) {
	case OPENSSL_ABSENT:
		return say_trouble("%s stays as it is: there is no program openssl to try it with",
				   c->file.path);
	case OPENSSL_FAILS:
		return say_trouble(
			"%s stays as it is: OpenSSL could not draw with the line; is the "
			"module there that %s names?",
			c->file.path, c->line + strlen(".include "));
	default:
		say_log("%s stays as it is: OpenSSL would still draw from %s, since its sections "
			"have other names or a random = follows; see vmgenc-provider(7)",
			c->file.path, generator);
		return EXIT_NO;
	}
}

/* Do programs read the file that was replaced? Another OpenSSL may read another one. */
static int confirm(struct config *c)
{
	enum openssl_answer answer;
	char generator[64];
	int code;

	answer = openssl_ask(c->name, generator);
	if (answer == OPENSSL_OURS)
		return EXIT_YES;
	code = write_candidate(c, c->text, c->size);
	if (!code)
		code = put_in_place(c);
	if (code)
		return code;
	return say_trouble("%s is as it was: OpenSSL reads another configuration (openssl version "
			   "-d)",
			   c->file.path);
}

static int enable(struct config *c, const char *snippet)
{
	enum openssl_answer answer;
	char generator[64];
	int code;

	if (access(snippet, R_OK))
		return say_trouble("the snippet %s cannot be read: %s", snippet, strerror(errno));
	answer = openssl_ask(c->name, generator);
	if (answer == OPENSSL_OURS) {
		printf("OpenSSL already draws from the provider (VMGENC-DRBG)\n");
		return EXIT_YES;
	}
	if (without_line(c))
		return refuse(c, answer, generator);
	with_line(c);
	code = write_candidate(c, c->changed, c->changed_size);
	if (code)
		return code;
	answer = openssl_ask(c->candidate, generator);
	if (answer != OPENSSL_OURS) {
		unlink(c->candidate);
		return refuse(c, answer, generator);
	}
	code = put_in_place(c);
	if (!code)
		code = confirm(c);
	if (!code)
		printf("OpenSSL draws from the provider (VMGENC-DRBG); vmgenc doctor "
		       "--processes says what to restart\n");
	return code;
}

static int disable(struct config *c)
{
	char generator[64];
	int code;

	if (!without_line(c)) {
		printf("%s has no line of vmgenc openssl\n", c->file.path);
		return EXIT_YES;
	}
	code = write_candidate(c, c->changed, c->changed_size);
	if (code)
		return code;
	/* If OpenSSL could not draw before either, removing the line makes nothing worse. */
	if (openssl_ask(c->candidate, generator) == OPENSSL_FAILS &&
	    openssl_ask(c->name, generator) != OPENSSL_FAILS) {
		unlink(c->candidate);
		return say_trouble("%s stays as it is: without the line OpenSSL could not draw",
				   c->file.path);
	}
	code = put_in_place(c);
	if (!code)
		printf("the line is removed from %s; restart programs to make them draw as "
		       "before\n",
		       c->file.path);
	return code;
}

static int act(struct config *c, bool is_enable, const char *snippet)
{
	const char *path = c->name ? c->name : VMGENC_OPENSSL_CNF;
	int error, code;

	snprintf(c->line, sizeof(c->line), ".include %s" MARK "\n", snippet);
	error = open_locked(c, path);
	if (error == -ENOENT && !is_enable) {
		printf("there is no %s\n", path);
		return EXIT_YES;
	}
	if (error)
		return say_trouble("%s", c->file.why);
	snprintf(c->candidate, sizeof(c->candidate), "%s.vmgenc", c->file.path);
	if (trust_directory_of(&c->directory, c->file.path, &c->final)) {
		code = say_trouble("%s", c->directory.why);
		trust_close(&c->file);
		return code;
	}
	snprintf(c->fresh, sizeof(c->fresh), "%.*s.vmgenc", NAME_MAX, c->final);
	code = load(c);
	if (!code)
		code = is_enable ? enable(c, snippet) : disable(c);
	free(c->text);
	free(c->changed);
	trust_close(&c->directory);
	trust_close(&c->file);
	return code;
}

int cmd_openssl(int argc, char **argv)
{
	struct config c = {0};
	struct args a;
	bool is_enable;
	int code = args_parse(argc, argv, "CP", help, &a);

	if (code >= 0)
		return code;
	if (a.rest_count != 1)
		return say_usage("openssl: say enable or disable");
	is_enable = !strcmp(a.rest[0], "enable");
	if (!is_enable && strcmp(a.rest[0], "disable"))
		return say_usage("openssl: \"%s\" is neither enable nor disable", a.rest[0]);
	if (strlen(a.snippet) >= PATH_MAX || a.snippet[0] != '/' || strpbrk(a.snippet, "\n#"))
		return say_usage("openssl: \"%s\" is no absolute path of a snippet", a.snippet);
	c.name = a.config;
	return act(&c, is_enable, a.snippet);
}
