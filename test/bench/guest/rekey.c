/* SPDX-License-Identifier: BSD-2-Clause */
/* test/bench/guest: what a rekey costs the program that finds the change - the time of a sync that
 * rekeys, beside one that has nothing to do. Runs as root in a guest. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../../vm/guest.h"
#include "../../vm/rawid.h"
#include "measure.h"

#define CHANGES 201
#define WARM_UP 5      /* QEMU translates the code at first */
#define PAUSE_US 20000 /* the worker tells of each change alone */

/* Ends the program if the sync fails, or does not settle what it should. */
static uint64_t timed_sync(int fd, uint64_t after, uint64_t *generation)
{
	struct vmgenc_event event;
	uint64_t begun = now();
	int error = ioctl(fd, VMGENC_SYNC, &event);
	uint64_t end = now();

	if (error || event.settled != event.generation || event.generation <= after) {
		fputs("rekey: a sync did not settle the generation\n", stderr);
		exit(1);
	}
	*generation = event.generation;
	return end - begun;
}

static void print(const char *what, uint64_t *ns)
{
	qsort(ns, CHANGES, sizeof(*ns), by_size);
	printf("%s: median %.1f us, least %.1f us, 9 of 10 below %.1f us, worst %.1f us\n", what,
	       (double)ns[CHANGES / 2] / 1000, (double)ns[0] / 1000,
	       (double)ns[CHANGES * 9 / 10] / 1000, (double)ns[CHANGES - 1] / 1000);
}

int main(void)
{
	static uint64_t rekey[CHANGES], idle[CHANGES];
	uint64_t generation, same;
	int fd = node_open(O_NONBLOCK);

	if (fd < 0) {
		perror("rekey: " NODE);
		return 1;
	}
	timed_sync(fd, 0, &generation);
	for (int i = -WARM_UP; i < CHANGES; i++) {
		rawid_change();
		rekey[i < 0 ? 0 : i] = timed_sync(fd, generation, &generation);
		usleep(PAUSE_US);
		idle[i < 0 ? 0 : i] = timed_sync(fd, generation - 1, &same);
	}
	print("sync after a change", rekey);
	print("sync without one", idle);
	return 0;
}
