// SPDX-License-Identifier: BSD-2-Clause
/* driver/freebsd: the core's lock and log, and the announcements to listeners and user space. */
#include "vmgenc_var.h"

#include <sys/uuid.h>

#include "vmgenc_acpi.h"

static void
vmgenc_log_change(struct vmgenc_core *core, const struct vmgenc_event *event)
{
	struct uuid uuid;
	char text[37];

	le_uuid_dec(event->id, &uuid);
	snprintf_uuid(text, sizeof(text), &uuid);
	vmgenc_os_log(core, VMGENC_LOG_INFO, "generation %ju: id %s, random generator rekeyed",
	    (uintmax_t)event->generation, text);
}

#ifndef VMGENC_COMPANION
void
vmgenc_os_notify_kernel(struct vmgenc_core *core, const struct vmgenc_event *event)
{

	vmgenc_log_change(core, event);
	EVENTHANDLER_INVOKE(acpi_vmgenc_event);
}

/* !system=ACPI subsystem=VMGenerationCounter type=<ACPI path> notify=0x00 */
void
vmgenc_os_notify_user(struct vmgenc_core *core, const struct vmgenc_event *event)
{

	acpi_UserNotify("VMGenerationCounter", vmgenc_softc_of(core)->handle, 0);
}
#else
/* FreeBSD's own driver calls the listeners and sends the event. */
void
vmgenc_os_notify_kernel(struct vmgenc_core *core, const struct vmgenc_event *event)
{

	vmgenc_log_change(core, event);
}

void
vmgenc_os_notify_user(struct vmgenc_core *core, const struct vmgenc_event *event)
{
}
#endif

void
vmgenc_os_lock(struct vmgenc_core *core)
{

	sx_xlock(&vmgenc_softc_of(core)->lock);
}

void
vmgenc_os_unlock(struct vmgenc_core *core)
{

	sx_xunlock(&vmgenc_softc_of(core)->lock);
}

void
vmgenc_os_log(struct vmgenc_core *core, enum vmgenc_level level, const char *format, ...)
{
	struct vmgenc_softc *sc = vmgenc_softc_of(core);
	char line[160];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	device_printf(sc->dev, "%s: %s\n", sc->path, line);
}
