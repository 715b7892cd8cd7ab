/* SPDX-License-Identifier: BSD-2-Clause */
/* test: the kernels of "make kernels", with the modules that are built for them. */
#include <stdio.h>

#include "debian_kernel.h"

size_t debian_kernel_names(const char *names[DEBIAN_KERNELS])
{
	static char text[DEBIAN_KERNELS][40];
	FILE *f = fopen("build/kernels/list", "re");
	size_t n = 0;

	while (f && n < DEBIAN_KERNELS && fscanf(f, "%39s", text[n]) == 1) {
		names[n] = text[n];
		n++;
	}
	if (f)
		fclose(f);
	if (!n)
		fprintf(stderr, "cannot read build/kernels/list: run make kernels\n");
	return n;
}

bool debian_kernel_find(struct debian_kernel *k, const char *series)
{
	char path[100];

	k->series = series;
	snprintf(path, sizeof(path), "build/kernels/%s", series);
	FILE *f = fopen(path, "re");

	if (!f || fscanf(f, "%79s", k->release) != 1) {
		fprintf(stderr, "cannot read %s: run make kernels\n", path);
		if (f)
			fclose(f);
		return false;
	}
	fclose(f);
	snprintf(k->image, sizeof(k->image), "build/kernels/root/boot/vmlinuz-%s", k->release);
	snprintf(k->module, sizeof(k->module), "build/linux/%s/vmgenc.ko", k->release);
	snprintf(k->listener, sizeof(k->listener), "build/linux/%s/listener/listener.ko",
		 k->release);
	return true;
}
