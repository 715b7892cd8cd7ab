/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/lab: a hostile program in a guest of "vmgenc-lab run", which is given what to do. As root,
 * it writes what it likes to the memory that the guest shares with the host.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "exchange.h"

static volatile struct lab_exchange *map_exchange(void)
{
	unsigned long long address, size;
	char line[4096];
	FILE *f = fopen("/proc/cmdline", "re");
	int fd = open("/dev/mem", O_RDWR | O_CLOEXEC);
	char *at = f && fgets(line, sizeof(line), f) ? strstr(line, "lab_exchange=") : NULL;

	if (f)
		fclose(f);
	if (fd < 0 || !at || sscanf(at, "lab_exchange=%llx,%llx", &address, &size) != 2)
		return NULL;
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)address);

	close(fd);
	return memory == MAP_FAILED ? NULL : memory;
}

static void do_harm(volatile struct lab_exchange *m, const char *what)
{
	if (!strcmp(what, "stream"))
		m->stream_written = UINT64_MAX;
	if (!strcmp(what, "records"))
		m->records = 0x7f0000000000;
	if (!strcmp(what, "state"))
		m->state = 77;
	if (!strcmp(what, "escapes")) {
		strcpy((char *)m->error, "broken \033]0;yours\a\x9b"
					 "31m\177");
		memset((void *)m->release, 'x', sizeof(m->release));
		__atomic_store_n(&m->state, LAB_FAILED, __ATOMIC_RELEASE);
	}
}

int main(int argc, char **argv)
{
	volatile struct lab_exchange *m = map_exchange();

	if (!m || argc != 2)
		return 99;
	do_harm(m, argv[1]);
	/* Until the lab ends the machine. */
	for (;;)
		pause();
}
