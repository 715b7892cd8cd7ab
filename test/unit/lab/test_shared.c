/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/unit/lab: a hostile guest writes nonsense to the memory that it shares with the host. The
 * host says so in one sentence, and what it takes stays within its bounds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/host.h"
#include "shared/load.h"
#include "shared/shared.h"
#include "turns.h"

enum { CPUS = 2, DRAWS = 100, RING = 4096, SIZE = 1 << 20, RECORDS = 65536 };

struct trial {
	struct shared *s;
	struct lab_exchange *guest; /* the guest's own mapping */
	char said[2000];
};

/* The hostile guest's turn after each load, if there is one. */
static void (*between_loads)(void);

static void turn(void)
{
	if (between_loads)
		between_loads();
}

static int begin(void **state, enum lab_mode mode)
{
	struct trial *t = calloc(1, sizeof(*t));
	struct lab_exchange first = {
		.mode = mode, .cpus = CPUS, .draws = DRAWS, .records = RECORDS};
	char path[40];
	int fd = memfd_create("exchange", MFD_CLOEXEC);

	assert_non_null(t);
	assert_int_equal(ftruncate(fd, SIZE), 0);
	if (mode == LAB_MODE_RUN)
		first.stream_size = RING;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(shared_open(&t->s, "vm1", path, SIZE, &first), 0);
	t->guest = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(t->guest != MAP_FAILED);
	close(fd);
	lab_capture(t->said, sizeof(t->said));
	*state = t;
	return 0;
}

static int begin_prove(void **state)
{
	return begin(state, LAB_MODE_PROVE);
}

static int begin_run(void **state)
{
	return begin(state, LAB_MODE_RUN);
}

static int end(void **state)
{
	struct trial *t = *state;

	between_loads = NULL;
	lab_capture(NULL, 0);
	shared_close(t->s);
	munmap(t->guest, SIZE);
	free(t);
	return 0;
}

#define SAYS(t, code, sentence)                                                                    \
	do {                                                                                       \
		assert_int_equal(code, LAB_EXIT_GUEST);                                            \
		assert_string_equal((t)->said, sentence);                                          \
	} while (0)

/* Fails if the host looks for records or the ring where the guest says that they are. */
static void records_elsewhere(void **state)
{
	static const uint64_t places[] = {0x7f0000000000, 0x100000, UINT64_MAX};
	struct trial *t = *state;
	struct draws d;
	char bytes[64];
	size_t got;

	for (size_t i = 0; i < 3; i++) {
		t->guest->records = places[i];
		t->guest->stream_written = t->guest->counts[0] = 1;
		SAYS(t, shared_stream(t->s, bytes, sizeof(bytes), &got),
		     "guest vm1: has overwritten what the host told it about its records");
		assert_int_equal(got, 0);
		SAYS(t, shared_draws(t->s, &d),
		     "guest vm1: has overwritten what the host told it about its records");
	}
}

/* Fails if more than the ring has is copied, or a position that went back is believed. */
static void stream_that_runs_away(void **state)
{
	struct trial *t = *state;
	char bytes[2 * RING];
	size_t got;

	t->guest->stream_written = UINT64_MAX;
	SAYS(t, shared_stream(t->s, bytes, sizeof(bytes), &got),
	     "guest vm1: reports 18446744073709551615 bytes of output where at most 4096 fit");
	t->guest->stream_written = RING + 1;
	SAYS(t, shared_stream(t->s, bytes, sizeof(bytes), &got),
	     "guest vm1: reports 4097 bytes of output where at most 4096 fit");
	t->guest->stream_written = RING;
	assert_int_equal(shared_stream(t->s, bytes, sizeof(bytes), &got), 0);
	assert_int_equal(got, RING);
	t->guest->stream_written = RING - 1;
	SAYS(t, shared_stream(t->s, bytes, sizeof(bytes), &got),
	     "guest vm1: reports 18446744073709551615 bytes of output where at most 4096 fit");
}

/* Fails if bytes are lost or doubled where the ring begins anew, or a piece is larger than asked.
 */
static void stream_is_exact(void **state)
{
	struct trial *t = *state;
	unsigned char *ring = (unsigned char *)t->guest + RECORDS;
	uint64_t written = 0, taken = 0;
	char bytes[1000];
	size_t got;

	while (taken < 5 * RING) {
		while (written - t->guest->stream_read < RING) {
			ring[written % RING] = (unsigned char)(written % 251);
			written++;
		}
		t->guest->stream_written = written;
		assert_int_equal(shared_stream(t->s, bytes, sizeof(bytes), &got), 0);
		assert_int_equal(got, sizeof(bytes));
		for (size_t i = 0; i < got; i++)
			assert_int_equal((unsigned char)bytes[i], taken++ % 251);
		assert_int_equal(t->guest->stream_read, taken);
	}
}

/* Fails if the guest moves what the host reads by taking back what it read. */
static void stream_read_is_the_hosts(void **state)
{
	struct trial *t = *state;
	char bytes[100];
	size_t got;

	t->guest->stream_written = 50;
	assert_int_equal(shared_stream(t->s, bytes, sizeof(bytes), &got), 0);
	t->guest->stream_read = 1ull << 40;
	assert_int_equal(shared_stream(t->s, bytes, sizeof(bytes), &got), 0);
	assert_int_equal(got, 0);
}

/* Fails if more records are copied than there is room for. */
static void too_many_records(void **state)
{
	struct trial *t = *state;
	struct draws d;

	t->guest->counts[1] = DRAWS + 1;
	SAYS(t, shared_draws(t->s, &d),
	     "guest vm1: reports 101 records of CPU 1 where at most 100 fit");
	t->guest->counts[1] = UINT64_MAX;
	SAYS(t, shared_draws(t->s, &d),
	     "guest vm1: reports 18446744073709551615 records of CPU 1 where at most 100 fit");
}

static struct lab_exchange *scribbled;
static int turns;

/* At this turn, all that the host may look at becomes something else. */
static void scribble(void)
{
	if (turns-- != 0)
		return;
	scribbled->counts[0] = scribbled->counts[1] = UINT64_MAX / 64;
	scribbled->stream_written = UINT64_MAX / 2;
	scribbled->stream_size = scribbled->draws = UINT64_MAX;
	scribbled->records = 0x7f0000000000;
	scribbled->cpus = LAB_MAX_CPUS;
}

/* Fails if what was checked is loaded again: the guest has changed it by then. */
static void counts_that_change(void **state)
{
	struct trial *t = *state;
	bool taken = false, refused = false;

	for (int after = 0; after < 20; after++) {
		struct draws d;

		shared_restart(t->s);
		t->guest->counts[0] = DRAWS;
		t->guest->counts[1] = 7;
		scribbled = t->guest;
		turns = after;
		between_loads = scribble;
		int code = shared_draws(t->s, &d);

		assert_true(code == LAB_EXIT_GUEST ||
			    (!code && d.counts[0] == DRAWS && d.counts[1] == 7));
		taken |= !code;
		refused |= code;
		draws_free(&d);
	}
	assert_true(taken && refused);
}

/* Fails if the ring's positions or size are loaded again after they were checked. */
static void stream_that_changes(void **state)
{
	struct trial *t = *state;
	bool taken = false, refused = false;
	char bytes[100];
	size_t got;

	for (int after = 0; after < 20; after++) {
		shared_restart(t->s);
		t->guest->stream_written = 50;
		scribbled = t->guest;
		turns = after;
		between_loads = scribble;
		int code = shared_stream(t->s, bytes, sizeof(bytes), &got);

		assert_true(code == LAB_EXIT_GUEST || (!code && got == 50));
		taken |= !code;
		refused |= code;
	}
	assert_true(taken && refused);
}

/* Fails if a time is taken that the results cannot hold. */
static void draw_beyond_time(void **state)
{
	struct trial *t = *state;
	struct lab_draw *draw = (struct lab_draw *)((char *)t->guest + RECORDS);
	struct draws d;

	t->guest->counts[0] = 1;
	draw->ns = 1ull << 63;
	SAYS(t, shared_draws(t->s, &d),
	     "guest vm1: reports a draw 9223372036854775808 ns after the resume");
	draws_free(&d);
}

/* Fails if a text without an end is read beyond its field. */
static void unterminated_texts(void **state)
{
	struct trial *t = *state;
	struct {
		const char *sentence;
		char *text;
		size_t size;
	} texts[] = {
		{"guest vm1: reports a text without an end (release)", t->guest->release, 72},
		{"guest vm1: reports a text without an end (clock)", t->guest->clock, 32},
		{"guest vm1: reports a text without an end (guid_text)", t->guest->guid_text, 40},
		{"guest vm1: reports a text without an end (memory)", t->guest->memory, 40},
		{"guest vm1: reports a text without an end (event)", t->guest->event, 160},
		{"guest vm1: reports a text without an end (complaint)", t->guest->complaint, 200},
		{"guest vm1: reports a text without an end (log)", t->guest->log, LAB_LOG_SIZE},
	};
	struct guest_report r;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		memset(texts[i].text, 'x', texts[i].size);
		SAYS(t, shared_report(t->s, &r), texts[i].sentence);
		texts[i].text[texts[i].size - 1] = '\0';
		assert_int_equal(shared_report(t->s, &r), 0);
	}
}

/* Fails if a guest's last words are read beyond their fields, or reach a terminal as they are. */
static void escapes_in_words(void **state)
{
	struct trial *t = *state;
	struct guest_words w;

	memset(t->guest->release, 'x', sizeof(t->guest->release));
	memset(t->guest->log, '\033', sizeof(t->guest->log));
	strcpy(t->guest->error, "a\033[31mb\a\177\x9b"
				"c\xc2\x9b"
				"d\re\n\tcaf\xc3\xa9");
	shared_words(t->s, &w);
	assert_int_equal(strlen(w.release), sizeof(w.release) - 1);
	assert_string_equal(w.error, "a?[31mb???c??d?e\n\tcaf\xc3\xa9");
	assert_int_equal(strspn(w.log, "?"), sizeof(w.log) - 1);
}

/* Fails if a name keeps what breaks a line of a table or drives a terminal. */
static void escapes_in_names(void **state)
{
	struct trial *t = *state;
	struct guest_report r;

	strcpy(t->guest->release, "6.1\n\033]0;x\a");
	strcpy(t->guest->clock, "hp\tet\xff");
	assert_int_equal(shared_report(t->s, &r), 0);
	assert_string_equal(r.release, "6.1 ?]0;x?");
	assert_string_equal(r.clock, "hp et?");
}

/* Fails if a number is taken that cannot be. */
static void impossible_numbers(void **state)
{
	struct trial *t = *state;
	struct guest_report r;

	t->guest->rekeyed_ns = LAB_NEVER;
	assert_int_equal(shared_report(t->s, &r), 0);
	t->guest->rekeyed_ns = LAB_NEVER - 1;
	SAYS(t, shared_report(t->s, &r),
	     "guest vm1: reports 18446744073709551614 as rekeyed_ns where at most "
	     "9223372036854775807 can be");
	t->guest->rekeyed_ns = 0;
	t->guest->builtin = 3;
	SAYS(t, shared_report(t->s, &r), "guest vm1: reports 3 as builtin where at most 2 can be");
	t->guest->builtin = 0;
	t->guest->changes = LAB_NEVER;
	SAYS(t, shared_report(t->s, &r),
	     "guest vm1: reports 18446744073709551615 as changes where at most "
	     "9223372036854775807 can be");
}

/* Fails if a state is taken that there is not, or that "prove" does not have. */
static void states_that_are_none(void **state)
{
	struct trial *t = *state;
	enum lab_state now;

	t->guest->state = LAB_FAILED + 1;
	SAYS(t, shared_state(t->s, &now), "guest vm1: reports state 6, which it cannot be in");
	t->guest->state = UINT32_MAX;
	SAYS(t, shared_state(t->s, &now),
	     "guest vm1: reports state 4294967295, which it cannot be in");
	t->guest->state = LAB_EXITED;
	SAYS(t, shared_state(t->s, &now), "guest vm1: reports state 4, which it cannot be in");
	t->guest->state = LAB_RECORDED;
	assert_int_equal(shared_state(t->s, &now), 0);
	assert_int_equal(now, LAB_RECORDED);
}

int main(void)
{
#define CASE(test, mode) cmocka_unit_test_setup_teardown(test, begin_##mode, end)
	const struct CMUnitTest tests[] = {
		CASE(records_elsewhere, run),	   CASE(stream_that_runs_away, run),
		CASE(stream_is_exact, run),	   CASE(stream_read_is_the_hosts, run),
		CASE(too_many_records, prove),	   CASE(counts_that_change, prove),
		CASE(stream_that_changes, run),	   CASE(draw_beyond_time, prove),
		CASE(unterminated_texts, prove),   CASE(escapes_in_words, prove),
		CASE(escapes_in_names, prove),	   CASE(impossible_numbers, prove),
		CASE(states_that_are_none, prove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
