/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/prove: the generators of each probe, and the programs that its guest needs.
 */
#include <string.h>

#include "boot/boot.h"
#include "prove.h"

/* The probes' names and directories. The first two need no program. */
static const char *const names[LAB_PROBE_COUNT] = {
	NULL, "uuid", "sysgenid", "glibc", "openssl", "postgres", "nginx", "gnutls", "libgcrypt"};

bool probe_add(struct prove_options *o, const char *name)
{
	bool found = false;

	for (int g = 0; g < LAB_GENERATORS; g++) {
		enum lab_probe probe = generator_table[g].probe;

		if (probe && !strcmp(name, names[probe]))
			o->generators[g] = found = true;
	}
	return found;
}

static bool is_wanted(const struct prove_options *o, enum lab_probe probe)
{
	for (int g = 0; g < LAB_GENERATORS; g++) {
		if (o->generators[g] && generator_table[g].probe == probe)
			return probe >= LAB_PROBE_GLIBC;
	}
	return false;
}

static void directory_of(const struct prove_options *o, int probe, char to[400])
{
	snprintf(to, 400, "%.300s/%s", o->programs, names[probe]);
}

unsigned int probe_size_mb(const struct prove_options *o)
{
	unsigned int mb = 0;
	char directory[400];

	for (int p = LAB_PROBE_GLIBC; p < LAB_PROBE_COUNT; p++) {
		directory_of(o, p, directory);
		if (is_wanted(o, (enum lab_probe)p))
			mb += 1 + (unsigned int)(directory_size(directory) >> 20);
	}
	return mb;
}

int probe_append(const struct prove_options *o, const char *initramfs)
{
	char directory[400];
	int code = 0;

	for (int p = LAB_PROBE_GLIBC; p < LAB_PROBE_COUNT && !code; p++) {
		directory_of(o, p, directory);
		if (is_wanted(o, (enum lab_probe)p))
			code = directory_append(initramfs, directory);
	}
	return code;
}
