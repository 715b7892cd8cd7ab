/* SPDX-License-Identifier: BSD-2-Clause */
/* test/vm: the state of the guest's kernel - its log, taint, memory, threads and mappings. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest.h"
#include "kernel_state.h"
#include "rawid.h"

/* Loading a module from outside the kernel's tree, unsigned, is no trouble. */
#define TAINT_OUR_MODULE (1ul << 12 | 1ul << 13)

bool log_is_trouble(const char *line)
{
	static const char *const trouble[] = { "WARNING:",  "BUG:",	"Oops",
					       "Call Trace", "leak",	"general protection",
					       "stalled",    "hung",	"blocked for more than",
					       "refcount",   "NOT rekeyed", "cannot be removed" };

	for (size_t i = 0; i < sizeof(trouble) / sizeof(*trouble); i++) {
		if (strstr(line, trouble[i]))
			return true;
	}
	return false;
}

bool log_is_clean(int log)
{
	char line[8192];
	ssize_t n;

	for (;;) {
		n = read(log, line, sizeof(line) - 1);
		if (n < 0 && errno == EPIPE)
			continue;
		if (n <= 0)
			return true;
		line[n] = '\0';
		if (log_is_trouble(line)) {
			printf("# %s", line);
			return false;
		}
	}
}

void kernel_state(struct kernel_state *s)
{
	s->taint = strtoul(file_text("/proc/sys/kernel/tainted"), NULL, 10);
	s->warnings = atol(file_text("/sys/kernel/warn_count"));
	s->oopses = atol(file_text("/sys/kernel/oops_count"));
}

bool kernel_is_worse(const struct kernel_state *before)
{
	struct kernel_state now;

	kernel_state(&now);
	if (!(now.taint & ~before->taint & ~TAINT_OUR_MODULE) &&
	    now.warnings <= before->warnings && now.oopses <= before->oopses)
		return false;
	printf("# the kernel's taint was %#lx and is %#lx, it warned %ld times, died %ld times\n",
	       before->taint, now.taint, now.warnings - before->warnings,
	       now.oopses - before->oopses);
	return true;
}

long kernel_memory(const char *name)
{
	const char *at;
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	bool dropped;

	sync();
	dropped = fd >= 0 && write(fd, "3", 1) == 1;
	if (fd >= 0)
		close(fd);
	if (!dropped)
		return -1;
	at = strstr(file_text("/proc/meminfo"), name);
	return at ? strtol(at + strlen(name), NULL, 10) : -1;
}

bool kernel_has_our_thread(void)
{
	bool left = false;
	glob_t found;

	if (glob("/proc/[0-9]*/comm", 0, NULL, &found))
		return true;
	for (size_t i = 0; i < found.gl_pathc; i++)
		left |= !strncmp(file_text(found.gl_pathv[i]), "vmgenc", 6);
	globfree(&found);
	return left;
}

unsigned int kernel_mappings(void)
{
	char text[40], line[512];
	unsigned int count = 0;
	FILE *f = fopen("/proc/vmallocinfo", "r");

	snprintf(text, sizeof(text), "phys=0x%016llx", (unsigned long long)rawid_address());
	while (f && fgets(line, sizeof(line), f))
		count += strstr(line, text) != NULL;
	if (f)
		fclose(f);
	return count;
}
