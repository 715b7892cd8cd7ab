/* SPDX-License-Identifier: BSD-2-Clause */
/* test/vm: other kernel modules are told. Needs test/vm/listener in the guest:
 * vmgenc-lab run --file listener.ko ... notifier */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "check.h"
#include "guest.h"
#include "rawid.h"

#define LISTENER "/listener.ko"

enum { LISTENERS = 2, CHANGES = 20, THREADS = 4 };

/* What a listener logged of one call. */
struct told {
	char name[8];
	unsigned long long generation, settled;
	char draw[17], id[33];
};

/* The calls logged since log was opened or read last; how many. */
static int read_told(int log, struct told *told, int max)
{
	char line[8192];
	const char *at;
	int count = 0;
	ssize_t n;

	while ((n = read(log, line, sizeof(line) - 1)) > 0) {
		line[n] = '\0';
		at = strstr(line, "listener: ");
		if (at && count < max &&
		    sscanf(at, "listener: %7s generation %llu settled %llu draw %16s id %32s",
			   told[count].name, &told[count].generation, &told[count].settled,
			   told[count].draw, told[count].id) == 5)
			count++;
	}
	return count;
}

/* The calls up to the last listener's for that generation: they come after the sync returns. */
static int read_told_until(int log, struct told *told, int max, unsigned long long generation)
{
	time_t end = time(NULL) + PATIENCE_S;
	int count = 0;

	while (time(NULL) < end) {
		count += read_told(log, told + count, max - count);
		if (count && told[count - 1].generation == generation &&
		    !strcmp(told[count - 1].name, "second"))
			break;
		usleep(1000);
	}
	return count;
}

/* Fails if the exports are missing, or a mistake of the caller's goes unreported. */
static void listener_registers(void)
{
	int log = log_open();

	CHECK(module_reload("look_ms=0 notify=0") == 0);
	CHECK(module_load(LISTENER, "") == 0);
	CHECK(log_has(log, "listener: again -17, never registered -2"));
	close(log);
}

/* Fails if the chain could vanish under those who are on it. */
static void listener_holds_vmgenc(void)
{
	CHECK_ERRNO(module_unload("vmgenc"), EWOULDBLOCK);
}

/* Fails if a listener is told more or less than once, before settled, or out of order. */
static void each_is_told_once_after_settled(void)
{
	struct told told[LISTENERS * CHANGES + 1];
	struct vmgenc_event event;
	int log = log_open(), count = 0;

	CHECK(node_sync(&event));
	CHECK(read_told(log, told, 1) == 0);
	for (int i = 0; i < CHANGES; i++) {
		rawid_change();
		CHECK(node_sync(&event));
		CHECK(node_sync(&event));
		count += read_told_until(log, told + count, LISTENERS * CHANGES + 1 - count,
					 event.generation);
	}
	CHECK(count == LISTENERS * CHANGES);
	for (int i = 0; i < LISTENERS * CHANGES; i++) {
		CHECK(told[i].generation == event.generation - CHANGES + 1 + (unsigned)i / 2);
		CHECK(told[i].settled == told[i].generation);
		CHECK(strcmp(told[i].name, i % 2 ? "second" : "first") == 0);
		CHECK(i == 0 || strcmp(told[i].draw, told[i - 1].draw) != 0);
	}
	close(log);
}

/* Fails if the event's id is not the hypervisor's of that generation. */
static void event_has_the_id(void)
{
	struct told told[LISTENERS];
	struct vmgenc_event event;
	char id[2 * RAWID_SIZE + 1];
	int log = log_open();

	rawid_change();
	CHECK(node_sync(&event));
	for (int i = 0; i < RAWID_SIZE; i++)
		snprintf(id + 2 * i, 3, "%02x", event.id[i]);
	CHECK(read_told_until(log, told, LISTENERS, event.generation) == LISTENERS);
	CHECK(strcmp(told[0].id, id) == 0 && strcmp(told[1].id, id) == 0);
	close(log);
}

static void *sync_often(void *unused)
{
	struct vmgenc_event event;

	for (int i = 0; i < 200; i++)
		node_sync(&event);
	return unused;
}

/*
 * Fails if generations reach a listener twice or out of order while many programs sync, or if the
 * last does not. Those in between may be told as one.
 */
static void order_holds_when_many_sync(void)
{
	static struct told told[LISTENERS * CHANGES + 1];
	struct vmgenc_event before, after;
	pthread_t threads[THREADS];
	int log = log_open(), count;

	CHECK(node_sync(&before));
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_create(&threads[i], NULL, sync_often, NULL) == 0);
	for (int i = 0; i < CHANGES; i++) {
		rawid_change();
		CHECK(node_sync(&after));
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	CHECK(node_sync(&after));
	CHECK(after.generation == before.generation + CHANGES);
	count = read_told_until(log, told, LISTENERS * CHANGES + 1, after.generation);
	CHECK(count > 0 && count % 2 == 0 && told[count - 1].generation == after.generation);
	for (int i = 0; i < count; i++)
		CHECK(i % 2 ? told[i].generation == told[i - 1].generation :
			      i == 0 || told[i].generation > told[i - 1].generation);
	close(log);
}

/* Fails if a listener that has gone is still called, or keeps vmgenc. */
static void listener_goes(void)
{
	struct told told[LISTENERS];
	struct vmgenc_event event;
	int log = log_open();

	CHECK(module_unload("listener") == 0);
	CHECK(log_has(log, "listener: gone 0 0"));
	rawid_change();
	CHECK(node_sync(&event));
	CHECK(read_told(log, told, LISTENERS) == 0);
	CHECK(module_unload("vmgenc") == 0);
	close(log);
}

int main(void)
{
	RUN(listener_registers);
	RUN(listener_holds_vmgenc);
	RUN(each_is_told_once_after_settled);
	RUN(event_has_the_id);
	RUN(order_holds_when_many_sync);
	RUN(listener_goes);
	return check_result();
}
