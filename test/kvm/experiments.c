/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/kvm: what "make check-kvm" does where there is KVM: clones on each kernel, the firmware
 * matrix in brief, the tests of the device.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kvm.h"

/* Nested and emulated guests are slow, on a busy machine more so: this only ends what hangs. */
#define LIMIT_S 3600
#define SILENT_S "600"

const char *kernel_series[DEBIAN_KERNELS];
size_t kernel_count;
const char *kernel_append = "";

static const char *const device_tests[] = {"announce", "device", "map",	    "notifier", "params",
					   "sysgenid", "unload", "vmclock", "watchers"};

/* By what the results say, since a guest runs without kvm as well. */
static void judge_kvm(const struct debian_kernel *k, const char *what, const char *json)
{
	char name[80];

	snprintf(name, sizeof(name), "%s: %s took kvm", k->series, what);
	step_judge(name, strcmp(table_accel(json), "kvm") ? "it ran the guest without" : NULL);
}

/* All generators, without and with the module. */
static void prove(const struct debian_kernel *k)
{
	char plain[400], ours[800], json[40], name[80];
	const char *const argv[] = {LAB,	 "prove",    "--accel",	 "kvm",		"--times",
				    "--json",	 json,	     "--guest",	 plain,		"--guest",
				    ours,	 "--clones", "2",	 "--draws",	"10000",
				    "--timeout", SILENT_S,   "--append", kernel_append, NULL};

	snprintf(plain, sizeof(plain), "without=%s", k->image);
	snprintf(ours, sizeof(ours), "vmgenc=%s,%s", k->image, k->module);
	snprintf(json, sizeof(json), "build/kvm-%s.json", k->series);
	unlink(json);
	snprintf(name, sizeof(name), "%s: clones, without and with the module", k->series);
	step(name, LIMIT_S, argv);
	snprintf(name, sizeof(name), "%s: clones, times of every generator", k->series);
	step_judge(name, table_times(json));
	judge_kvm(k, "clones", json);
}

static void prove_auto(const struct debian_kernel *k)
{
	char name[80];
	const char *json = "build/kvm-auto.json";
	const char *const argv[] = {
		LAB,	       "prove",	  "--accel",  "auto",	     "--json",	    json,
		"--kernel",    k->image,  "--module", k->module,     "--draws",	    "5000",
		"--timeout",   SILENT_S,  "--append", kernel_append, "--generator", "getrandom",
		"--generator", "guarded", NULL};

	unlink(json);
	snprintf(name, sizeof(name), "%s: clones, --accel auto", k->series);
	step(name, LIMIT_S, argv);
	judge_kvm(k, "clones, --accel auto", json);
}

static void firmware(const struct debian_kernel *k)
{
	char name[80];
	const char *const argv[] = {LAB,	  "prove",    "--accel",     "kvm",
				    "--firmware", "all",      "--brief",     "--kernel",
				    k->image,	  "--module", k->module,     "--timeout",
				    SILENT_S,	  "--append", kernel_append, NULL};

	snprintf(name, sizeof(name), "%s: firmware of nine hypervisors", k->series);
	step(name, LIMIT_S, argv);
}

static void device(const struct debian_kernel *k, const char *test)
{
	char name[80], program[80];
	/* An argument of unload's: a load takes seconds here. */
	const char *brief = strcmp(test, "unload") ? NULL : "5";
	const char *const argv[] = {LAB,	 "run",	     "--accel",	 "kvm",		"--file",
				    k->listener, "--kernel", k->image,	 "--module",	k->module,
				    "--timeout", SILENT_S,   "--append", kernel_append, program,
				    brief,	 NULL};

	snprintf(name, sizeof(name), "%s: %s", k->series, test);
	snprintf(program, sizeof(program), "build/test/vm/%s", test);
	step(name, LIMIT_S, argv);
}

int experiments(void)
{
	struct debian_kernel k = {.series = ""};

	for (size_t i = 0; i < kernel_count; i++) {
		if (!debian_kernel_find(&k, kernel_series[i]))
			return 1;
		prove(&k);
	}
	table_print(); /* now, too: what follows takes long, and may be ended */
	prove_auto(&k);
	for (size_t i = 0; i < kernel_count; i++) {
		if (!debian_kernel_find(&k, kernel_series[i]))
			return 1;
		if (!i)
			firmware(&k);
		for (size_t j = 0; j < sizeof(device_tests) / sizeof(*device_tests); j++)
			device(&k, device_tests[j]);
	}
	table_print();
	return step_result();
}
