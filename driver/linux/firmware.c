// SPDX-License-Identifier: BSD-2-Clause
/* driver/linux: the front ends that this kernel has. */
#include "device.h"

static const struct vmgenc_front *const fronts[] = {
#ifdef CONFIG_ACPI
	&vmgenc_acpi,
#endif
#ifdef CONFIG_OF_ADDRESS
	&vmgenc_of,
#endif
};

int vmgenc_firmware_find(vmgenc_found *found)
{
	int error, first = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fronts); i++) {
		error = fronts[i]->find(found);
		if (error && !first)
			first = error;
	}
	return first;
}

void vmgenc_firmware_early_start(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fronts); i++)
		if (fronts[i]->early_start)
			fronts[i]->early_start();
}

void vmgenc_firmware_early_stop(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fronts); i++)
		if (fronts[i]->early_stop)
			fronts[i]->early_stop();
}
