/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/soak/guest: memory and descriptors. With slub_debug=U the kernel knows where each object was
 * allocated, so those of our modules, and all open files, are counted exactly.
 */
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "kernel_state.h"
#include "soak.h"

#define SLABS "/sys/kernel/debug/slab/"

static const struct {
	const char *what;
	/*
	 * By how much it may grow: always, which is the noise, and for each thousand changes, which
	 * is far below an object or a page for each of them.
	 */
	long always, per_thousand;
} entries[ENTRIES] = {
	[MEM_FREE] = {"MemFree, kB", 3072, 512},
	[SLAB] = {"SUnreclaim, kB", 1024, 60},
	[VMALLOC] = {"VmallocUsed, kB", 256, 0},
	[OBJECTS] = {"kernel objects of the modules", 4, 0},
	[FILES] = {"open files", 8, 0},
	[MAPPINGS] = {"mappings of the id", 0, 0},
	[DESCRIPTORS] = {"descriptors of the test", 0, 0},
};

/* "  12 function+0x1/0x2 [module] ..." begins an entry; its stack follows, without a number. */
static bool begins_entry(const char *line, long *objects)
{
	char *end;
	long n = strtol(line, &end, 10);

	if (end == line || *end != ' ')
		return false;
	*objects = n;
	return true;
}

/* An address without a name is of a module that has gone. */
static bool is_ours(const char *line)
{
	return strstr(line, "[vmgenc]") || strstr(line, "[listener]") ||
	       strstr(line, " 0xffffffffc");
}

static long count_in(const char *path, bool all)
{
	FILE *f = fopen(path, "re");
	char line[1024];
	long objects = 0, sum = 0;
	bool counted = false;

	while (f && fgets(line, sizeof(line), f)) {
		if (begins_entry(line, &objects))
			counted = false;
		if (!counted && (all || is_ours(line))) {
			sum += objects;
			counted = true;
		}
	}
	if (f)
		fclose(f);
	return sum;
}

static long count_objects(const char *cache, bool all)
{
	char pattern[100];
	long sum = 0;
	glob_t found;

	snprintf(pattern, sizeof(pattern), SLABS "%s/alloc_traces", cache);
	if (glob(pattern, 0, NULL, &found))
		return -1;
	for (size_t i = 0; i < found.gl_pathc; i++)
		sum += count_in(found.gl_pathv[i], all);
	globfree(&found);
	return sum;
}

static long own_descriptors(void)
{
	glob_t found;
	long count = glob("/proc/self/fd/*", 0, NULL, &found) ? -1 : (long)found.gl_pathc;

	globfree(&found);
	return count;
}

/* What is freed after a grace period, or by a work queue, is gone once nothing more goes. */
static void settle(void)
{
	long files, last = -1;

	for (int i = 0; i < 20; i++) {
		kernel_memory("MemFree:");
		usleep(250000);
		files = count_objects("filp", true);
		if (i > 3 && files == last)
			break;
		last = files;
	}
}

void ledger_take(struct ledger *l)
{
	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	settle();
	/* First: those that the other counts open are freed a grace period later. */
	l->of[FILES] = count_objects("filp", true);
	l->of[OBJECTS] = count_objects("*", false);
	l->of[MAPPINGS] = kernel_mappings();
	l->of[DESCRIPTORS] = own_descriptors();
	settle();
	l->of[MEM_FREE] = kernel_memory("MemFree:");
	l->of[SLAB] = kernel_memory("SUnreclaim:");
	l->of[VMALLOC] = kernel_memory("VmallocUsed:");
}

bool ledger_is_flat(const struct ledger *before, const struct ledger *after, unsigned int changes)
{
	bool flat = true;

	for (int i = 0; i < ENTRIES; i++) {
		long grown = after->of[i] - before->of[i];
		bool known = before->of[i] >= 0 && after->of[i] >= 0;

		if (i == MEM_FREE)
			grown = -grown;
		if (known &&
		    grown <= entries[i].always + entries[i].per_thousand * (long)changes / 1000)
			continue;
		printf("# not flat, or -1 and not known: %s: %ld before, %ld after\n",
		       entries[i].what, before->of[i], after->of[i]);
		flat = false;
	}
	return flat;
}

void ledger_print(FILE *out, const struct ledger *before, const struct ledger *after)
{
	for (int i = 0; i < ENTRIES; i++)
		fprintf(out, "%s{\"what\":\"%s\",\"before\":%ld,\"after\":%ld}", i ? "," : "",
			entries[i].what, before->of[i], after->of[i]);
}
