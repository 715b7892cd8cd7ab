/* SPDX-License-Identifier: BSD-2-Clause */
/* test/fuzz: the configuration that there is - a source's name, as VMGENC_SOURCE has it. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmgenc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[512];
	struct vmgenc_status st = {.size = sizeof(st)};
	struct vmgenc *vg;
	int error;

	if (size >= sizeof(name))
		return 0;
	memcpy(name, data, size);
	name[size] = '\0';
	setenv("VMGENC_SOURCE", name, 1);
	error = vmgenc_open(&vg, NULL);
	if (!error && (vmgenc_status(vg, &st) == -EINVAL || strlen(st.source) >= sizeof(st.source)))
		abort();
	if (error > 0 || (error && vg))
		abort();
	vmgenc_close(vg);
	return 0;
}
