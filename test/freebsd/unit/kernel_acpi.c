// SPDX-License-Identifier: BSD-2-Clause
/* test/freebsd/unit: the simulated kernel's newbus and ACPI. */
#include "kernel.h"

#include <stdlib.h>

struct standin_fadt AcpiGbl_FADT;
extern driver_t *standin_driver __attribute__((weak));
static const char *exception; /* the name of the last AE_ERROR that firmware made */
extern moduledata_t *standin_module __attribute__((weak));

standin_method *kernel_method(const char *name)
{
	device_method_t *m;

	for (m = standin_driver->methods; m->name; m++)
		if (!strcmp(m->name, name))
			return m->function;
	return NULL;
}

static void name_device(struct device *dev, const char *name, int unit)
{
	dev->name = name;
	dev->unit = unit;
	snprintf(dev->nameunit, sizeof(dev->nameunit), "%s%d", name, unit);
}

/* As newbus does: a softc of zeros, and nothing left of it when attach fails. */
static int attach(struct device *dev)
{
	int error = ((device_probe_t *)kernel_method("device_probe"))(dev);

	if (error > 0)
		return error;
	name_device(dev, "vmgenc", dev->unit);
	dev->softc = calloc(1, standin_driver->size);
	error = ((device_attach_t *)kernel_method("device_attach"))(dev);
	dev->attached = !error;
	if (error) {
		free(dev->softc);
		dev->softc = NULL;
	}
	return error;
}

int kernel_attach(void)
{
	return attach(&kernel.device);
}

int kernel_detach(void)
{
	struct device *dev = &kernel.device;
	int error = ((device_detach_t *)kernel_method("device_detach"))(dev);

	if (error)
		return error;
	dev->attached = false;
	free(dev->softc);
	dev->softc = NULL;
	return 0;
}

int kernel_load(enum modeventtype what)
{
	return standin_module->evhand(NULL, what, standin_module->priv);
}

void kernel_identify(void)
{
	((device_identify_t *)kernel_method("device_identify"))(standin_driver, &kernel.acpi);
}

device_t BUS_ADD_CHILD(device_t parent, u_int order, const char *name, int unit)
{
	if (kernel_fails("BUS_ADD_CHILD"))
		return NULL;
	if (kernel.added.name)
		kernel_broken("a child was added twice");
	name_device(&kernel.added, name, 0);
	return &kernel.added;
}

int device_get_children(device_t parent, device_t **children, int *count)
{
	if (kernel_fails("device_get_children"))
		return ENOMEM;
	*children = standin_malloc(2 * sizeof(device_t), M_TEMP, 0);
	(*children)[0] = &kernel.device;
	(*children)[1] = &kernel.added;
	*count = kernel.added.name ? 2 : 1;
	return 0;
}

const char *device_get_name(device_t dev)
{
	return dev->name;
}

const char *device_get_nameunit(device_t dev)
{
	return dev->nameunit;
}

int device_get_unit(device_t dev)
{
	return dev->unit;
}

void *device_get_softc(device_t dev)
{
	return dev->softc;
}

struct sysctl_oid *device_get_sysctl_tree(device_t dev)
{
	return NULL;
}

/* Newbus' lock, which may be held while sleeping: it is dropped meanwhile. */
struct mtx Giant;
static bool bus_locked;

void bus_topo_lock(void)
{
	if (bus_locked)
		kernel_broken("the bus is locked already");
	bus_locked = true;
}

void bus_topo_unlock(void)
{
	bus_locked = false;
}

bool kernel_bus_locked(void)
{
	return bus_locked;
}

void device_busy(device_t dev)
{
	if (!kernel_bus_locked())
		kernel_broken("device_busy: the bus is not locked");
	kernel.busy++;
}

void device_unbusy(device_t dev)
{
	if (!kernel_bus_locked())
		kernel_broken("device_unbusy: the bus is not locked");
	kernel.busy--;
}

int device_is_attached(device_t dev)
{
	return dev->attached;
}

void device_set_desc(device_t dev, const char *desc)
{
}

int device_printf(device_t dev, const char *format, ...)
{
	char text[220];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return standin_printf("%s: %s", dev->nameunit, text);
}

/* The one device of the class, as long as it has a name. */
devclass_t devclass_find(const char *name)
{
	return kernel.device.name ? (devclass_t)&kernel : NULL;
}

int devclass_get_maxunit(devclass_t class)
{
	return 2;
}

device_t devclass_get_device(devclass_t class, int unit)
{
	return unit == 0 ? &kernel.device : NULL;
}

/* ACPI */
ACPI_HANDLE acpi_get_handle(device_t dev)
{
	return dev->handle;
}

void acpi_set_handle(device_t dev, ACPI_HANDLE handle)
{
	dev->handle = handle;
}

int acpi_disabled(char *subsystem)
{
	return 0;
}

ACPI_STATUS AcpiGetObjectInfo(ACPI_HANDLE handle, ACPI_DEVICE_INFO **info)
{
	ACPI_DEVICE_INFO *i;

	if (kernel_fails("AcpiGetObjectInfo"))
		return AE_NO_MEMORY;
	kernel.memory++;
	*info = i = calloc(1, sizeof(*i));
	if (handle->hid) {
		i->Valid |= ACPI_VALID_HID;
		i->HardwareId.String = (char *)handle->hid;
	}
	for (; i->CompatibleIdList.Count < KERNEL_CIDS && handle->cid[i->CompatibleIdList.Count];
	     i->CompatibleIdList.Count++)
		i->CompatibleIdList.Ids[i->CompatibleIdList.Count].String =
			(char *)handle->cid[i->CompatibleIdList.Count];
	if (i->CompatibleIdList.Count)
		i->Valid |= ACPI_VALID_CID;
	return AE_OK;
}

ACPI_STATUS AcpiGetName(ACPI_HANDLE handle, UINT32 kind, ACPI_BUFFER *buf)
{
	if (kernel_fails("AcpiGetName"))
		return AE_NO_MEMORY;
	snprintf(buf->Pointer, buf->Length, "%s", handle->path);
	return AE_OK;
}

ACPI_STATUS AcpiEvaluateObject(ACPI_HANDLE handle, ACPI_STRING path, void *args, ACPI_BUFFER *result)
{
	ACPI_OBJECT *object;
	UINT32 i;

	kernel_asleep_allowed("AcpiEvaluateObject");
	if (kernel_fails("AcpiEvaluateObject"))
		return AE_ERROR;
	exception = handle->addr_fails;
	if (exception)
		return AE_ERROR;
	if (strcmp(path, "ADDR") != 0 || !handle->addr_type)
		return AE_NOT_FOUND;
	kernel.memory++;
	object = calloc(1 + handle->addr_count, sizeof(*object));
	object->Type = handle->addr_type;
	if (object->Type == ACPI_TYPE_PACKAGE) {
		object->Package.Count = handle->addr_count;
		object->Package.Elements = object + 1;
		for (i = 0; i < handle->addr_count && i < 3; i++) {
			object[1 + i].Integer.Value = handle->addr[i];
			object[1 + i].Type = handle->element_type[i];
		}
	}
	result->Pointer = object;
	return AE_OK;
}

void AcpiOsFree(void *p)
{
	kernel.memory--;
	free(p);
}

void *AcpiOsMapMemory(uint64_t phys, ACPI_SIZE size)
{
	bool there = phys >= KERNEL_PAGE && phys + size <= KERNEL_PAGE + 2 * PAGE_SIZE;

	if (!there && !kernel.anywhere)
		kernel_broken("mapped what is not there");
	if (kernel_fails("AcpiOsMapMemory"))
		return NULL;
	kernel.mappings++;
	return kernel.page[0] + (there ? phys - KERNEL_PAGE : phys & PAGE_MASK);
}

void AcpiOsUnmapMemory(void *p, ACPI_SIZE size)
{
	kernel.mappings--;
}

ACPI_STATUS AcpiInstallNotifyHandler(ACPI_HANDLE handle, UINT32 type, ACPI_NOTIFY_HANDLER f,
				     void *context)
{
	if (kernel_fails("AcpiInstallNotifyHandler") || handle->notify)
		return AE_NO_MEMORY;
	handle->notify = f;
	handle->notify_context = context;
	kernel.notifies++;
	return AE_OK;
}

ACPI_STATUS AcpiRemoveNotifyHandler(ACPI_HANDLE handle, UINT32 type, ACPI_NOTIFY_HANDLER f)
{
	if (handle->notify != f)
		return AE_NOT_FOUND;
	handle->notify = NULL;
	kernel.notifies--;
	return AE_OK;
}

ACPI_STATUS AcpiInstallSciHandler(ACPI_SCI_HANDLER f, void *context)
{
	if (kernel_fails("AcpiInstallSciHandler") || kernel.sci)
		return AE_NO_MEMORY;
	kernel.sci = f;
	kernel.scis++;
	return AE_OK;
}

ACPI_STATUS AcpiRemoveSciHandler(ACPI_SCI_HANDLER f)
{
	if (kernel.sci != f)
		return AE_NOT_FOUND;
	kernel.sci = NULL;
	kernel.scis--;
	return AE_OK;
}

const char *AcpiFormatException(ACPI_STATUS status)
{
	if (exception)
		return exception;
	return status == AE_NOT_FOUND ? "AE_NOT_FOUND" : "AE_NO_MEMORY";
}

void kernel_notify(UINT32 value)
{
	if (kernel.firmware.notify)
		kernel.firmware.notify(&kernel.firmware, value, kernel.firmware.notify_context);
}

/* A filter, with a spin lock held. */
void kernel_sci(void)
{
	kernel_enter_filter();
	if (kernel.sci && kernel.sci(NULL) != ACPI_INTERRUPT_NOT_HANDLED)
		kernel_broken("took an interrupt that is ACPICA's");
	kernel_leave_filter();
}

/* The kernel makes the devctl(4) line from these. */
void acpi_UserNotify(const char *subsystem, ACPI_HANDLE handle, uint8_t notify)
{
	char text[96];

	if (!kernel.id_moves && !kernel_reseeded_for_id())
		kernel_broken("user space is told before the generators were reseeded");
	snprintf(text, sizeof(text), "devctl:ACPI/%s/%s/notify=0x%02x", subsystem, handle->path,
		 notify);
	kernel_note(text);
}
