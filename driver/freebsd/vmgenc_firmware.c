// SPDX-License-Identifier: BSD-2-Clause
/* driver/freebsd: recognizes our ACPI devices, and finds the id's address. */
#include "vmgenc_var.h"

/* Microsoft's _CID, in any case since ACPICA upper-cases it, and that of newer firmware. */
static bool
vmgenc_is_our_id(const char *id)
{

	return (id != NULL &&
	    (strcasecmp(id, "VM_Gen_Counter") == 0 || strcasecmp(id, "VMGENCTR") == 0));
}

/* A _HID may be a method, and a _CID a package of strings and EISA ids; ACPICA resolves both. */
bool
vmgenc_firmware_is_ours(ACPI_HANDLE handle)
{
	ACPI_DEVICE_INFO *info;
	UINT32 i;
	bool ours = false;

	if (handle == NULL || ACPI_FAILURE(AcpiGetObjectInfo(handle, &info)))
		return (false);
	if ((info->Valid & ACPI_VALID_HID) != 0)
		ours = vmgenc_is_our_id(info->HardwareId.String);
	if ((info->Valid & ACPI_VALID_CID) != 0)
		for (i = 0; i < info->CompatibleIdList.Count && !ours; i++)
			ours = vmgenc_is_our_id(info->CompatibleIdList.Ids[i].String);
	AcpiOsFree(info);
	return (ours);
}

static void
vmgenc_read_package(const ACPI_OBJECT *object, struct vmgenc_addr *addr)
{
	const ACPI_OBJECT *element;
	uint32_t i;

	memset(addr, 0, sizeof(*addr));
	addr->package = object != NULL && object->Type == ACPI_TYPE_PACKAGE;
	if (!addr->package)
		return;
	addr->count = object->Package.Count;
	for (i = 0; i < addr->count && i < 2; i++) {
		element = &object->Package.Elements[i];
		addr->integer[i] = element->Type == ACPI_TYPE_INTEGER;
		if (addr->integer[i])
			addr->value[i] = element->Integer.Value;
	}
}

/*
 * ADDR is a Name on some hosts, a Method on others.  ACPICA returns a copy; the next evaluation may
 * overwrite a named package.
 */
int
vmgenc_firmware_address(struct vmgenc_softc *sc)
{
	ACPI_BUFFER result = { ACPI_ALLOCATE_BUFFER, NULL };
	struct vmgenc_addr addr;
	const char *wrong;
	ACPI_STATUS status;
	uint64_t phys;
	int error;
	char path[] = "ADDR";

	status = AcpiEvaluateObject(sc->handle, path, NULL, &result);
	if (ACPI_FAILURE(status)) {
		vmgenc_os_log(&sc->core, VMGENC_LOG_ERROR, "ADDR cannot be evaluated: %s",
		    AcpiFormatException(status));
		return (status == AE_NOT_FOUND ? ENOENT : EIO);
	}
	vmgenc_read_package(result.Pointer, &addr);
	if (result.Pointer != NULL)
		AcpiOsFree(result.Pointer);
	wrong = vmgenc_core_address(&addr, vmgenc_phys_bits(), &phys, &error);
	if (wrong != NULL) {
		vmgenc_os_log(&sc->core, VMGENC_LOG_ERROR, "ADDR %s {%#jx, %#jx}", wrong,
		    (uintmax_t)addr.value[0], (uintmax_t)addr.value[1]);
		return (-error);
	}
	sc->phys = phys;
	return (0);
}
