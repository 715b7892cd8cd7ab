/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit: a structure that a manual page shows, EXAMPLE, is the one in the header. */
#include <stddef.h>
#include <stdint.h>

#define vmgenc_event shown
#include EXAMPLE
#undef vmgenc_event
#include "vmgenc_abi.h"

#define SAME(field)                                                                                \
	_Static_assert(offsetof(struct shown, field) == offsetof(struct vmgenc_event, field) &&    \
			       sizeof(((struct shown *)0)->field) ==                               \
				       sizeof(((struct vmgenc_event *)0)->field),                  \
		       #field)

SAME(generation);
SAME(settled);
SAME(id);
SAME(changed_ns);
_Static_assert(sizeof(struct shown) == sizeof(struct vmgenc_event), "size");

int main(void)
{
	return 0;
}
