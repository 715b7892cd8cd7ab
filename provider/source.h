/* SPDX-License-Identifier: BSD-2-Clause */
/* provider: the source that detects clones inside any program. The guard has it, too. */
#ifndef PROVIDER_SOURCE_H
#define PROVIDER_SOURCE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "vmgenc.h"

struct handle;

struct provider_source {
	_Atomic(struct handle *) handle; /* NULL until there is one; then never another */
};

void provider_source_init(struct provider_source *s);
void provider_source_end(struct provider_source *s);
/*
 * Returns the source, which it opens if it is not open yet, or NULL and the error in *error. The
 * error SOURCE_UNSEEN says that there is a driver, but this process cannot see its device.
 */
#define SOURCE_UNSEEN 1
struct vmgenc *provider_source_get(struct provider_source *s, int *error);
/*
 * vmgenc_sync() that also works after signals and after the program has closed the descriptor.
 * patient: wait up to a second if the kernel cannot rekey yet. Returns 0 or -errno.
 */
int provider_source_sync(struct provider_source *s, struct vmgenc_mark *mark, bool patient);

#endif
