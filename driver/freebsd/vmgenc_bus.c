// SPDX-License-Identifier: BSD-2-Clause
/* driver/freebsd: the newbus driver vmgenc(4). */
#include "vmgenc_var.h"

/* Microsoft defines 0x80; other values do not concern the id. */
#define	NOTIFY_CHANGED	0x80

static void
vmgenc_on_notify(ACPI_HANDLE handle, UINT32 value, void *context)
{

	if (value == NOTIFY_CHANGED)
		vmgenc_kick(context, VMGENC_TRIGGER_NOTIFY);
}

int
vmgenc_notify_start(struct vmgenc_softc *sc)
{
	ACPI_STATUS status;

	if (!vmgenc_tunable_notify)
		return (0);
	status = AcpiInstallNotifyHandler(sc->handle, ACPI_DEVICE_NOTIFY, vmgenc_on_notify, sc);
	if (ACPI_FAILURE(status)) {
		vmgenc_os_log(&sc->core, VMGENC_LOG_ERROR,
		    "no notify handler can be installed: %s", AcpiFormatException(status));
		return (EIO);
	}
	return (0);
}

/* Waits for a handler that is running. */
void
vmgenc_notify_stop(struct vmgenc_softc *sc)
{
	ACPI_STATUS status;

	if (!vmgenc_tunable_notify)
		return;
	status = AcpiRemoveNotifyHandler(sc->handle, ACPI_DEVICE_NOTIFY, vmgenc_on_notify);
	if (ACPI_FAILURE(status))
		vmgenc_os_log(&sc->core, VMGENC_LOG_ERROR,
		    "the notify handler cannot be removed: %s", AcpiFormatException(status));
}

/* Whether there is already a child named vmgenc for this ACPI device. */
static bool
vmgenc_has_child(device_t *children, int count, ACPI_HANDLE handle)
{
	int i;

	for (i = 0; i < count; i++)
		if (device_get_name(children[i]) != NULL &&
		    strcmp(device_get_name(children[i]), "vmgenc") == 0 &&
		    acpi_get_handle(children[i]) == handle)
			return (true);
	return (false);
}

/*
 * VMware's _CID also lists PNP0C02, so if the module is loaded late, acpi_sysres(4) has attached to
 * the device and cannot be detached.  Then add a second child for the same ACPI device.  At boot
 * vmgenc_probe() wins.
 */
static void
vmgenc_identify(driver_t *driver, device_t parent)
{
	device_t *children, child;
	int count, i;

	if (device_get_children(parent, &children, &count) != 0)
		return;
	for (i = 0; i < count; i++) {
		if (!device_is_attached(children[i]) ||
		    !vmgenc_firmware_is_ours(acpi_get_handle(children[i])) ||
		    vmgenc_has_child(children, count, acpi_get_handle(children[i])))
			continue;
		child = BUS_ADD_CHILD(parent, 0, "vmgenc", DEVICE_UNIT_ANY);
		if (child == NULL)
			device_printf(parent, "vmgenc cannot be added\n");
		else
			acpi_set_handle(child, acpi_get_handle(children[i]));
	}
	free(children, M_TEMP);
}

/* Higher than acpi_sysres(4) and others that match the device's other ids. */
static int
vmgenc_probe(device_t dev)
{
	char name[] = "vmgenc";

	if (acpi_disabled(name) || !vmgenc_firmware_is_ours(acpi_get_handle(dev)))
		return (ENXIO);
	device_set_desc(dev, "VM Generation Counter");
	return (BUS_PROBE_VENDOR);
}

static int
vmgenc_attach(device_t dev)
{

	return (vmgenc_start(device_get_softc(dev), dev));
}

static int
vmgenc_detach(device_t dev)
{

	return (vmgenc_stop(device_get_softc(dev)));
}

/* A host that never notifies may have changed the id while the machine slept. */
static int
vmgenc_resume(device_t dev)
{

	vmgenc_kick(device_get_softc(dev), VMGENC_TRIGGER_RESUME);
	return (0);
}

static device_method_t vmgenc_methods[] = {
	DEVMETHOD(device_identify,	vmgenc_identify),
	DEVMETHOD(device_probe,		vmgenc_probe),
	DEVMETHOD(device_attach,	vmgenc_attach),
	DEVMETHOD(device_detach,	vmgenc_detach),
	DEVMETHOD(device_resume,	vmgenc_resume),
	DEVMETHOD_END
};

static driver_t vmgenc_driver = {
	"vmgenc",
	vmgenc_methods,
	sizeof(struct vmgenc_softc),
};

VMGENC_DRIVER_MODULE(vmgenc, acpi, vmgenc_driver, vmgenc_devclass);
MODULE_VERSION(vmgenc, 1);
MODULE_DEPEND(vmgenc, acpi, 1, 1, 1);
MODULE_DEPEND(vmgenc, random_harvestq, 1, 1, 1);

/*
 * For devmatch(8), which compares exactly and sees only the first _CID; before 13 it sees only the
 * _HID.
 */
static const char *vmgenc_cids[] = { "VM_Gen_Counter", "VM_GEN_COUNTER", "VMGENCTR" };
MODULE_PNP_INFO("Z:_CID", acpi, vmgenc_cid, vmgenc_cids, nitems(vmgenc_cids));
static const char *vmgenc_hids[] = {
	"QEMUVGID",
	"VMW0001",
	"MSFT1002",
	"Hyper_V_Gen_Counter_V1",
	"HYPER_V_GEN_COUNTER_V1",
	"XEN0000",
	"AMZN0000",
	"VMGENCTR",
	"FCVMGID",
	"Bhyve_V_Gen_Counter_V1",
	"BHYVE_V_GEN_COUNTER_V1",
};
MODULE_PNP_INFO("Z:_HID", acpi, vmgenc_hid, vmgenc_hids, nitems(vmgenc_hids));
