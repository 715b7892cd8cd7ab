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

const char *const kernel_series[] = {"6.1", "6.12"};
const size_t kernel_count = sizeof(kernel_series) / sizeof(*kernel_series);

static const char *const device_tests[] = {"announce", "device", "map",	    "notifier", "params",
					   "sysgenid", "unload", "vmclock", "watchers"};

bool kernel_find(struct kernel *k, const char *series)
{
	char path[64];

	k->series = series;
	snprintf(path, sizeof(path), "build/kernels/%s", series);
	FILE *f = fopen(path, "re");

	if (!f || fscanf(f, "%79s", k->release) != 1) {
		fprintf(stderr, "cannot read %s: run make kernels\n", path);
		if (f)
			fclose(f);
		return false;
	}
	fclose(f);
	snprintf(k->image, sizeof(k->image), "build/kernels/root/boot/vmlinuz-%s", k->release);
	snprintf(k->module, sizeof(k->module), "build/linux/%s/vmgenc.ko", k->release);
	return true;
}

/* All generators, without and with the module. */
static void prove(const struct kernel *k)
{
	char plain[400], ours[800], json[40], name[80];
	const char *const argv[] = {LAB,       "prove",	    "--accel",	"kvm",	   "--quiet",
				    "--times", "--json",    json,	"--guest", plain,
				    "--guest", ours,	    "--clones", "2",	   "--draws",
				    "10000",   "--timeout", SILENT_S,	NULL};

	snprintf(plain, sizeof(plain), "without=%s", k->image);
	snprintf(ours, sizeof(ours), "vmgenc=%s,%s", k->image, k->module);
	snprintf(json, sizeof(json), "build/kvm-%s.json", k->series);
	unlink(json);
	snprintf(name, sizeof(name), "%s: clones, without and with the module", k->series);
	step(name, LIMIT_S, argv);
	snprintf(name, sizeof(name), "%s: clones, times of every generator", k->series);
	step_judge(name, table_times(json));
}

static void prove_auto(const struct kernel *k)
{
	char name[80];
	const char *json = "build/kvm-auto.json";
	const char *const argv[] = {LAB,	 "prove",	"--accel", "auto",
				    "--quiet",	 "--json",	json,	   "--kernel",
				    k->image,	 "--module",	k->module, "--draws",
				    "5000",	 "--timeout",	SILENT_S,  "--generator",
				    "getrandom", "--generator", "guarded", NULL};

	unlink(json);
	snprintf(name, sizeof(name), "%s: clones, --accel auto", k->series);
	step(name, LIMIT_S, argv);
	snprintf(name, sizeof(name), "%s: clones, --accel auto took kvm", k->series);
	step_judge(name, strcmp(table_accel(json), "kvm") ? "it ran the guest without" : NULL);
}

static void firmware(const struct kernel *k)
{
	char name[80];
	const char *const argv[] = {LAB,	  "prove",   "--accel",	  "kvm",      "--quiet",
				    "--firmware", "all",     "--brief",	  "--kernel", k->image,
				    "--module",	  k->module, "--timeout", SILENT_S,   NULL};

	snprintf(name, sizeof(name), "%s: firmware of nine hypervisors", k->series);
	step(name, LIMIT_S, argv);
}

static void device(const struct kernel *k, const char *test)
{
	char name[80], program[80], listener[PATH_MAX_KVM];
	const char *const argv[] = {LAB,       "run",	    "--accel",	"kvm",	  "--quiet",
				    "--file",  listener,    "--kernel", k->image, "--module",
				    k->module, "--timeout", SILENT_S,	program,  NULL};

	snprintf(name, sizeof(name), "%s: %s", k->series, test);
	snprintf(program, sizeof(program), "build/test/vm/%s", test);
	snprintf(listener, sizeof(listener), "build/linux/%s/listener/listener.ko", k->release);
	step(name, LIMIT_S, argv);
}

int experiments(void)
{
	struct kernel k = {.series = ""};

	for (size_t i = 0; i < kernel_count; i++) {
		if (!kernel_find(&k, kernel_series[i]))
			return 1;
		prove(&k);
	}
	prove_auto(&k);
	for (size_t i = 0; i < kernel_count; i++) {
		if (!kernel_find(&k, kernel_series[i]))
			return 1;
		firmware(&k);
		for (size_t j = 0; j < sizeof(device_tests) / sizeof(*device_tests); j++)
			device(&k, device_tests[j]);
	}
	table_print();
	return step_result();
}
