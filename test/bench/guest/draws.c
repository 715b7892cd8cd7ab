/* SPDX-License-Identifier: BSD-2-Clause */
/* test/bench/guest: what a draw costs without the module, with each of its looks, and in the vDSO
 * open and closed; all in one run, in turns. Runs as root in a guest. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../vm/guest.h"
#include "guest/linux/vdso.h"
#include "measure.h"

#define TURNS 7
#define BATCHES 30
#define DRAWS 500 /* in a batch, whose time counts as one measurement */

static const struct {
	const char *name, *parameters; /* NULL: not loaded */
} ways[] = {
	{"no module", NULL},
	{"draws=0 redraw=0", "draws=0 redraw=0"},
	{"draws=1 redraw=0", "draws=1 redraw=0"},
	{"draws=1 redraw=1 (default)", ""},
	{"vdso=1", "vdso=1"},
};

#define WAYS (sizeof(ways) / sizeof(ways[0]))
#define SAMPLES (TURNS * BATCHES)

static uint64_t system_call[WAYS][SAMPLES], vdso[WAYS][SAMPLES];

static void draw_by_call(void *unused)
{
	char value[16];

	(void)unused;
	if (syscall(SYS_getrandom, value, sizeof(value), 0) != sizeof(value))
		exit(1);
}

static void draw_by_vdso(void *state)
{
	char value[16];

	if (vdso_draw(value, sizeof(value), state) != sizeof(value))
		exit(1);
}

static void measure(uint64_t *to, void (*draw)(void *), void *state)
{
	for (int i = 0; i < DRAWS; i++) /* QEMU translates the code at first */
		draw(state);
	for (int batch = 0; batch < BATCHES; batch++) {
		uint64_t begun = now();

		for (int i = 0; i < DRAWS; i++)
			draw(state);
		to[batch] = (now() - begun) / DRAWS;
	}
}

static void print(const char *what, uint64_t ns[WAYS][SAMPLES])
{
	for (size_t w = 0; w < WAYS; w++)
		qsort(ns[w], SAMPLES, sizeof(ns[w][0]), by_size);
	for (size_t w = 0; w < WAYS; w++)
		printf("%s, %s: median %.2f times (%llu ns), worst %.2f times\n", what,
		       ways[w].name, (double)ns[w][SAMPLES / 2] / (double)ns[0][SAMPLES / 2],
		       (unsigned long long)ns[w][SAMPLES / 2],
		       (double)ns[w][SAMPLES - 1] / (double)ns[0][SAMPLES / 2]);
}

int main(void)
{
	void *state = vdso_find() ? vdso_state() : NULL;

	module_unload("vmgenc");
	for (int turn = 0; turn < TURNS; turn++) {
		for (size_t w = 0; w < WAYS; w++) {
			if (ways[w].parameters && module_load(MODULE_FILE, ways[w].parameters)) {
				perror("draws: the module");
				return 1;
			}
			measure(&system_call[w][turn * BATCHES], draw_by_call, NULL);
			if (state)
				measure(&vdso[w][turn * BATCHES], draw_by_vdso, state);
			if (ways[w].parameters)
				module_unload("vmgenc");
		}
	}
	print("getrandom(2)", system_call);
	if (state)
		print("vDSO", vdso);
	return 0;
}
