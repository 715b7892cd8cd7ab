/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: the options, which mean the same in each command that takes them. */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"

static const struct option options[] = {
	{"help", no_argument, NULL, 'h'},
	{"json", no_argument, NULL, 'j'},
	{"source", required_argument, NULL, 's'},
	{"state", required_argument, NULL, 'S'},
	{"timeout", required_argument, NULL, 't'},
	{"since", required_argument, NULL, 'g'},
	{"count", required_argument, NULL, 'n'},
	{"once", no_argument, NULL, 'o'},
	{"root", required_argument, NULL, 'r'},
	{"raw", no_argument, NULL, 'R'},
	{"unsettled", no_argument, NULL, 'u'},
	{"vmclock", no_argument, NULL, 'v'},
	{"start", required_argument, NULL, 'b'},
	{"processes", no_argument, NULL, 'p'},
	{"retry", no_argument, NULL, 'y'},
	{"new-machine", no_argument, NULL, 'N'},
	{"wait", no_argument, NULL, 'w'},
	{"config", required_argument, NULL, 'C'},
	{"snippet", required_argument, NULL, 'P'},
	{"guard", required_argument, NULL, 'G'},
	{"signal", required_argument, NULL, 'k'},
	{"restart", no_argument, NULL, 'x'},
	{"ready", no_argument, NULL, 'e'},
	{"metrics", no_argument, NULL, 'm'},
	{"output", required_argument, NULL, 'O'},
	{0},
};

/* Digits only: strtoull() would also accept signs and blanks. */
static bool number(const char *text, uint64_t *value)
{
	char *end;

	if (!*text || strspn(text, "0123456789") != strlen(text))
		return false;
	errno = 0;
	*value = strtoull(text, &end, 10);
	return !errno && !*end;
}

static bool seconds(const char *text, int64_t *ms)
{
	char *end;
	double value;

	if (!*text || strspn(text, "0123456789.") != strlen(text))
		return false;
	value = strtod(text, &end);
	if (*end || !isfinite(value) || value > 1e9)
		return false;
	*ms = (int64_t)(value * 1000);
	return true;
}

static int take(struct args *a, int option, const char *text)
{
	switch (option) {
	case 'j':
		a->json = true;
		break;
	case 's':
		a->source = text;
		break;
	case 'S':
		a->state = text;
		break;
	case 't':
		return seconds(text, &a->timeout_ms)
			       ? -1
			       : say_usage("--timeout takes seconds, not \"%s\"", text);
	case 'g':
		a->has_since = true;
		return number(text, &a->since)
			       ? -1
			       : say_usage("--since takes a generation, not \"%s\"", text);
	case 'n':
		return number(text, &a->count) && a->count
			       ? -1
			       : say_usage("--count takes a number above 0, not \"%s\"", text);
	case 'o':
		a->once = true;
		break;
	case 'r':
		a->root = text;
		break;
	case 'R':
		a->raw = true;
		break;
	case 'u':
		a->unsettled = true;
		break;
	case 'v':
		a->vmclock = true;
		break;
	case 'b':
		a->has_start = true;
		return number(text, &a->start)
			       ? -1
			       : say_usage("--start takes a generation, not \"%s\"", text);
	case 'p':
		a->processes = true;
		break;
	case 'y':
		a->retry = true;
		break;
	case 'N':
		a->new_machine = true;
		break;
	case 'w':
		a->wait = true;
		break;
	case 'e':
		a->ready = true;
		break;
	case 'C':
		a->config = text;
		break;
	case 'P':
		a->snippet = text;
		break;
	case 'G':
		a->guard = text;
		break;
	case 'k':
		a->signal = text;
		break;
	case 'x':
		a->restart = true;
		break;
	case 'm':
		a->metrics = true;
		break;
	case 'O':
		a->output = text;
		break;
	}
	return -1;
}

int args_parse(int argc, char **argv, const char *allowed, const char *help, struct args *a)
{
	int option, index = 0, code = -1;

	*a = (struct args){.state = VMGENC_STATE,
			   .root = "",
			   .snippet = VMGENC_SNIPPET,
			   .guard = VMGENC_GUARD,
			   .timeout_ms = -1};
	opterr = 0;
	while (code < 0 && (option = getopt_long(argc, argv, ":h", options, &index)) != -1) {
		if (option == 'h')
			return fputs(help, stdout) < 0 ? EXIT_TROUBLE : EXIT_YES;
		if (option == ':')
			return say_usage("%s: %s needs a value", argv[0], argv[optind - 1]);
		if (option == '?')
			return say_usage("%s: there is no option %s", argv[0], argv[optind - 1]);
		if (!strchr(allowed, option))
			return say_usage("%s does not take --%s", argv[0], options[index].name);
		code = take(a, option, optarg);
	}
	a->rest = argv + optind;
	a->rest_count = argc - optind;
	return code;
}
