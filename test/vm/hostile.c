/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/vm: the module and each variant of test/firmware/hostile.def. A variant is a load of the
 * module, not a boot. The argument says which variants.
 */

/*
 * "alone": without QEMU's own device; "beside": with it; "wide": where integers have 64 bits;
 * "boot": one that is always there; "race": what needs two processors; "slow": what takes half a
 * minute; "dsdt" writes the DSDT that gives 64 bits.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "guest.h"
#include "hostile_row.h"
#include "../firmware/hostile.h"

#define GOOD 0x06000028
#define GOOD_NUMBER 0xe0
#define RACES 20
#define LOADS 5
#define ARGS "look_ms=0 draws=0"

static bool sync_of(const char *node, struct vmgenc_event *event)
{
	int fd = open(node, O_RDONLY | O_CLOEXEC);
	bool good = fd >= 0 && ioctl(fd, VMGENC_SYNC, event) == 0;

	if (fd >= 0)
		close(fd);
	return good && event->settled == event->generation;
}

static struct vmgenc_page page_of_driver(void)
{
	struct vmgenc_page page = {.generation = 0};
	int fd = open(NODE, O_RDONLY | O_CLOEXEC);
	struct vmgenc_page *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);

	if (p != MAP_FAILED) {
		page = *p;
		munmap(p, 4096);
	}
	if (fd >= 0)
		close(fd);
	return page;
}

static bool has_changed_to(const char *node, uint64_t before, const uint64_t id[2])
{
	struct vmgenc_event now;

	return sync_of(node, &now) && now.generation > before && !memcmp(now.id, id, 16);
}

/* Fails if a change of the id that the driver took is not settled, or another's is. */
static void changes_count(struct hostile_row *row, uint64_t phys)
{
	volatile uint64_t *raw = hostile_memory(phys);
	uint64_t id[2];
	struct vmgenc_event first, second;
	bool two = access(NODE "1", F_OK) == 0;

	if (!raw || getrandom(id, sizeof(id), 0) != sizeof(id))
		return;
	hostile_expect(row, sync_of(NODE, &first) && (!two || sync_of(NODE "1", &second)), "sync");
	id[0] = raw[0];
	raw[1] = id[1];
	hostile_expect(row, has_changed_to(NODE, first.generation, id), "a change is settled");
	hostile_expect(row, !(page_of_driver().flags & VMGENC_ID_UNFILLED),
		       "not unfilled any more");
	if (two)
		hostile_expect(row, sync_of(NODE "1", &second) && second.generation == 2,
			       "and by the second device");
}

/* Fails if a device in use does not work, or an unfilled id is not reported. */
static void works(struct hostile_row *row, const struct hostile_variant *v, unsigned int mappings)
{
	bool none = v->answer == ID_ZERO || v->answer == ID_ONES;
	unsigned long long phys = 0;
	struct vmgenc_event event;
	const char *at;

	hostile_expect(row, hostile_mappings() > mappings, "it is mapped");
	hostile_expect(row, sync_of(NODE, &event) && event.generation == 1,
		       "generation 1, settled");
	hostile_expect(row, !!(page_of_driver().flags & VMGENC_ID_UNFILLED) == none,
		       "the flag says whether the id is one");
	at = strstr(row->log, " at 0x");
	if (at)
		sscanf(at, " at %llx", &phys);
	changes_count(row, none ? v->value[0] : phys);
}

static void prefix_of(char *to, size_t size, const char *name, enum hostile_answer answer)
{
	snprintf(to, size, answer == NO_DEVICE ? "vmgenc: " : "vmgenc: \\_SB_.VG%s", name);
}

/* Fails if anything is left when the module is not there. */
static void conclude(struct hostile_row *row, unsigned int mappings, int log)
{
	if (log >= 0) {
		hostile_log(row, log, "vmgenc: ", "vmgenc: ");
		close(log);
	}
	hostile_choose(0);
	hostile_expect(row, hostile_nothing_there(), "nothing of it is there");
	hostile_expect(row, hostile_mappings() == mappings, "nothing stays mapped");
	row->survived &= hostile_rng_works();
	hostile_end(row);
}

/* Fails if it is answered by another errno or line, or taken where it must not be. */
static void meet_alone(const struct hostile_variant *v)
{
	unsigned int mappings = hostile_mappings(), lines;
	char prefix[40];
	struct hostile_row row;
	int log;

	hostile_begin(&row, v->name, v->what);
	hostile_expect(&row, hostile_lay_out(), "the memory is laid out");
	hostile_choose(v->number);
	log = log_open();
	row.error = module_load(MODULE_FILE, ARGS) ? errno : 0;
	hostile_expect(&row, row.error == hostile_answers[v->answer].error, "the errno");
	prefix_of(prefix, sizeof(prefix), v->name, v->answer);
	lines = hostile_log(&row, log, prefix, hostile_answers[v->answer].log);
	hostile_expect(&row, row.matched && (lines == 1 || !row.error), "the line, and that once");
	if (!row.error) {
		works(&row, v, mappings);
		hostile_expect(&row, module_unload("vmgenc") == 0, "it can be unloaded");
	}
	conclude(&row, mappings, log);
}

/* Fails if a wrong device takes QEMU's own with it, or gets a node; a good one must get one. */
static void meet_beside(const struct hostile_variant *v)
{
	bool refused = hostile_answers[v->answer].error != 0;
	unsigned int mappings = hostile_mappings();
	struct vmgenc_event event;
	char prefix[40], what[100];
	struct hostile_row row;
	int log;

	snprintf(what, sizeof(what), "%s, beside a good one", v->what);
	hostile_begin(&row, v->name, what);
	hostile_choose(v->number);
	log = log_open();
	row.error = module_load(MODULE_FILE, ARGS) ? errno : 0;
	hostile_expect(&row, !row.error, "it is loaded");
	prefix_of(prefix, sizeof(prefix), v->name, v->answer);
	hostile_log(&row, log, prefix, hostile_answers[v->answer].log);
	hostile_expect(&row, row.matched, "the line");
	hostile_expect(&row, sync_of(NODE, &event), "the good one works");
	hostile_expect(&row, sync_of(NODE "1", &event) == !refused, "only a good one has a node");
	hostile_expect(&row, module_unload("vmgenc") == 0, "it can be unloaded");
	conclude(&row, mappings, log);
}

static void *change_all_the_time(void *stop)
{
	volatile uint64_t *raw = hostile_memory(GOOD);
	cpu_set_t second;

	CPU_ZERO(&second);
	CPU_SET(1, &second);
	sched_setaffinity(0, sizeof(second), &second);
	for (uint64_t n = 1; !__atomic_load_n((bool *)stop, __ATOMIC_RELAXED); n++) {
		raw[0] = n;
		raw[1] = ~n;
	}
	return NULL;
}

/* Fails if a sync in the race ends otherwise than settled or as vmgenc(4) says. */
static void race(struct hostile_row *row, const struct hostile_event *e)
{
	struct vmgenc_event event;
	pthread_t thread;
	bool stop = false;

	if (pthread_create(&thread, NULL, change_all_the_time, &stop))
		exit(2);
	hostile_notify(e->value, e->times);
	for (int i = 0; i < RACES; i++) {
		bool good = node_sync(&event) || errno == EAGAIN;

		hostile_expect(row, good, "sync succeeds, or says EAGAIN");
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
}

/* Fails if the driver, coming in the race, ends otherwise than loaded or as vmgenc(4) says. */
static void race_load(struct hostile_row *row)
{
	unsigned int refused = 0;
	pthread_t thread;
	bool stop = false;

	if (pthread_create(&thread, NULL, change_all_the_time, &stop))
		exit(2);
	for (int i = 0; i < LOADS; i++) {
		int log = log_open(), error = module_reload(ARGS) ? errno : 0;

		hostile_expect(row, !error || error == EAGAIN, "it is loaded, or EAGAIN");
		if (error) {
			refused++;
			hostile_expect(row, log_has(log, "VGE0: the id does not hold still"),
				       "the line");
			hostile_expect(row, hostile_nothing_there(), "nothing of it is there");
		}
		close(log);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	printf("refused %u of %d times, since the id did not hold still\n", refused, LOADS);
	hostile_expect(row, module_reload(ARGS) == 0, "it is loaded afterwards");
}

static void act(struct hostile_row *row, const struct hostile_event *e)
{
	volatile uint64_t *raw = hostile_memory(GOOD);

	if (e->action == CHANGE)
		raw[1]++;
	if (e->action == BECOMES)
		raw[0] = raw[1] = e->value * 0x0101010101010101ull;
	if (e->action == VANISH)
		hostile_choose(0);
	if (e->action == RACE)
		race(row, e);
	else if (e->action == RACE_LOAD)
		race_load(row);
	else
		hostile_expect(row,
			       hostile_notify(e->action == BECOMES ? 0x80 : e->value, e->times),
			       "the notifications are sent");
}

/*
 * The last notification comes after all others: those are in the counters then. The first one after
 * a change that the sync found is the change's own, and another has to follow.
 */
static bool spurious_after(uint64_t before, bool again)
{
	for (int tries = 0; tries < PATIENCE_S * 1000; tries++) {
		if (tries % 1000 == 0 && (again || !tries) && !hostile_notify(0x80, 1))
			return false;
		if (page_of_driver().spurious > before)
			return true;
		usleep(1000);
	}
	return false;
}

static void judge_event(struct hostile_row *row, const struct hostile_event *e, uint64_t before)
{
	bool many = e->action == RACE || e->action == RACE_LOAD;
	bool silent = e->action == NOTIFY && e->value != 0x80;
	struct vmgenc_event event;
	uint64_t changes;

	hostile_expect(row, sync_of(NODE, &event), "sync");
	hostile_expect(row, spurious_after(silent ? 0 : page_of_driver().spurious, !silent),
		       "a notification is heard");
	changes = event.generation - before;
	hostile_expect(row, many || changes == e->changes, "the changes, and no more");
	hostile_expect(row, !silent || page_of_driver().spurious == 1, "other values do nothing");
}

/* The driver's thread writes it, some time after the sync that the change was settled by. */
static void wait_for_line(struct hostile_row *row, int log, const char *text)
{
	for (int tries = 0; tries < PATIENCE_S * 100 && !row->matched; tries++) {
		hostile_log(row, log, "vmgenc: \\_SB_.VGE0: ", text);
		if (!row->matched)
			usleep(10000);
	}
	hostile_expect(row, row->matched, "the line");
}

/* Fails if what happens to a device in use is not as the table says, or it stops working. */
static void happens(const struct hostile_event *e)
{
	unsigned int mappings = hostile_mappings();
	struct hostile_row row;
	uint64_t before;
	int log = log_open();

	hostile_begin(&row, e->name, e->what);
	hostile_expect(&row, hostile_lay_out(), "the memory is laid out");
	hostile_choose(GOOD_NUMBER);
	row.error = module_load(MODULE_FILE, ARGS) ? errno : 0;
	if (hostile_expect(&row, !row.error, "it is loaded")) {
		before = page_of_driver().generation;
		act(&row, e);
		judge_event(&row, e, before);
		changes_count(&row, GOOD);
		wait_for_line(&row, log, e->changes ? "generation " : "id ");
		hostile_expect(&row, module_unload("vmgenc") == 0, "it can be unloaded");
	}
	conclude(&row, mappings, log);
}

static bool is_met_alone(const struct hostile_variant *v, const char *how)
{
	if (!strcmp(how, "wide"))
		return v->kind == IS_PAIR;
	if (!strcmp(how, "slow"))
		return v->where == SLOW;
	return !strcmp(how, "alone") && (v->where == EVERYWHERE || v->where == LINUX);
}

static bool is_met_beside(const struct hostile_variant *v, const char *how)
{
	bool refused = hostile_answers[v->answer].error && v->answer != NO_DEVICE;

	if (!strcmp(how, "boot"))
		return v->where == BOOT;
	if (strcmp(how, "beside") != 0)
		return false;
	return v->where == BESIDE || (refused && (v->where == EVERYWHERE || v->where == LINUX));
}

static void meet(const char *how)
{
	static const struct hostile_variant none = {
		.name = "00", .answer = NO_DEVICE, .what = "no device"};
	bool alone = !strcmp(how, "alone");

	for (size_t i = 0; i < HOSTILE_VARIANTS; i++) {
		if (is_met_alone(&hostile_variants[i], how))
			meet_alone(&hostile_variants[i]);
		if (is_met_beside(&hostile_variants[i], how))
			meet_beside(&hostile_variants[i]);
	}
	if (alone)
		meet_alone(&none);
	for (size_t i = 0; i < HOSTILE_EVENTS; i++) {
		bool race = hostile_events[i].action >= RACE;

		if (race ? !strcmp(how, "race") : alone)
			happens(&hostile_events[i]);
	}
}

/* QEMU's DSDT is of revision 1, so that integers have 32 bits: the same one, of revision 2. */
static int write_dsdt(void)
{
	static unsigned char table[1 << 18];
	int fd = open("/sys/firmware/acpi/tables/DSDT", O_RDONLY | O_CLOEXEC);
	ssize_t size = 0, n;
	unsigned char sum = 0;

	while (fd >= 0 && (n = read(fd, table + size, sizeof(table) - (size_t)size)) > 0)
		size += n;
	if (size < 36)
		return 1;
	table[8] = 2;
	table[24]++; /* the OEM revision: only a higher one replaces a table */
	table[9] = 0;
	for (ssize_t i = 0; i < size; i++)
		sum += table[i];
	table[9] = (unsigned char)-sum;
	return fwrite(table, 1, (size_t)size, stdout) != (size_t)size;
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "dsdt"))
		return write_dsdt();
	if (argc < 2 || !hostile_begin_choosing())
		return 2;
	meet(argv[1]);
	return hostile_result();
}
