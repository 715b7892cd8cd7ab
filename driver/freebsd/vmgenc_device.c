// SPDX-License-Identifier: BSD-2-Clause
/* driver/freebsd: starts and stops a device, for the driver and the companion. */
#include "vmgenc_var.h"

#include <sys/uuid.h>

MALLOC_DEFINE(M_VMGENC, "vmgenc", "VM generation ID");

static void
vmgenc_device_init(struct vmgenc_softc *sc, device_t dev)
{
	ACPI_BUFFER path = { sizeof(sc->path), sc->path };

	sc->dev = dev;
	sc->handle = acpi_get_handle(dev);
	if (ACPI_FAILURE(AcpiGetName(sc->handle, ACPI_FULL_PATHNAME, &path)))
		strlcpy(sc->path, "(unnamed)", sizeof(sc->path));
	sx_init(&sc->lock, "vmgenc core");
	mtx_init(&sc->wait_lock, "vmgenc readers", NULL, MTX_DEF);
	knlist_init_mtx(&sc->readers.si_note, &sc->wait_lock);
	/* A page of its own, since programs map it. */
	sc->page_memory = malloc(2 * PAGE_SIZE, M_VMGENC, M_WAITOK | M_ZERO);
	sc->core.page = (struct vmgenc_page *)roundup2((uintptr_t)sc->page_memory, PAGE_SIZE);
	sc->jitter = malloc(sizeof(*sc->jitter), M_VMGENC, M_WAITOK | M_ZERO);
}

static void
vmgenc_device_fini(struct vmgenc_softc *sc)
{

	free(sc->jitter, M_VMGENC);
	free(sc->page_memory, M_VMGENC);
	sc->core.page = NULL;
	seldrain(&sc->readers);
	knlist_clear(&sc->readers.si_note, 0);
	knlist_destroy(&sc->readers.si_note);
	mtx_destroy(&sc->wait_lock);
	sx_destroy(&sc->lock);
}

static void
vmgenc_log_found(struct vmgenc_softc *sc)
{
	uint32_t flags = sc->core.page->flags;
	const char *who = "nobody";
	struct uuid uuid;
	char text[37];

	if ((flags & VMGENC_RAW_MAPPABLE) != 0)
		who = (flags & VMGENC_RAW_PRIVILEGED) != 0 ? "PRIV_DRIVER" : "everyone";
	le_uuid_dec(sc->core.page->id, &uuid);
	snprintf_uuid(text, sizeof(text), &uuid);
	vmgenc_os_log(&sc->core, VMGENC_LOG_INFO, "id %s at %#jx, raw page mappable by %s", text,
	    (uintmax_t)sc->phys, who);
}

/* Starts to notice changes.  The node is created last, when nothing else can fail. */
static int
vmgenc_triggers_start(struct vmgenc_softc *sc)
{
	int error;

	error = vmgenc_task_start(sc);
	if (error != 0)
		return (error);
	error = vmgenc_sysctl_start(sc);
	if (error != 0)
		goto stop_task;
	error = vmgenc_notify_start(sc);
	if (error != 0)
		goto stop_sysctl;
	vmgenc_early_start(sc);
	vmgenc_draws_start(sc);
	error = vmgenc_cdev_start(sc);
	if (error == 0)
		return (0);

	vmgenc_draws_stop(sc);
	vmgenc_early_stop(sc);
	vmgenc_notify_stop(sc);
stop_sysctl:
	vmgenc_sysctl_stop(sc);
stop_task:
	vmgenc_task_stop(sc);
	return (error);
}

/* sc must be all zero.  Failures are logged with the ACPI path. */
int
vmgenc_start(struct vmgenc_softc *sc, device_t dev)
{
	int error;

	vmgenc_device_init(sc, dev);
	error = vmgenc_firmware_address(sc);
	if (error == 0)
		error = -vmgenc_core_attach(&sc->core, sc->phys);
	if (error != 0)
		goto fini;
	error = vmgenc_objects_start(sc);
	if (error != 0)
		goto detach;
	vmgenc_rekey_start();
	error = vmgenc_triggers_start(sc);
	if (error != 0)
		goto stop_rekey;
	vmgenc_log_found(sc);
	return (0);

stop_rekey:
	vmgenc_rekey_stop();
	vmgenc_objects_stop(sc);
detach:
	vmgenc_core_detach(&sc->core);
fini:
	vmgenc_device_fini(sc);
	return (error);
}

/* Returns EBUSY, and changes nothing, while a program has the device open or maps a page. */
int
vmgenc_stop(struct vmgenc_softc *sc)
{
	int error;

	error = vmgenc_cdev_close(sc);
	if (error != 0)
		return (error);
	vmgenc_cdev_stop(sc);
	vmgenc_draws_stop(sc);
	vmgenc_early_stop(sc);
	vmgenc_notify_stop(sc);
	vmgenc_sysctl_stop(sc);
	vmgenc_task_stop(sc);
	vmgenc_rekey_stop();
	vmgenc_objects_stop(sc);
	vmgenc_core_detach(&sc->core);
	vmgenc_device_fini(sc);
	return (0);
}
