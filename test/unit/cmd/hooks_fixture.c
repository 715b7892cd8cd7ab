/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/cmd: what the tests of vmgenc hooks share: a directory of hooks, and how they are run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "hooks_fixture.h"

#define PATIENCE_MS 60000

char hooks[128], state_file[128], log_file[128];

int hooks_setup(void **unused)
{
	if (cmd_setup(unused))
		return -1;
	snprintf(hooks, sizeof(hooks), "%s/hooks", scratch);
	snprintf(state_file, sizeof(state_file), "%s/state", scratch);
	snprintf(log_file, sizeof(log_file), "%s/log", scratch);
	return mkdir(hooks, 0755);
}

void hook(const char *name, const char *between)
{
	char script[1024];

	snprintf(script, sizeof(script),
		 "#!/bin/sh\necho begin %s $VMGENC_GENERATION >>%s/done\n%s\necho end %s "
		 "$VMGENC_GENERATION >>%s/done\n",
		 name, scratch, between, name, scratch);
	write_file(hooks, name, script, 0755);
}

int once(void)
{
	RUN(&result, "hooks", hooks, "--once", "--timeout", "1", "--state", state_file, "--source",
	    sim.source);
	return result.code;
}

pid_t service(void)
{
	return START(log_file, "hooks", hooks, "--state", state_file, "--source", sim.source);
}

void sleep_us(long us)
{
	nanosleep(&(struct timespec){.tv_nsec = us * 1000}, NULL);
}

struct state state(void)
{
	char why[STATE_WHY];
	struct state s;

	state_load(state_file, &s, why, sizeof(why));
	return s;
}

bool is_done(uint64_t generation)
{
	struct state s = state();

	return s.known && s.generation == generation && !s.under_way;
}

bool wait_done(uint64_t generation)
{
	for (int ms = 0; ms < PATIENCE_MS; ms++) {
		if (is_done(generation))
			return true;
		sleep_us(1000);
	}
	return false;
}

bool wait_for(const char *file, const char *what)
{
	for (int ms = 0; ms < PATIENCE_MS; ms++) {
		if (strstr(read_file(scratch, file, text), what))
			return true;
		sleep_us(1000);
	}
	return false;
}

const char *done(void)
{
	return read_file(scratch, "done", text);
}

pid_t noted(const char *file)
{
	return (pid_t)atoi(read_file(scratch, file, text));
}

bool is_gone(pid_t pid)
{
	for (int ms = 0; ms < PATIENCE_MS; ms++) {
		char path[40], line[512] = "";
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%d/stat", pid);
		f = fopen(path, "r");
		if (!f)
			return true;
		if (!fgets(line, sizeof(line), f))
			line[0] = '\0';
		fclose(f);
		if (strstr(line, ") Z "))
			return true; /* whose parent is not ours to make reap it */
		sleep_us(1000);
	}
	return false;
}
