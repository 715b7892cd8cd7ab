/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/cmd: what the tests of vmgenc hooks share: a directory of hooks, how they are run, and
 * a simulated machine that is power cycled and copied. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "hooks_fixture.h"

#define PATIENCE_MS 60000

char hooks[128], state_file[128], log_file[128], root[128];

int hooks_setup(void **unused)
{
	if (cmd_setup(unused))
		return -1;
	snprintf(hooks, sizeof(hooks), "%s/hooks", scratch);
	snprintf(state_file, sizeof(state_file), "%s/state", scratch);
	snprintf(log_file, sizeof(log_file), "%s/log", scratch);
	snprintf(root, sizeof(root), "%s/root", scratch);
	return mkdir(hooks, 0755) || mkdir(root, 0755);
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

void hook_with(const char *name, const char *header, const char *between)
{
	char script[2048];

	snprintf(script, sizeof(script),
		 "#!/bin/sh\n%s\necho %s $VMGENC_WHY $VMGENC_NEW_MACHINE $VMGENC_ATTEMPT "
		 ">>%s/noted\n%s\n",
		 header, name, scratch, between);
	write_file(hooks, name, script, 0755);
}

const char *noted(void)
{
	char path[128];

	read_file(scratch, "noted", text);
	snprintf(path, sizeof(path), "%s/noted", scratch);
	unlink(path);
	return text;
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

int machine_once(void)
{
	RUN(&result, "hooks", hooks, "--once", "--timeout", "10", "--state", state_file, "--source",
	    sim.source, "--root", root);
	return result.code;
}

pid_t machine_service(void)
{
	return START(log_file, "hooks", hooks, "--state", state_file, "--source", sim.source,
		     "--root", root);
}

void has(const char *path, const char *content)
{
	if (!content)
		assert_int_equal(shell("rm -rf %s/%s", root, path), 0);
	else
		assert_int_equal(shell("umask 022; mkdir -p $(dirname %s/%s) && "
				       "printf '%%s\\n' '%s' >%s/%s",
				       root, path, content, root, path),
				 0);
}

void is_machine(const char *uuid, const char *mac)
{
	has("sys/class/dmi/id/product_uuid", uuid);
	has("sys/class/net/eth0/address", mac);
	has("sys/class/net/eth0/addr_assign_type", mac ? "0" : NULL);
	has("sys/class/net/eth0/device/vendor", mac ? "0x1af4" : NULL);
}

void power_cycle(bool other_id)
{
	struct state s = state();
	char why[STATE_WHY];

	strcpy(s.boot, "the boot before");
	assert_int_equal(state_save(state_file, &s, why, sizeof(why)), 0);
	if (other_id)
		simfile_bump(&sim);
	sim.page->generation = sim.page->settled = 1;
	sim.page->changes = 0;
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

pid_t pid_in(const char *file)
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
