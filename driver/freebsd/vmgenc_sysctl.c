// SPDX-License-Identifier: BSD-2-Clause
/* driver/freebsd: dev.vmgenc.N.guid, generation and flags. */
#include "vmgenc_var.h"

/* 16 opaque bytes, as in FreeBSD's own driver. */
static int
vmgenc_show_guid(SYSCTL_HANDLER_ARGS)
{
	struct vmgenc_softc *sc = arg1;
	struct vmgenc_event event;

	vmgenc_core_event(&sc->core, &event);
	return (SYSCTL_OUT(req, event.id, sizeof(event.id)));
}

static int
vmgenc_show_generation(SYSCTL_HANDLER_ARGS)
{
	struct vmgenc_softc *sc = arg1;
	struct vmgenc_event event;

	vmgenc_core_event(&sc->core, &event);
	return (SYSCTL_OUT(req, &event.generation, sizeof(event.generation)));
}

static int
show_flags(SYSCTL_HANDLER_ARGS)
{
	struct vmgenc_softc *sc = arg1;
	const volatile struct vmgenc_page *page = sc->core.page;
	uint32_t flags = page->flags;

	return (SYSCTL_OUT(req, &flags, sizeof(flags)));
}

/*
 * Uses its own context, because the device's is freed only after detach has returned, when a
 * handler must not run any more.  The companion's device already has a guid.
 */
int
vmgenc_sysctl_start(struct vmgenc_softc *sc)
{
	struct sysctl_oid *tree = device_get_sysctl_tree(sc->dev);
	void *guid = sc, *generation, *flags;

	sysctl_ctx_init(&sc->sysctl);
#ifndef VMGENC_COMPANION
	guid = SYSCTL_ADD_PROC(&sc->sysctl, SYSCTL_CHILDREN(tree), OID_AUTO, "guid",
	    CTLTYPE_OPAQUE | CTLFLAG_RD | CTLFLAG_MPSAFE, sc, 0, vmgenc_show_guid, "",
	    "VM generation ID (128 bits)");
#else
	(void)vmgenc_show_guid;
#endif
	generation = SYSCTL_ADD_PROC(&sc->sysctl, SYSCTL_CHILDREN(tree), OID_AUTO, "generation",
	    CTLTYPE_U64 | CTLFLAG_RD | CTLFLAG_MPSAFE, sc, 0, vmgenc_show_generation, "QU",
	    "1 when the driver attached, and 1 more for each change of the ID");
	flags = SYSCTL_ADD_PROC(&sc->sysctl, SYSCTL_CHILDREN(tree), OID_AUTO, "flags",
	    CTLTYPE_U32 | CTLFLAG_RD | CTLFLAG_MPSAFE, sc, 0, show_flags, "IU",
	    "VMGENC_ flags of the generation page");
	if (guid != NULL && generation != NULL && flags != NULL)
		return (0);
	vmgenc_os_log(&sc->core, VMGENC_LOG_ERROR, "the sysctls cannot be created");
	vmgenc_sysctl_stop(sc);
	return (ENOMEM);
}

/* Waits for a handler that is running. */
void
vmgenc_sysctl_stop(struct vmgenc_softc *sc)
{

	if (sysctl_ctx_free(&sc->sysctl) != 0)
		vmgenc_os_log(&sc->core, VMGENC_LOG_ERROR, "the sysctls cannot be removed");
}
