/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/guest/linux: reads the kernel's log, for error messages and for the time when the kernel's
 * own driver logged that it reseeded.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <unistd.h>

#include "linux.h"

#define READ_ALL 3
#define MARKER "vmgenc-lab: clock"

void kmsg_copy_tail(volatile char *to, unsigned int size)
{
	int n = klogctl(READ_ALL, (char *)to, (int)size - 1);

	to[n > 0 ? n : 0] = '\0';
}

/* Read the stamp of a log line, "<6>[    1.234567] text", in ns. Return false without one. */
static bool stamp_of(const char *line, uint64_t *ns)
{
	unsigned long long s, us;
	const char *bracket = strchr(line, '[');

	if (!bracket || sscanf(bracket, "[%llu.%llu]", &s, &us) != 2)
		return false;
	*ns = s * 1000000000 + us * 1000;
	return true;
}

/*
 * Log stamps are from another clock than CLOCK_BOOTTIME. Write a line now to find the difference;
 * end it with a newline, because the kernel shows an unfinished line only after the next one.
 */
static uint64_t write_marker(void)
{
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	uint64_t now = clock_boottime();

	if (fd < 0)
		return now;
	if (write(fd, MARKER "\n", strlen(MARKER "\n")) < 0)
		now = 0;
	close(fd);
	return now;
}

uint64_t kmsg_reseeded_after(uint64_t since)
{
	static char log[65536];
	uint64_t stamp, reseeded = 0, marker = 0, now = write_marker();
	int n = klogctl(READ_ALL, log, sizeof(log) - 1);
	char *save;

	log[n > 0 ? n : 0] = '\0';
	for (char *line = strtok_r(log, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (!stamp_of(line, &stamp))
			continue;
		if (strstr(line, "crng reseeded due to virtual machine fork"))
			reseeded = stamp;
		if (strstr(line, MARKER))
			marker = stamp;
	}
	if (!reseeded || !marker)
		return LAB_NEVER;
	reseeded += now - marker;
	return reseeded > since ? reseeded - since : LAB_NEVER;
}
