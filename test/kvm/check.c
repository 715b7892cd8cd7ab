/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/kvm: "make check-kvm". The lab's experiments under KVM: this machine's, if a kernel comes
 * up under it, else that of an emulated machine, in which this program then runs again.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "kvm.h"

static void catch (int number)
{
	step_signal = number;
}

static void catch_signals(void)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = catch};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		sigaction(numbers[i], &action, NULL);
}

#define TRIED "build/kvm.log"

/* The thing itself: a kernel that comes to PID 1 and runs a program. */
static bool kvm_works(const char *silent_s, int seconds)
{
	struct debian_kernel k;

	if (!debian_kernel_find(&k, kernel_series[0]))
		return false;
	const char *const argv[] = {LAB,       "run",	       "--accel",   "kvm",
				    "--quiet", "--kernel",     k.image,	    "--timeout",
				    silent_s,  "build/vmgenc", "--version", NULL};

	return step_run(argv, seconds, TRIED) == 0;
}

/* The first guest of all waits longest: QEMU itself comes from a cold cache. */
static bool warm_up(void)
{
	for (int i = 0; i < 5 && !step_signal; i++) {
		if (kvm_works("600", 1200))
			return true;
	}
	fprintf(stderr, "no kernel comes up under the emulated machine's KVM\n");
	step_show(TRIED);
	return false;
}

static int here(const char *where)
{
	struct utsname name;

	uname(&name);
	printf("KVM of %s, Linux %s\n", where, name.release);
	int code = experiments();

	return step_signal ? 128 + step_signal : code;
}

int main(int argc, char **argv)
{
	catch_signals();
	kernel_count = debian_kernel_names(kernel_series);
	if (!kernel_count)
		return NO_ROOM;
	if (argc > 1 && !strcmp(argv[1], "--inside")) {
		step_only = argv[2];
		return outer_prepare_inside() && warm_up() ? here("an emulated machine") : NO_ROOM;
	}
	step_only = argc > 1 && *argv[1] ? argv[1] : NULL;
	if (kvm_works("60", 120))
		return here("this machine");
	if (step_signal)
		return 128 + step_signal;
	printf("No kernel comes up under KVM here: emulating a machine that has it\n");
	return outer_run(argv[0], step_only);
}
