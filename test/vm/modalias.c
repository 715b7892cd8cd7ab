/* SPDX-License-Identifier: BSD-2-Clause */
/* test/vm: modprobe loads the module by the device's modalias, as udev asks for it. Needs the tree
 * that test/vm/modprobe lays out: vmgenc-lab run --no-load --tree DIRECTORY modalias */
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "guest.h"
#include "kernel_state.h"
#include "rawid.h"

#define LOADED "/sys/module/vmgenc"
#define CYCLES 5

static const char *arguments[4];

static void modprobe(void)
{
	execv("/sbin/modprobe", (char *const *)arguments);
	_exit(127);
}

static int run_modprobe(const char *option, const char *what)
{
	arguments[0] = "modprobe";
	arguments[1] = option;
	arguments[2] = what;
	return in_child(modprobe);
}

static bool is_ours(const char *modalias)
{
	return strcasestr(modalias, "VM_GEN_COUNTER") || strstr(modalias, "VMGENCTR");
}

/* Asks for what each ACPI device needs, or only for what the others need. */
static unsigned int ask_for_devices(bool ours)
{
	unsigned int asked = 0;
	char modalias[512];
	glob_t files;

	CHECK(glob("/sys/bus/acpi/devices/*/modalias", 0, NULL, &files) == 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		snprintf(modalias, sizeof(modalias), "%s", file_text(files.gl_pathv[i]));
		if (!modalias[0] || is_ours(modalias) != ours)
			continue;
		run_modprobe("-qb", modalias);
		asked++;
	}
	globfree(&files);
	return asked;
}

/* Fails if a device that is not ours loads the module. */
static void others_do_not_load_it(void)
{
	CHECK(run_modprobe("-V", NULL) == 0);
	CHECK(ask_for_devices(false) > 1);
	CHECK(access(LOADED, F_OK) == -1);
}

static void works(void)
{
	struct vmgenc_event before, after;

	CHECK(node_sync(&before));
	rawid_change();
	CHECK(node_sync(&after));
	CHECK(after.generation == before.generation + 1 && after.settled == after.generation);
}

/* Fails if the device's modalias does not, once or again, or the kernel complains. */
static void device_loads_it_each_time(void)
{
	struct kernel_state before;
	int log = log_open();

	CHECK(ask_for_devices(true) == 1); /* an unsigned module taints */
	kernel_state(&before);
	for (int i = 0; i < CYCLES; i++) {
		CHECK(access(LOADED, F_OK) == 0 && access(NODE, F_OK) == 0);
		works();
		CHECK(run_modprobe("-r", "vmgenc") == 0);
		CHECK(access(LOADED, F_OK) == -1 && access(NODE, F_OK) == -1);
		CHECK(log_is_clean(log));
		CHECK(ask_for_devices(true) == 1);
	}
	CHECK(!kernel_is_worse(&before));
	close(log);
}

int main(void)
{
	rawid_page();
	RUN(others_do_not_load_it);
	RUN(device_loads_it_each_time);
	return check_result();
}
