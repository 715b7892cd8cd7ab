/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/fuzz: a guest writes what it likes to the memory that it shares with the lab, before and
 * after every load that "run" and "prove" make. They refuse it, or take what is bounded and clean.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/host.h"
#include "input.h"
#include "prove/prove.h"
#include "shared/load.h"
#include "shared/shared.h"
#include "../unit/lab/turns.h"

enum { CPUS = 2, DRAWS = 32, RING = 1024, SIZE = 1 << 16, RECORDS = 40960 };

static struct lab_exchange *guest; /* the guest's own mapping */
static struct input left;	   /* what it writes later */
static unsigned int waits;	   /* loads before the next write */
static char said[4096];

#define FIELD(name)                                                                                \
	{                                                                                          \
		offsetof(struct lab_exchange, name), sizeof(((struct lab_exchange *)0)->name)      \
	}

/* What the host looks at; the guest can also write to any other place. */
static const struct {
	size_t offset, size;
} fields[] = {
	FIELD(cpus),
	FIELD(draws),
	FIELD(records),
	FIELD(stream_size),
	FIELD(state),
	FIELD(device),
	FIELD(generators),
	FIELD(status),
	FIELD(unsettled),
	FIELD(release),
	FIELD(error),
	FIELD(log),
	FIELD(counts),
	FIELD(clock),
	FIELD(rekeyed_ns),
	FIELD(woken_ns),
	FIELD(changes),
	FIELD(spurious),
	FIELD(announced_ns),
	FIELD(resume_within_ns),
	FIELD(rekeys),
	FIELD(logged_ns),
	FIELD(rekey_failures),
	FIELD(id),
	FIELD(guid_text),
	FIELD(acpi_events),
	FIELD(memory),
	FIELD(builtin),
	FIELD(refused),
	FIELD(event),
	FIELD(complaint),
	FIELD(guid),
	FIELD(guid_size),
	FIELD(stream_read),
	FIELD(mode),
	FIELD(generator),
	FIELD(stream_written),
	{offsetof(struct lab_exchange, counts) + sizeof(uint64_t), sizeof(uint64_t)},
	{RECORDS, sizeof(struct lab_draw)},
	{RECORDS + offsetof(struct lab_draw, ns), sizeof(uint64_t)},
	{RECORDS + offsetof(struct lab_draw, begun_ns), sizeof(uint64_t)},
};

#define FIELDS (sizeof(fields) / sizeof(*fields))

/* One write: a field or any place, then a number, or a length and bytes. False at the end. */
static bool guest_writes(void)
{
	if (!left.left)
		return false;
	uint8_t which = input_byte(&left), kind = input_byte(&left);
	bool any = which >= FIELDS;
	size_t offset = any ? (size_t)input_byte(&left) << 8 : fields[which].offset;

	if (any)
		offset |= input_byte(&left);
	size_t size = any ? SIZE - offset : fields[which].size;
	uint8_t *to = (uint8_t *)guest + offset;

	if (kind < 128) {
		uint64_t number = input_word(&left);

		memcpy(to, &number, size < sizeof(number) ? size : sizeof(number));
		return left.left;
	}
	/* A text: short pieces again and again fill a field to its end and leave none. */
	uint8_t piece[16];
	size_t length = 1 + kind % sizeof(piece);

	for (size_t i = 0; i < length; i++)
		piece[i] = input_byte(&left);
	for (size_t i = 0; i < size && (i < length || kind & 64); i++)
		to[i] = piece[i % length];
	return left.left;
}

/* The guest's turn: it waits for as many loads as it likes, and writes. */
static void turn(void)
{
	if (waits) {
		waits--;
		return;
	}
	guest_writes();
	waits = input_byte(&left) % 64;
}

static void must(bool promise)
{
	if (!promise)
		abort();
}

/* By other means than lab/host/clean.c's: jansson knows UTF-8. */
static void is_clean(const char *text, size_t size, bool lines)
{
	must(strnlen(text, size) < size);
	json_t *utf8 = json_string(text);

	must(utf8);
	json_decref(utf8);
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		must(*c >= ' ' || (lines && (*c == '\n' || *c == '\t')));
		must(*c != 0x7f && !(*c == 0xc2 && c[1] < 0xa0));
	}
}

/* Whatever a guest does, it is the guest's fault, and one clean sentence says so. */
static bool refused(int code)
{
	if (!code)
		return false;
	must(code == LAB_EXIT_GUEST && !strncmp(said, "guest fuzz: ", 12));
	is_clean(said, sizeof(said), false);
	return true;
}

static struct shared *open_shared(enum lab_mode mode)
{
	const struct lab_exchange first = {.mode = mode,
					   .cpus = CPUS,
					   .draws = DRAWS,
					   .records = RECORDS,
					   .stream_size = mode == LAB_MODE_RUN ? RING : 0};
	struct shared *s;
	char path[40];
	int fd = memfd_create("exchange", MFD_CLOEXEC);

	must(fd >= 0 && !ftruncate(fd, SIZE));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	must(!shared_open(&s, "fuzz", path, SIZE, &first));
	guest = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(guest != MAP_FAILED);
	close(fd);
	return s;
}

static void check_clone(const struct clone *c)
{
	is_clean(c->clock, sizeof(c->clock), false);
	is_clean(c->event, sizeof(c->event), false);
	is_clean(c->complaint, sizeof(c->complaint), false);
	is_clean(c->guid, sizeof(c->guid), false);
	is_clean(c->seen.guid, sizeof(c->seen.guid), false);
	is_clean(c->seen.memory, sizeof(c->seen.memory), false);
	is_clean(c->seen.raw, sizeof(c->seen.raw), false);
	must(c->seen.builtin <= LAB_BUILTIN_BOUND && c->seen.refused >= 0);
}

static void check_draws(const struct draws *d)
{
	must(d->cpus == CPUS);
	for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
		must(d->counts[cpu] <= DRAWS);
		for (uint64_t i = 0; i < d->counts[cpu]; i++)
			must(d->of[cpu][i].ns <= INT64_MAX && d->of[cpu][i].begun_ns <= INT64_MAX);
	}
}

/* The results as "prove" prints and writes them. */
static void show(struct clone *clones, const struct draws *draws, const char *release)
{
	struct guest g = {.label = "guest", .module = "vmgenc.ko"};
	const struct prove_options o = {.guests = &g,
					.guest_count = 1,
					.json = "/dev/null",
					.module_args = "",
					.append = "",
					.clones = 2,
					.max_identical = -1};
	struct drawn drawn[2];
	struct result r = {.generator = LAB_GETRANDOM,
			   .possible = true,
			   .clones = clones,
			   .drawn = drawn,
			   .clone_count = 2};
	const struct results all = {.list = &r, .count = 1, .accel = "tcg"};

	memcpy(g.release, release, sizeof(g.release));
	check_draws(&draws[0]);
	check_draws(&draws[1]);
	must(!compare_clones(draws, 2, &r.found, drawn));
	must(r.found.identical <= r.found.drawn && r.found.drawn <= CPUS * DRAWS);
	must(!json_write(&o, &all));
	free(drawn[0].strip);
	free(drawn[1].strip);
}

static void prove_reads(struct shared *s)
{
	const struct machine m = {.cpus = CPUS};
	const struct vm vm = {.machine = &m, .guid = "00000000-0000-0000-0000-000000000000"};
	struct draws draws[2] = {{.memory = NULL}, {.memory = NULL}};
	static struct guest_report report;
	struct clone clones[2];
	enum lab_state state;
	int code = 0;

	if (!refused(shared_state(s, &state)))
		must(state <= LAB_FAILED && state != LAB_EXITED);
	shared_unsettled(s);
	for (int i = 0; i < 2 && !code; i++) {
		code = shared_report(s, &report);
		if (!code)
			code = shared_draws(s, &draws[i]);
		if (refused(code))
			continue;
		is_clean(report.release, sizeof(report.release), false);
		is_clean(report.log, sizeof(report.log), true);
		clone_read(&clones[i], &vm, &report);
		check_clone(&clones[i]);
	}
	if (!code)
		show(clones, draws, report.release);
	draws_free(&draws[0]);
	draws_free(&draws[1]);
}

static void run_reads(struct shared *s, int null)
{
	struct output out = {.fd = null, .clean = true};
	size_t got = 1, piece = 1 + input_byte(&left) * 8u;
	enum lab_state state;
	char bytes[4096];
	int code = 0;

	refused(shared_state(s, &state));
	for (int round = 0; round < 64 && got && !code; round++) {
		code = shared_stream(s, bytes, piece, &got);
		must(got <= piece && got <= RING);
		if (refused(code))
			must(!got);
		else
			must(!output_write(&out, bytes, got));
	}
	must(!output_end(&out));
	shared_status(s);
}

static void failure_reads(struct shared *s)
{
	struct guest_words words;

	shared_words(s, &words);
	is_clean(words.release, sizeof(words.release), false);
	is_clean(words.error, sizeof(words.error), true);
	is_clean(words.log, sizeof(words.log), true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct shared *shared[2];
	static struct lab_exchange *guests[2];
	static int null = -1;

	for (int i = 0; null < 0 && i < 2; i++) {
		shared[i] = open_shared(i ? LAB_MODE_RUN : LAB_MODE_PROVE);
		guests[i] = guest;
	}
	if (null < 0)
		null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	lab_capture(said, sizeof(said));
	left = (struct input){.next = data, .left = size};
	uint8_t first = input_byte(&left);
	struct shared *s = shared[first & 1];

	guest = guests[first & 1];
	memset((char *)guest + RECORDS, 0, SIZE - RECORDS);
	shared_restart(s);
	for (int writes = first >> 1 & 31; writes && guest_writes(); writes--)
		;
	waits = input_byte(&left) % 64;
	if (first & 1)
		run_reads(s, null);
	else
		prove_reads(s);
	failure_reads(s);
	return 0;
}
