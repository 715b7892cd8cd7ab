/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: vmgenc run - runs a program with the guard preloaded. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run.h"

static const char help[] =
	"usage: vmgenc run [OPTION ...] -- PROGRAM [ARGUMENT ...]\n"
	"Runs a program so that a clone refreshes what it holds: arc4random(3), GnuTLS and\n"
	"libgcrypt's nonces, by a preloaded library. See vmgenc(8) for the calls that this "
	"covers.\n"
	"\n"
	"  --signal NAME        also send the program this signal after each change\n"
	"  --restart            end the program after each change, and start it again\n"
	"  --guard FILE         the library; default " VMGENC_GUARD "\n"
	"  --source SOURCE      for --signal and --restart: instead of the best one\n"
	"\n"
	"Exit codes: the program's; 126 it cannot be run, 127 there is none; 2 wrong usage,\n"
	"3 trouble.\n"
	"Examples:\n"
	"  vmgenc run -- wget https://example.org/\n"
	"  vmgenc run --restart -- redis-server /etc/redis/redis.conf\n";

static const struct {
	const char *name;
	int number;
} signals[] = {
	{"HUP", SIGHUP},   {"INT", SIGINT},   {"TERM", SIGTERM}, {"QUIT", SIGQUIT},
	{"USR1", SIGUSR1}, {"USR2", SIGUSR2}, {"CONT", SIGCONT}, {"WINCH", SIGWINCH},
};

static int signal_number(const char *name)
{
	const char *bare = strncasecmp(name, "SIG", 3) ? name : name + 3;

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		if (!strcasecmp(bare, signals[i].name))
			return signals[i].number;
	}
	return 0;
}

/* As execvp(3) finds it; false if it finds none. */
static bool path_of(const char *program, char path[PATH_MAX])
{
	const char *at = getenv("PATH"), *end;

	if (strchr(program, '/'))
		return snprintf(path, PATH_MAX, "%s", program) < PATH_MAX;
	for (; at && *at; at = *end ? end + 1 : end) {
		end = at + strcspn(at, ":");
		if (snprintf(path, PATH_MAX, "%.*s/%s", (int)(end - at), end > at ? at : ".",
			     program) < PATH_MAX &&
		    !access(path, X_OK))
			return true;
	}
	return false;
}

/* A program that cannot be guarded runs as it would without us. */
static int preload(const char *guard, const char *program)
{
	const char *before = getenv("LD_PRELOAD"), *why = NULL;
	char path[PATH_MAX], *both;
	int error;

	if (path_of(program, path))
		why = elf_refuses_preload(path);
	if (why) {
		say_log("%s is not guarded: %s", program, why);
		return EXIT_YES;
	}
	if (access(guard, R_OK))
		return say_trouble("there is no guard: %s: %s", guard, strerror(errno));
	if (strpbrk(guard, ": "))
		return say_usage("--guard takes a path without blanks and colons, not \"%s\"",
				 guard);
	if (before && strstr(before, guard))
		return EXIT_YES;
	if (asprintf(&both, "%s%s%s", guard, before && *before ? ":" : "", before ? before : "") <
	    0)
		return say_trouble("out of memory");
	error = setenv("LD_PRELOAD", both, 1) ? errno : 0;
	free(both);
	return error ? say_trouble("%s", strerror(error)) : EXIT_YES;
}

int run_program(char **argv)
{
	execvp(argv[0], argv);
	say_log("%s: %s", argv[0], strerror(errno));
	return errno == ENOENT ? 127 : 126;
}

int cmd_run(int argc, char **argv)
{
	struct vmgenc *vg = NULL;
	struct args a;
	int code = args_parse(argc, argv, "skxG", help, &a), number;

	if (code >= 0)
		return code;
	if (!a.rest_count)
		return say_usage("run: which program? See vmgenc run --help");
	number = a.signal ? signal_number(a.signal) : 0;
	if (a.signal && !number)
		return say_usage("--signal takes a name such as HUP, not \"%s\"", a.signal);
	if (a.signal && a.restart)
		return say_usage("--signal and --restart exclude each other");
	code = source_open(a.source, &vg);
	if (code && (a.signal || a.restart))
		return code;
	/* Without a source, which has been said, the guard may still find one that this does not.
	 */
	code = preload(a.guard, a.rest[0]);
	if (code)
		return code;
	if (a.signal || a.restart)
		return supervise(vg, a.rest, number, a.restart);
	return run_program(a.rest);
}
