/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: vmgenc sync. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "cmd.h"

static const char help[] =
	"usage: vmgenc sync [--timeout SECONDS] [--source SOURCE]\n"
	"Makes the kernel look at the id now, and waits until its random generator is rekeyed\n"
	"for this id. No clone draws what getrandom(2) returns afterwards.\n"
	"\n"
	"  --timeout SECONDS    how long to retry while the kernel cannot rekey; default 5\n"
	"  --source SOURCE      dev:NODE, vmclock:NODE or file:PATH instead of the best one\n"
	"\n"
	"Exit codes: 0 rekeyed, 1 not in time or no source, 2 wrong usage, 3 trouble.\n"
	"Examples:\n"
	"  vmgenc sync && ssh-keygen -t ed25519 -f key\n"
	"  vmgenc sync --timeout 30\n";

static int report(struct vmgenc *vg, int error)
{
	struct vmgenc_status st;
	int code;

	switch (error) {
	case 0:
		code = source_status(vg, &st);
		if (!code)
			printf("generation %" PRIu64 ": rekeyed\n", st.generation);
		return code;
	case -ETIMEDOUT:
		say_log("the kernel's random generator was not rekeyed in time; the kernel's log "
			"may say why");
		return EXIT_NO;
	case -EPERM:
		return say_trouble(
			"a VMClock has no driver that rekeys: this needs root (CAP_SYS_ADMIN)");
	case -EINTR:
		return say_trouble("interrupted");
	default:
		return say_trouble("the source failed: the driver did (see the kernel's log), or "
				   "the file shrank or is no source any more");
	}
}

int cmd_sync(int argc, char **argv)
{
	struct vmgenc_mark mark = {{0}};
	struct vmgenc *vg;
	struct args a;
	int code = args_parse(argc, argv, "ts", help, &a);

	if (code >= 0)
		return code;
	if (a.rest_count)
		return say_usage("sync: \"%s\" is not expected", a.rest[0]);
	if (a.timeout_ms < 0)
		a.timeout_ms = 5000;
	if (a.timeout_ms > 1000000000)
		a.timeout_ms = 1000000000;
	code = source_open(a.source, &vg);
	if (!code)
		code = report(vg, vmgenc_sync(vg, &mark, (int)a.timeout_ms));
	vmgenc_close(vg);
	return code;
}
