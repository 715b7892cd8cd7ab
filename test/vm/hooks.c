/* SPDX-License-Identifier: BSD-2-Clause */
/* test/vm: vmgenc hooks on the real device, woken by its descriptor. This program is the hook,
 * too, when it is started with VMGENC_GENERATION: the guest has no shell. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "check.h"
#include "guest.h"
#include "rawid.h"

#define VMGENC "/vmgenc" /* where vmgenc-lab run --file puts it */
#define NOTED "/tmp/noted"
#define STATE "/tmp/state.json"

static int be_the_hook(const char *generation)
{
	int fd = open(NOTED, O_WRONLY | O_CREAT | O_APPEND, 0600);

	return fd < 0 || dprintf(fd, "%s id %s;", generation, getenv("VMGENC_ID")) < 0;
}

static pid_t start(bool once)
{
	pid_t pid = fork();

	if (pid == 0) {
		execl(VMGENC, "vmgenc", "hooks", "/hooks", "--state", STATE, once ? "--once" : NULL,
		      NULL);
		_exit(127);
	}
	return pid;
}

static bool noted(const char *what)
{
	for (int tries = 0; tries < PATIENCE_S * 100; tries++) {
		if (strcmp(file_text(NOTED), what) == 0)
			return true;
		usleep(10000);
	}
	return false;
}

/* What the hooks must have noted so far: each generation's id once. */
static void expect(char *all, const struct vmgenc_event *event)
{
	sprintf(all + strlen(all), "%llu id %s;", (unsigned long long)event->generation,
		file_text(SYSCTL "guid"));
}

static void prepares(void)
{
	CHECK(module_reload("look_ms=0 notify=0") == 0);
	CHECK(mkdir("/hooks", 0755) == 0);
	CHECK(link("/program", "/hooks/10-note") == 0);
	CHECK(chmod("/hooks/10-note", 0755) == 0);
	CHECK(child_end(start(true)) == 0);
	CHECK(strcmp(file_text(NOTED), "") == 0);
}

/* Fails if the device's descriptor does not wake the service, or a change is run twice. */
static void each_change_once(void)
{
	char all[512] = "";
	struct vmgenc_event event;
	pid_t pid = start(false);

	CHECK(child_sleeps(pid));
	for (int round = 0; round < 3; round++) {
		rawid_change();
		CHECK(node_sync(&event));
		expect(all, &event);
		CHECK(noted(all));
	}
	kill(pid, SIGTERM);
	CHECK(child_end(pid) == 0);
	/* One that came while it was down; and once more without any. */
	rawid_change();
	CHECK(node_sync(&event));
	expect(all, &event);
	CHECK(child_end(start(true)) == 0);
	CHECK(child_end(start(true)) == 0);
	CHECK(noted(all));
}

/* Fails if the counter that starts again with the module is taken for a change, or hides one. */
static void module_is_loaded_anew(void)
{
	char all[512];
	struct vmgenc_event event;

	strcpy(all, file_text(NOTED));
	CHECK(module_reload("look_ms=0 notify=0") == 0);
	CHECK(child_end(start(true)) == 0);
	CHECK(noted(all));
	CHECK(module_unload("vmgenc") == 0);
	rawid_change();
	CHECK(module_load(MODULE_FILE, "look_ms=0 notify=0") == 0);
	CHECK(node_sync(&event) && event.generation == 1);
	expect(all, &event);
	CHECK(child_end(start(true)) == 0);
	CHECK(noted(all));
}

int main(void)
{
	const char *generation = getenv("VMGENC_GENERATION");

	if (generation)
		return be_the_hook(generation);
	rawid_page();
	RUN(prepares);
	RUN(each_change_once);
	RUN(module_is_loaded_anew);
	return check_result();
}
