/* SPDX-License-Identifier: BSD-2-Clause */
/* lab/guest/linux: what a library does that looks for SysGenID, as AWS-LC does it. */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "probe.h"

#define SYSGENID "/dev/sysgenid"

static enum { ABSENT, REFUSED, MAPPED } found;
static const volatile uint32_t *counter;

static void find(void)
{
	int fd = open(SYSGENID, O_RDONLY | O_CLOEXEC);
	void *word = MAP_FAILED;

	found = access(SYSGENID, F_OK) ? ABSENT : REFUSED;
	if (fd < 0)
		return;
	word = mmap(NULL, sizeof(*counter), PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (word == MAP_FAILED)
		return;
	counter = word;
	found = MAPPED;
}

static void seed(struct generator *g)
{
	system_random(LAB_GETRANDOM, g->key, sizeof(g->key));
}

void sysgenid_open(struct generator *g)
{
	if (!g->cpu)
		find();
	g->counter = found == MAPPED ? *counter : 0;
	seed(g);
}

/* The mapping must stay while other workers draw, but must not hold the module afterwards. */
void sysgenid_close(struct generator *g)
{
	if (g->cpu == exchange->cpus - 1 && found == MAPPED)
		munmap((void *)counter, sizeof(*counter));
}

#ifdef __x86_64__
__attribute__((target("rdrnd"))) static void mix_processor_random(struct generator *g)
{
	unsigned long long word;

	if (!__builtin_cpu_supports("rdrnd"))
		return;
	for (int i = 0; i < 4; i += 2) {
		if (!__builtin_ia32_rdrand64_step(&word))
			fail("the CPU has no random word");
		g->key[i] ^= (uint32_t)word;
		g->key[i + 1] ^= (uint32_t)(word >> 32);
	}
}
#else
/* The lab gives other guests a CPU without random instructions. */
static void mix_processor_random(struct generator *g)
{
	(void)g;
}
#endif

/*
 * Seeds anew when the counter has moved, and for each draw if the node cannot be mapped. Without a
 * node, mixes in the CPU's random words. If the counter moves within a draw, AWS-LC aborts the
 * process; this ends the guest.
 */
void sysgenid_draw(struct generator *g, uint8_t value[LAB_VALUE_SIZE])
{
	uint32_t now = found == MAPPED ? *counter : 0;
	uint8_t block[64];

	if (found == REFUSED || now != g->counter)
		seed(g);
	else if (found == ABSENT)
		mix_processor_random(g);
	g->counter = now;
	chacha20_block(g->key, 0, block);
	memcpy(g->key, block, sizeof(g->key));
	memcpy(value, block + sizeof(g->key), LAB_VALUE_SIZE);
	if (found == MAPPED && *counter != now)
		fail("SysGenID's counter moved within a draw, where AWS-LC aborts the process");
}
