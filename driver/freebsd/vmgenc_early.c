// SPDX-License-Identifier: BSD-2-Clause
/* driver/freebsd: the look in the ACPI interrupt itself, before the notification arrives. */
#include "vmgenc_var.h"

/*
 * Between the interrupt and the notification there are a GPE task, an AML method and a notify task.
 * Comparing 16 bytes in the interrupt is earlier than all of them.  On amd64 the interrupt is a
 * filter, and ACPICA holds the spin lock of its GPEs.  So the handler only compares, stores, and
 * enqueues on a taskqueue with a spin lock, as AcpiOsExecute() does in the same place.
 */
static SLIST_HEAD(, vmgenc_softc) devices = SLIST_HEAD_INITIALIZER(devices);
static bool installed;
static struct sx devices_lock;
SX_SYSINIT(vmgenc_early, &devices_lock, "vmgenc early");

static UINT32
vmgenc_on_sci(void *context)
{
	struct vmgenc_softc *sc;

	SLIST_FOREACH(sc, &devices, link) {
		if (vmgenc_core_differs(&sc->core))
			vmgenc_draws_restir();
		if (vmgenc_core_pending(&sc->core))
			vmgenc_kick(sc, VMGENC_TRIGGER_EARLY);
	}
	return (ACPI_INTERRUPT_NOT_HANDLED);
}

/* Removal takes the lock of the GPEs, so the handler does not run while the list changes. */
static void
vmgenc_early_uninstall(void)
{
	ACPI_STATUS status;

	if (!installed)
		return;
	status = AcpiRemoveSciHandler(vmgenc_on_sci);
	if (ACPI_FAILURE(status))
		printf("vmgenc: the handler of the ACPI interrupt cannot be removed: %s\n",
		    AcpiFormatException(status));
	installed = false;
}

/* Hardware-reduced ACPI has no such interrupt; there the notification comes first. */
static void
vmgenc_early_install(void)
{
	ACPI_STATUS status;

	if (SLIST_EMPTY(&devices) || !vmgenc_tunable_notify || !vmgenc_tunable_sci)
		return;
	if ((AcpiGbl_FADT.Flags & ACPI_FADT_HW_REDUCED) != 0)
		return;
	status = AcpiInstallSciHandler(vmgenc_on_sci, NULL);
	installed = ACPI_SUCCESS(status);
	if (!installed)
		printf("vmgenc: the ACPI interrupt cannot be handled, only the notification: %s\n",
		    AcpiFormatException(status));
}

void
vmgenc_early_start(struct vmgenc_softc *sc)
{

	sx_xlock(&devices_lock);
	vmgenc_early_uninstall();
	SLIST_INSERT_HEAD(&devices, sc, link);
	vmgenc_early_install();
	sx_xunlock(&devices_lock);
}

void
vmgenc_early_stop(struct vmgenc_softc *sc)
{

	sx_xlock(&devices_lock);
	vmgenc_early_uninstall();
	SLIST_REMOVE(&devices, sc, vmgenc_softc, link);
	vmgenc_early_install();
	sx_xunlock(&devices_lock);
}
