/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/vm: the devicetree, on an arm64 guest that has the nodes of test/vm/arm64: a good one, one
 * for the same id, and others that cannot be used. Run with --no-load.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "guest.h"

/* Each is said once, and nothing else is said of the node. */
static const char *const said[] = {
	"vmgenc: /none: there is no reg that gives an address",
	"vmgenc: /two: reg has more than one entry",
	"vmgenc: /odd: reg is not 8-byte aligned, which Microsoft's VM Generation ID paper "
	"requires",
	"vmgenc: /short: reg is shorter than the id, which has 16 bytes",
	"vmgenc: /ram: reg 0x40400000 is RAM that the kernel uses",
	"vmgenc: /twin: reg 0x",
};

static unsigned int devices(void)
{
	char path[32] = "/dev/vmgenc";
	unsigned int count = 0;

	while (!access(path, F_OK))
		snprintf(path, sizeof(path), "/dev/vmgenc%u", ++count);
	return count;
}

static void bad_nodes_get_a_line_each(void)
{
	char line[8192], name[16];

	for (size_t i = 0; i < sizeof(said) / sizeof(*said); i++) {
		int log = log_open();

		CHECK(!module_reload(""));
		CHECK(log_next(log, said[i], line, sizeof(line)));
		close(log);
		log = log_open();
		CHECK(!module_reload(""));
		CHECK(sscanf(said[i], "vmgenc: %15[^:]", name) == 1);
		strcat(name, ":");
		CHECK(log_count(log, name) == 1);
		close(log);
	}
}

static void the_good_node_works_beside_them(void)
{
	struct vmgenc_event event;

	CHECK(!module_reload(""));
	CHECK(devices() == 1);
	CHECK(node_sync(&event));
	CHECK(event.settled == event.generation && event.generation == 1);
}

static void the_twin_names_the_device_that_has_the_page(void)
{
	int log = log_open();

	CHECK(!module_reload(""));
	CHECK(log_has(log, "is the id of /vmgenid, which is in use"));
	close(log);
}

/* Both handlers are on one line of the GPIO controller, or the kernel has no driver of its own. */
static void the_interrupt_is_shared(void)
{
	const char *at;

	CHECK(!module_reload(""));
	at = strstr(file_text("/proc/interrupts"), "vmgenc");
	CHECK(at);
	if (!access("/sys/bus/platform/drivers/vmgenid/vmgenid", F_OK)) {
		const char *text = file_text("/proc/interrupts");
		const char *own = strstr(text, "vmgenid");
		const char *end = own ? strchr(own, '\n') : NULL;

		CHECK(own && end && strstr(own, "vmgenc") && strstr(own, "vmgenc") < end);
	}
	CHECK(!module_reload("notify=0"));
	CHECK(!strstr(file_text("/proc/interrupts"), "vmgenc"));
}

/* The node is all that the page is for, so everyone may map it. */
static void everyone_may_map_the_page(void)
{
	int log = log_open();

	CHECK(!module_reload(""));
	CHECK(log_has(log, "raw page mappable by everyone"));
	close(log);
}

static void fifty_loads(void)
{
	for (int i = 0; i < 50; i++)
		CHECK(!module_reload(""));
}

int main(void)
{
	RUN(bad_nodes_get_a_line_each);
	RUN(the_good_node_works_beside_them);
	RUN(the_twin_names_the_device_that_has_the_page);
	RUN(the_interrupt_is_shared);
	RUN(everyone_may_map_the_page);
	RUN(fifty_loads);
	return check_result();
}
