/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/vm: distinguishes a slow guest from a dead one. A sign of life is output on the console or a
 * new state in the exchange; the time that a boot takes does not matter.
 */
#include <string.h>
#include <sys/stat.h>

#include "host/host.h"
#include "vm.h"

#define PROGRESS_SECONDS 10 /* between two lines of progress */
#define SPOKEN_SECONDS 60   /* of a trial's silence, as a guest's without --timeout */

static off_t console_size(const struct vm *vm)
{
	struct stat st;

	return stat(vm->console, &st) ? 0 : st.st_size;
}

void watchdog_start(struct watchdog *w, const struct vm *vm, enum lab_state state)
{
	bool boots = state == LAB_BOOTING;

	/* Count a boot from QEMU's start; the guest may have printed something already. */
	w->console = boots ? 0 : console_size(vm);
	w->state = state;
	w->spoke = false;
	w->begun = w->sign = w->told = boots ? vm->started : lab_now();
}

static void last_line(const struct vm *vm, char *to, size_t size)
{
	char text[2000];

	rundir_tail(vm->console, text, sizeof(text));
	const char *line = strrchr(text, '\n');

	line = line ? line + 1 + strspn(line + 1, " ") : "nothing";
	snprintf(to, size, "%s", line);
}

static void tell_progress(struct watchdog *w, const struct vm *vm)
{
	char line[100], begun[LAB_TIME_SIZE], silent[LAB_TIME_SIZE];
	double now = lab_now();

	if (w->state != LAB_BOOTING || now - w->told < PROGRESS_SECONDS)
		return;
	w->told = now;
	last_line(vm, line, sizeof(line));
	lab_progress("booting for %s, last output %s ago: %s",
		     lab_time((long)(now - w->begun), begun),
		     lab_time((long)(now - w->sign), silent), line);
}

const char *watchdog_nor_kvm(const struct machine *m)
{
	return m->kvm_failed ? ", which kvm does not run here either," : "";
}

/*
 * A trial of kvm ends early, but once Linux itself has printed a line, kvm runs the kernel, however
 * slowly: nested and on a busy host, its pauses are longer than what a dead guest is given.
 */
static double patience(struct watchdog *w, const struct vm *vm)
{
	char line[100];

	if (vm->machine->trial && !w->spoke) {
		last_line(vm, line, sizeof(line));
		w->spoke = *line == '[';
	}
	return w->spoke ? SPOKEN_SECONDS : vm->machine->timeout;
}

int watchdog_check(struct watchdog *w, const struct vm *vm, enum lab_state state)
{
	off_t size = console_size(vm);
	char console[2000], limit[LAB_TIME_SIZE];
	double most = patience(w, vm);

	if (size != w->console || state != w->state)
		w->sign = lab_now();
	w->console = size;
	w->state = state;
	tell_progress(w, vm);
	if (lab_now() - w->sign <= most)
		return 0;
	lab_time(most, limit);
	if (vm->machine->trial) {
		last_line(vm, console, sizeof(console));
		return lab_fail(LAB_EXIT_GUEST, "silent for %s, last output: %s", limit, console);
	}
	rundir_tail(vm->console, console, sizeof(console));
	return lab_fail(LAB_EXIT_GUEST,
			"the guest (%s)%s has been silent for %s (--timeout); its console ended "
			"with:%s",
			vm->machine->kernel, watchdog_nor_kvm(vm->machine), limit,
			*console ? console : " nothing");
}
