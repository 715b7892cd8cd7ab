// SPDX-License-Identifier: BSD-2-Clause
/* driver/core: checks whether the firmware's ADDR is an address at which the id can be. */
#include "vmgenc_os.h"
#include "vmgenc_core.h"

const char *vmgenc_core_address(const struct vmgenc_addr *addr, unsigned int phys_bits,
				uint64_t *phys, int *error)
{
	uint64_t last;

	*phys = 0;
	*error = -EINVAL;
	if (!addr->package)
		return "is not a package";
	if (addr->count != 2)
		return "does not have two elements";
	if (!addr->integer[0] || !addr->integer[1])
		return "has an element that is not an integer";
	if ((addr->value[0] | addr->value[1]) >> 32)
		return "has an element above 32 bits";

	*phys = addr->value[0] | addr->value[1] << 32;
	if (*phys == 0) {
		*error = -ENODEV;
		return "is zero: the hypervisor has not configured the device";
	}
	if (*phys % 8 != 0) /* R1a */
		return "is not 8-byte aligned, which Microsoft's VM Generation ID paper requires";
	last = *phys + (VMGENC_ID_SIZE - 1);
	if (last < *phys || (phys_bits < 64 && last >> phys_bits)) {
		*error = -ERANGE;
		return "is beyond the processor's physical addresses";
	}
	*error = 0;
	return NULL;
}
