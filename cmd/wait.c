/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: vmgenc wait and vmgenc watch. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "cmd.h"

static const char wait_help[] =
	"usage: vmgenc wait [--timeout SECONDS] [--since GENERATION] [--source SOURCE]\n"
	"       vmgenc wait --ready [--timeout SECONDS] [--state FILE] [--source SOURCE]\n"
	"Waits until the machine has been cloned or restored and the kernel is rekeyed; or, with\n"
	"--ready, until all is done for the generation in force.\n"
	"\n"
	"  --ready              until the kernel is rekeyed and the hooks have run; exit code 1 "
	"if\n"
	"                       one has failed, or nothing is there to run them\n"
	"  --timeout SECONDS    when to give up; default never\n"
	"  --since GENERATION   the generation last seen; return at once if it is over\n"
	"  --source SOURCE      dev:NODE, vmclock:NODE or file:PATH instead of the best one\n"
	"  --state FILE         the record of vmgenc hooks; default " VMGENC_STATE "\n"
	"\n"
	"Exit codes: 0 changed, or ready, 1 timeout or no source, 2 wrong usage, 3 trouble.\n"
	"Examples:\n"
	"  vmgenc wait && systemctl restart my-service\n"
	"  vmgenc wait --since 3 --timeout 10\n"
	"  vmgenc wait --ready && systemctl start my-service\n";

static const char watch_help[] =
	"usage: vmgenc watch [--json] [--count N] [--timeout SECONDS] [--source SOURCE]\n"
	"Prints a line for the generation in force, and one for each settled change.\n"
	"\n"
	"  --json               print objects: generation, settled, id, changed_ns, since\n"
	"  --count N            end after N lines\n"
	"  --timeout SECONDS    when to end; default never\n"
	"  --source SOURCE      dev:NODE, vmclock:NODE or file:PATH instead of the best one\n"
	"\n"
	"Exit codes: 0 ended by --count, 1 timeout or no source, 2 wrong usage, 3 trouble.\n"
	"Examples:\n"
	"  vmgenc watch\n"
	"  vmgenc watch --json | jq -r --unbuffered .id\n";

static int64_t deadline_of(const struct args *a)
{
	return a->timeout_ms < 0 ? -1 : now_ms() + a->timeout_ms;
}

static int start(const struct args *a, struct vmgenc **vg, struct vmgenc_status *st)
{
	int code;

	*vg = NULL;
	if (a->rest_count)
		return say_usage("\"%s\" is not expected", a->rest[0]);
	code = source_open(a->source, vg);
	return code ? code : source_status(*vg, st);
}

/* What follow() ended with as an exit code; a time limit is said. */
static int code_of(enum follow result, const struct args *a, const char *what)
{
	if (result == FOLLOW_TIMEOUT)
		say_log("%s within %.10g s", what, (double)a->timeout_ms / 1000);
	return result == FOLLOW_CHANGED	  ? EXIT_YES
	       : result == FOLLOW_TIMEOUT ? EXIT_NO
					  : EXIT_TROUBLE;
}

int cmd_wait(int argc, char **argv)
{
	struct vmgenc_status seen;
	struct vmgenc *vg;
	struct args a;
	int code = args_parse(argc, argv, "tgsSe", wait_help, &a);

	if (code >= 0)
		return code;
	if (a.ready && a.has_since)
		return say_usage("wait takes one of --ready and --since");
	code = start(&a, &vg, &seen);
	if (!code && a.ready) {
		code = ready_wait(a.state, vg, a.timeout_ms);
		vmgenc_close(vg);
		return code;
	}
	if (!code && a.has_since && a.since != seen.generation)
		seen.generation = a.since; /* it is over, so the first look finds another one */
	if (!code)
		code = code_of(follow(vg, &seen, deadline_of(&a), NULL), &a, "no change");
	vmgenc_close(vg);
	return code;
}

static int print_line(const struct vmgenc_status *st, bool json)
{
	char id[37], since[32];
	json_t *line;
	int failed;

	id_text(st->id, id);
	since_text(st->changed_ns, since);
	if (!json) {
		printf("generation %" PRIu64 " id %s since %s\n", st->generation, id,
		       *since ? since : "-");
		return say_done(EXIT_YES);
	}
	line = json_pack("{s:I,s:I,s:s,s:I,s:s}", "generation", (json_int_t)st->generation,
			 "settled", (json_int_t)st->settled, "id", id, "changed_ns",
			 (json_int_t)st->changed_ns, "since", since);
	failed = !line || json_dumpf(line, stdout, JSON_COMPACT) || putchar('\n') < 0;
	json_decref(line);
	return say_done(failed ? EXIT_TROUBLE : EXIT_YES);
}

int cmd_watch(int argc, char **argv)
{
	struct vmgenc_status seen;
	struct vmgenc *vg;
	struct args a;
	int code = args_parse(argc, argv, "jnts", watch_help, &a);

	if (code >= 0)
		return code;
	code = start(&a, &vg, &seen);
	int64_t deadline = deadline_of(&a);

	for (uint64_t lines = 1; !code; lines++) {
		code = print_line(&seen, a.json);
		if (code || lines == a.count)
			break;
		code = code_of(follow(vg, &seen, deadline, NULL), &a, "no further change");
	}
	vmgenc_close(vg);
	return code;
}
