/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/cmd: a simulated machine with a hooks directory, which is power cycled and copied. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "hookcase.h"

#define PATIENCE_MS 60000

struct hookcase hc;

int hookcase_setup(void **unused)
{
	(void)unused;
	if (simfile_create_plain(&hc.sim))
		return -1;
	scratch_create(hc.scratch);
	snprintf(hc.hooks, sizeof(hc.hooks), "%s/hooks", hc.scratch);
	snprintf(hc.state, sizeof(hc.state), "%s/state", hc.scratch);
	snprintf(hc.log, sizeof(hc.log), "%s/log", hc.scratch);
	snprintf(hc.root, sizeof(hc.root), "%s/root", hc.scratch);
	return mkdir(hc.hooks, 0755) || mkdir(hc.root, 0755);
}

int hookcase_teardown(void **unused)
{
	(void)unused;
	scratch_remove(hc.scratch);
	simfile_remove(&hc.sim);
	return 0;
}

void has(const char *path, const char *content)
{
	char command[512];

	snprintf(command, sizeof(command),
		 content ? "umask 022; mkdir -p $(dirname %s/%s) && printf '%%s\\n' '%s' >%s/%s"
			 : "rm -rf %s/%s",
		 hc.root, path, content ? content : "", hc.root, path);
	if (system(command))
		abort();
}

void is_machine(const char *uuid, const char *mac)
{
	has("sys/class/dmi/id/product_uuid", uuid);
	has("sys/class/net/eth0/address", mac);
	has("sys/class/net/eth0/addr_assign_type", mac ? "0" : NULL);
	has("sys/class/net/eth0/device/vendor", mac ? "0x1af4" : NULL);
}

void hook(const char *name, const char *header, const char *between)
{
	char script[2048];

	snprintf(script, sizeof(script),
		 "#!/bin/sh\n%s\necho %s $VMGENC_WHY $VMGENC_NEW_MACHINE $VMGENC_ATTEMPT "
		 ">>%s/noted\n%s\n",
		 header, name, hc.scratch, between);
	write_file(hc.hooks, name, script, 0755);
}

const char *noted(void)
{
	char path[128];

	read_file(hc.scratch, "noted", hc.text);
	snprintf(path, sizeof(path), "%s/noted", hc.scratch);
	unlink(path);
	return hc.text;
}

int hooks_once(void)
{
	RUN(&hc.result, "hooks", hc.hooks, "--once", "--timeout", "10", "--state", hc.state,
	    "--source", hc.sim.source, "--root", hc.root);
	return hc.result.code;
}

pid_t hooks_service(void)
{
	return START(hc.log, "hooks", hc.hooks, "--state", hc.state, "--source", hc.sim.source,
		     "--root", hc.root);
}

const struct state *recorded(void)
{
	static struct state s;
	char why[STATE_WHY];

	state_load(hc.state, &s, why, sizeof(why));
	return &s;
}

void power_cycle(bool other_id)
{
	struct state s = *recorded();
	char why[STATE_WHY];

	strcpy(s.boot, "the boot before");
	if (state_save(hc.state, &s, why, sizeof(why)))
		abort();
	if (other_id)
		simfile_bump(&hc.sim);
	hc.sim.page->generation = hc.sim.page->settled = 1;
	hc.sim.page->changes = 0;
}

bool wait_for(const char *file, const char *what)
{
	for (int ms = 0; ms < PATIENCE_MS; ms++) {
		if (strstr(read_file(hc.scratch, file, hc.text), what))
			return true;
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	return false;
}
