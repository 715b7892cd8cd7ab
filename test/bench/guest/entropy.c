/* SPDX-License-Identifier: BSD-2-Clause */
/* test/bench/guest: how much of a rekey's timing samples nobody can know, by the driver's own
 * sampling. Runs on any machine: in a guest as "vmgenc-lab run ... entropy", or by itself. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../../driver/core/vmgenc_jitter.h"

/*
 * Each gathering reads the same memory, as two clones' do; what the differences between its
 * samples repeat is what another clone's owner can know. All estimates are of min-entropy in bits
 * a sample, each by the upper end of the 99 % interval of a probability (NIST SP 800-90B, 6.3):
 *
 *   common   the most common difference
 *   Markov   the likeliest way of 128 differences, modulo 16 so that the transitions can be counted
 *   lag      the best guess that a difference is the one of 1 to 128 samples before
 *   restart  the most common difference at an index of the gathering, mean of all indices
 *
 * The smallest of them is taken, and a quarter of it claimed.
 */
enum {
	RESTARTS = 1000,
	LAGS = 128,
	WAY = 128,
	CLASSES = 16,
	SAFETY = 4,
};

struct measurement {
	uint32_t width; /* differences of one gathering, of all the same */
	uint32_t rows;
	uint32_t *differences; /* rows times width */
	uint32_t passed;       /* gatherings whose samples count */
	uint64_t ns, longest;  /* all gatherings, and one */
};

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static double upper(double p, double count)
{
	p += 2.576 * sqrt(p * (1 - p) / (count - 1));
	return p < 1 ? p : 1;
}

/* Sorts values; bits of the most common. */
static double most_common(uint32_t *values, size_t count)
{
	size_t run = 0, most = 0;

	qsort(values, count, sizeof(*values), by_value);
	for (size_t i = 0; i < count; i++) {
		run = i && values[i] == values[i - 1] ? run + 1 : 1;
		most = run > most ? run : most;
	}
	return -log2(upper((double)most / (double)count, (double)count));
}

static double common(const struct measurement *m, uint32_t *scratch)
{
	size_t count = (size_t)m->rows * m->width;

	memcpy(scratch, m->differences, count * sizeof(*scratch));
	return most_common(scratch, count);
}

static double restart(const struct measurement *m, uint32_t *scratch)
{
	double sum = 0;

	for (uint32_t i = 0; i < m->width; i++) {
		for (uint32_t row = 0; row < m->rows; row++)
			scratch[row] = m->differences[(size_t)row * m->width + i];
		sum += most_common(scratch, m->rows);
	}
	return sum / m->width;
}

static double lag(const struct measurement *m)
{
	size_t most = 0, count = (size_t)m->rows * (m->width - LAGS);

	for (uint32_t back = 1; back <= LAGS; back++) {
		size_t hits = 0;

		for (uint32_t row = 0; row < m->rows; row++) {
			const uint32_t *d = m->differences + (size_t)row * m->width;

			for (uint32_t i = LAGS; i < m->width; i++)
				hits += d[i] == d[i - back];
		}
		most = hits > most ? hits : most;
	}
	return most ? -log2(upper((double)most / (double)count, (double)count)) : 32;
}

/* A counter that counts in steps has no low bits: the step that all differences have in common. */
static uint32_t step_of(const struct measurement *m)
{
	uint32_t step = 0;

	for (size_t i = 0; i < (size_t)m->rows * m->width; i++) {
		uint32_t a = m->differences[i];

		while (a) {
			uint32_t rest = step % a;

			step = a;
			a = rest;
		}
		if (step == 1)
			break;
	}
	return step ? step : 1;
}

/* The likeliest way that begins anywhere: as bits a difference. */
static double likeliest_way(double start[CLASSES], double next[CLASSES][CLASSES])
{
	double best = -INFINITY;

	for (int n = 1; n < WAY; n++) {
		double then[CLASSES];

		for (int to = 0; to < CLASSES; to++) {
			then[to] = -INFINITY;
			for (int from = 0; from < CLASSES; from++)
				then[to] = fmax(then[to], start[from] + next[from][to]);
		}
		memcpy(start, then, sizeof(then));
	}
	for (int i = 0; i < CLASSES; i++)
		best = fmax(best, start[i]);
	return -best / WAY;
}

static double markov(const struct measurement *m)
{
	double start[CLASSES] = {0}, next[CLASSES][CLASSES] = {{0}};
	double count = (double)m->rows * m->width;
	uint32_t step = step_of(m);

	for (uint32_t row = 0; row < m->rows; row++) {
		const uint32_t *d = m->differences + (size_t)row * m->width;

		for (uint32_t i = 0; i < m->width; i++) {
			start[d[i] / step % CLASSES]++;
			if (i)
				next[d[i - 1] / step % CLASSES][d[i] / step % CLASSES]++;
		}
	}
	for (int from = 0; from < CLASSES; from++) {
		double begun = 0;

		for (int to = 0; to < CLASSES; to++)
			begun += next[from][to];
		for (int to = 0; to < CLASSES; to++)
			next[from][to] =
				begun > 1 ? log2(upper(next[from][to] / begun, begun)) : 0;
		start[from] = log2(upper(start[from] / count, count));
	}
	return likeliest_way(start, next);
}

/* Gatherings that the clock ended early are cut to the shortest that can count. */
static void gather(struct measurement *m, struct vmgenc_jitter *jitter, uint32_t restarts)
{
	uint32_t shortest = VMGENC_JITTER_SAMPLES, tries;

	for (tries = 0; tries < restarts; tries++) {
		uint32_t *to = m->differences + (size_t)m->rows * VMGENC_JITTER_SAMPLES;
		uint64_t begun;

		begun = vmgenc_os_now();
		m->passed += vmgenc_jitter_gather(jitter);
		begun = vmgenc_os_now() - begun;
		m->ns += begun;
		m->longest = begun > m->longest ? begun : m->longest;
		if (jitter->count < VMGENC_JITTER_ENOUGH)
			continue;
		for (uint32_t i = 0; i + 1 < jitter->count; i++)
			to[i] = jitter->samples[i + 1] - jitter->samples[i];
		shortest = jitter->count < shortest ? jitter->count : shortest;
		m->rows++;
	}
	m->width = shortest - 1;
	for (uint32_t row = 1; row < m->rows; row++)
		memmove(m->differences + (size_t)row * m->width,
			m->differences + (size_t)row * VMGENC_JITTER_SAMPLES,
			m->width * sizeof(*m->differences));
}

static void print(const struct measurement *m, uint32_t restarts, uint32_t *scratch)
{
	double estimates[] = {common(m, scratch), markov(m), lag(m), restart(m, scratch)};
	double least = estimates[0];

	for (int i = 1; i < 4; i++)
		least = fmin(least, estimates[i]);
	printf("%u gatherings of %u samples, %.0f us each, the longest %.0f us; %u pass the health "
	       "tests; the counter's step is %u\n",
	       restarts, m->width + 1, (double)m->ns / restarts / 1000, (double)m->longest / 1000,
	       m->passed, step_of(m));
	printf("min-entropy in bits a sample: common %.2f, Markov %.2f, lag %.2f, restart %.2f\n",
	       estimates[0], estimates[1], estimates[2], estimates[3]);
	printf("a quarter of the least: %.2f bits a sample, %.0f bits a gathering; the driver counts "
	       "%d\n",
	       least / SAFETY, least / SAFETY * m->width, VMGENC_JITTER_BITS);
}

int main(void)
{
	struct vmgenc_jitter *jitter = malloc(sizeof(*jitter));
	size_t count = (size_t)RESTARTS * VMGENC_JITTER_SAMPLES;
	struct measurement m = {.differences = calloc(count, sizeof(*m.differences))};
	uint32_t *scratch = calloc(count, sizeof(*scratch));

	if (!jitter || !m.differences || !scratch) {
		fputs("entropy: no memory\n", stderr);
		return 1;
	}
	/* Written, or all of it were one and the same page of zeros. */
	memset(jitter, 1, sizeof(*jitter));
	vmgenc_os_barrier();
	memset(jitter, 0, sizeof(*jitter));
	gather(&m, jitter, RESTARTS);
	if (m.rows < RESTARTS / 2)
		printf("%u of %u gatherings had %d samples in time: nothing is estimated\n", m.rows,
		       RESTARTS, VMGENC_JITTER_ENOUGH);
	else
		print(&m, RESTARTS, scratch);
	free(scratch);
	free(m.differences);
	free(jitter);
	return 0;
}
