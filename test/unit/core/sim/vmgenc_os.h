/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/core/sim: what driver/core asks of the system, answered by the simulated machine. */
#ifndef VMGENC_OS_H
#define VMGENC_OS_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "vmgenc_core.h"

void vmgenc_os_barrier(void);
uint64_t vmgenc_os_now(void);
uint64_t vmgenc_os_cycles(void);

int vmgenc_os_map(struct vmgenc_core *core, uint64_t phys);
void vmgenc_os_unmap(struct vmgenc_core *core);

void vmgenc_os_lock(struct vmgenc_core *core);
void vmgenc_os_unlock(struct vmgenc_core *core);

int vmgenc_os_rekey(struct vmgenc_core *core, const uint64_t id[2], bool *secret);
void vmgenc_os_defer(struct vmgenc_core *core);

void vmgenc_os_wake_readers(struct vmgenc_core *core);
void vmgenc_os_notify_kernel(struct vmgenc_core *core, const struct vmgenc_event *event);
void vmgenc_os_notify_user(struct vmgenc_core *core, const struct vmgenc_event *event);

__attribute__((format(printf, 3, 4))) void
vmgenc_os_log(struct vmgenc_core *core, enum vmgenc_level level, const char *format, ...);

#endif /* VMGENC_OS_H */
