/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/record: draws in a guest that is cloned meanwhile. The copies go on with what their parent
 * had in memory: where their draws have the same time, they are the parent's; the rest are their
 * own.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "hash.h"
#include "host/host.h"
#include "record.h"
#include "vmgenc.h"

struct drawer {
	pthread_t thread;
	struct recorder *of;
	struct recorded *draws;
	uint64_t count, room;
	struct vmgenc_mark mark;
	uint8_t unguarded[32], guarded[32]; /* keys of programs' own generators */
	int uuid;			    /* a descriptor of the kernel's UUIDs, or -1 */
};

struct recorder {
	struct recording r;
	struct drawer drawers[RECORDING_THREADS];
	struct vmgenc *vg; /* NULL: no source */
	uint64_t end_ns, interval_ns;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void kernel_draw(void *to, size_t size)
{
	while (getrandom(to, size, 0) != (ssize_t)size)
		;
}

/* A program's own generator, seeded once: each digest gives the next key and the value. */
static void next(uint8_t key[32], uint8_t value[LAB_VALUE_SIZE])
{
	uint8_t digest[HASH_SIZE];

	for (uint8_t i = 0; i < 2; i++) {
		struct hash h;

		hash_begin(&h);
		hash_add(&h, &i, 1);
		hash_add(&h, key, 32);
		hash_end(&h, digest);
		if (!i)
			memcpy(value, digest, LAB_VALUE_SIZE);
	}
	memcpy(key, digest, sizeof(digest));
}

/* Check, draw, and check again, as libvmgenc(3) has it. False: it was not rekeyed in time. */
static bool guarded(struct drawer *d, uint8_t value[LAB_VALUE_SIZE])
{
	struct vmgenc *vg = d->of->vg;

	do {
		if (vmgenc_changed(vg, &d->mark)) {
			if (vmgenc_sync(vg, &d->mark, 1000))
				return false;
			kernel_draw(d->guarded, sizeof(d->guarded));
		}
		next(d->guarded, value);
	} while (vmgenc_changed(vg, &d->mark));
	return true;
}

static bool draw_uuid(struct drawer *d, uint8_t value[LAB_VALUE_SIZE])
{
	uint8_t digest[HASH_SIZE];
	struct hash h;
	char uuid[40];

	if (pread(d->uuid, uuid, 37, 0) != 37)
		return false;
	hash_begin(&h);
	hash_add(&h, uuid, 36);
	hash_end(&h, digest);
	memcpy(value, digest, LAB_VALUE_SIZE);
	return true;
}

static bool draw(struct drawer *d, enum lab_generator g, uint8_t value[LAB_VALUE_SIZE])
{
	switch (g) {
	case LAB_GETRANDOM:
		kernel_draw(value, LAB_VALUE_SIZE);
		return true;
	case LAB_UNGUARDED:
		next(d->unguarded, value);
		return true;
	case LAB_GUARDED:
		return guarded(d, value);
	default:
		return draw_uuid(d, value);
	}
}

/* Nothing is hashed here, so that the next draw is not far. */
static void *work(void *argument)
{
	struct drawer *d = argument;
	const uint32_t generators = d->of->r.head.generators;
	const struct timespec pause = {.tv_sec = (time_t)(d->of->interval_ns / 1000000000),
				       .tv_nsec = (long)(d->of->interval_ns % 1000000000)};

	while (!lab_signal && d->count < d->room && now_ns() < d->of->end_ns) {
		for (int g = 0; g < LAB_GENERATORS && d->count < d->room; g++) {
			struct recorded *to = &d->draws[d->count];

			if (!(generators & 1u << g) || !draw(d, (enum lab_generator)g, to->value))
				continue;
			to->at = now_ns() << 8 | (unsigned int)g;
			d->count++;
		}
		if (d->of->interval_ns)
			nanosleep(&pause, NULL);
	}
	return NULL;
}

static void open_source(struct recorder *c)
{
	struct recording_head *h = &c->r.head;
	struct vmgenc_status st = {.size = sizeof(st)};

	h->generators = 1u << LAB_GETRANDOM | 1u << LAB_UNGUARDED;
	if (!access("/proc/sys/kernel/random/uuid", R_OK))
		h->generators |= 1u << LAB_UUID;
	if (vmgenc_open(&c->vg, NULL) || vmgenc_status(c->vg, &st)) {
		vmgenc_close(c->vg);
		c->vg = NULL;
		return;
	}
	h->generators |= 1u << LAB_GUARDED;
	h->generation_first = st.generation;
}

/* The last look at the source, and its counters. */
static void close_source(struct recorder *c)
{
	struct vmgenc_status st = {.size = sizeof(st)};
	struct recording_head *h = &c->r.head;

	if (!c->vg || vmgenc_status(c->vg, &st))
		return;
	h->generation_last = st.generation;
	h->changes = st.changes;
	h->spurious = st.spurious;
	h->rekeys = st.rekeys;
	h->rekey_failures = st.rekey_failures;
	vmgenc_close(c->vg);
}

static void watch(struct recorder *c)
{
	struct recording_head *h = &c->r.head;
	struct vmgenc_status st = {.size = sizeof(st)};
	uint64_t seen = h->generation_first;
	const struct timespec pause = {.tv_nsec = 5000000};

	while (!lab_signal && now_ns() < c->end_ns) {
		if (c->vg && !vmgenc_status(c->vg, &st) && st.generation != seen) {
			seen = st.generation;
			h->changed_at = now_ns();
		}
		nanosleep(&pause, NULL);
	}
}

static int start(struct recorder *c)
{
	struct recording_head *h = &c->r.head;

	for (unsigned int i = 0; i < h->threads; i++) {
		struct drawer *d = &c->drawers[i];

		d->of = c;
		d->room = RECORDING_DRAWS / h->threads;
		d->draws = calloc(d->room, sizeof(*d->draws));
		d->uuid = open("/proc/sys/kernel/random/uuid", O_RDONLY | O_CLOEXEC);
		kernel_draw(d->unguarded, sizeof(d->unguarded));
		if (!d->draws)
			return lab_fail(LAB_EXIT_ENVIRONMENT, "no memory");
	}
	for (unsigned int i = 0; i < h->threads; i++)
		if (pthread_create(&c->drawers[i].thread, NULL, work, &c->drawers[i]))
			return lab_fail(LAB_EXIT_ENVIRONMENT, "cannot start a thread");
	return 0;
}

/* Puts the draws one thread after the other, by their digests. */
static int gather(struct recorder *c)
{
	struct recording *r = &c->r;

	for (unsigned int i = 0; i < r->head.threads; i++)
		r->count += r->head.counts[i] = c->drawers[i].count;
	r->draws = malloc(r->count * sizeof(*r->draws) + 1);
	if (!r->draws)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "no memory");
	r->count = 0;
	for (unsigned int i = 0; i < r->head.threads; i++) {
		for (uint64_t k = 0; k < c->drawers[i].count; k++) {
			struct recorded *to = &r->draws[r->count++];
			uint8_t digest[HASH_SIZE];
			struct hash h;

			*to = c->drawers[i].draws[k];
			hash_begin(&h);
			hash_add(&h, to->value, sizeof(to->value));
			hash_end(&h, digest);
			memcpy(to->value, digest, sizeof(to->value));
		}
		free(c->drawers[i].draws);
		if (c->drawers[i].uuid >= 0)
			close(c->drawers[i].uuid);
	}
	return 0;
}

int record(const struct record_options *o)
{
	static struct recorder c;
	struct recording_head *h = &c.r.head;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	int code;

	h->magic = RECORDING_MAGIC;
	h->version = RECORDING_VERSION;
	h->size = sizeof(*h);
	h->threads = cpus < 1 ? 1 : cpus > 2 ? 2 : (uint32_t)cpus;
	h->started = (uint64_t)time(NULL);
	h->interval_ns = c.interval_ns = (uint64_t)(o->interval_ms * 1e6);
	kernel_draw(h->run, sizeof(h->run));
	where_am_i(h);
	open_source(&c);
	c.end_ns = now_ns() + (uint64_t)(o->seconds * 1e9);
	code = start(&c);
	if (code)
		return code;
	lab_note("recording for %.0f s of this machine's time: snapshot and resume it now",
		 o->seconds);
	watch(&c);
	for (unsigned int i = 0; i < h->threads; i++)
		pthread_join(c.drawers[i].thread, NULL);
	close_source(&c);
	code = gather(&c);
	if (!code)
		code = recording_write(o->output, &c.r);
	if (!code)
		lab_note("%s: %zu draws on %s, Linux %s, driver: %s", o->output, c.r.count,
			 h->hypervisor, h->kernel, h->driver);
	free(c.r.draws);
	return code;
}
