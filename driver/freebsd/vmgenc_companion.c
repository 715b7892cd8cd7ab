// SPDX-License-Identifier: BSD-2-Clause
/*
 * driver/freebsd: a companion for the vmgenc driver that a kernel already contains.  It listens to
 * that driver's event and adds the reseed, the pages, the node and sync.
 */
#include "vmgenc_var.h"

#include "vmgenc_acpi.h"

#define	MAX_DEVICES	8

static struct vmgenc_softc *found[MAX_DEVICES];
static int count;
static eventhandler_tag event_tag, resume_tag;

/*
 * The first of the listeners.  It makes the generators diverge before it returns: the listeners
 * after it may draw, and so may user space, to which the kernel's driver sends its event last.  The
 * reseed has to wait for 100 ms, and this is a thread of ACPI's, so our own task does that.
 */
static void
vmgenc_on_event(void *context)
{
	int i;

	for (i = 0; i < count; i++) {
		vmgenc_draws_part(found[i]);
		vmgenc_kick(found[i], VMGENC_TRIGGER_NOTIFY);
	}
}

static void
vmgenc_on_resume(void *context)
{
	int i;

	for (i = 0; i < count; i++)
		vmgenc_kick(found[i], VMGENC_TRIGGER_RESUME);
}

/* Nothing to do for each device: one event covers all of them. */
int
vmgenc_notify_start(struct vmgenc_softc *sc)
{

	return (0);
}

void
vmgenc_notify_stop(struct vmgenc_softc *sc)
{
}

static int
vmgenc_device_found(device_t dev)
{
	struct vmgenc_softc *sc;
	int error;

	sc = malloc(sizeof(*sc), M_VMGENC, M_WAITOK | M_ZERO);
	error = vmgenc_start(sc, dev);
	if (error != 0) {
		free(sc, M_VMGENC);
		return (error);
	}
	device_busy(dev);	/* it must not be detached while we use it */
	found[count++] = sc;
	return (0);
}

/* Stops the devices in reverse order, up to one that is busy.  The bus is locked. */
static int
vmgenc_devices_stop(void)
{
	struct vmgenc_softc *sc;
	device_t dev;
	int error;

	while (count > 0) {
		sc = found[count - 1];
		dev = sc->dev;
		error = vmgenc_stop(sc);
		if (error != 0)
			return (error);
		device_unbusy(dev);
		free(sc, M_VMGENC);
		found[--count] = NULL;
	}
	return (0);
}

/* Starts every device that it can; failures are logged.  The bus is locked. */
static int
vmgenc_devices_start(void)
{
	devclass_t class = devclass_find("vmgenc");
	device_t dev;
	int error = 0, unit;

	for (unit = 0; class != NULL && unit < devclass_get_maxunit(class); unit++) {
		dev = devclass_get_device(class, unit);
		if (dev == NULL || !device_is_attached(dev))
			continue;
		if (count == MAX_DEVICES) {
			printf("vmgenc_companion: more than %d devices\n", MAX_DEVICES);
			break;
		}
		error = vmgenc_device_found(dev);
	}
	if (count > 0)
		return (0);
	if (error == 0)
		printf("vmgenc_companion: no vmgenc device: idle\n");
	return (error);
}

static void
vmgenc_events_start(void)
{

	if (!vmgenc_tunable_notify)
		return;
	event_tag = EVENTHANDLER_REGISTER(acpi_vmgenc_event, vmgenc_on_event, NULL,
	    EVENTHANDLER_PRI_FIRST);
	resume_tag = EVENTHANDLER_REGISTER(power_resume, vmgenc_on_resume, NULL, EVENTHANDLER_PRI_ANY);
}

/* Waits for a handler that is running. */
static void
vmgenc_events_stop(void)
{

	if (event_tag != NULL)
		EVENTHANDLER_DEREGISTER(acpi_vmgenc_event, event_tag);
	if (resume_tag != NULL)
		EVENTHANDLER_DEREGISTER(power_resume, resume_tag);
	event_tag = resume_tag = NULL;
}

static int
vmgenc_companion_load(void)
{
	int error;

	vmgenc_bus_lock();
	error = vmgenc_devices_start();
	vmgenc_bus_unlock();
	if (count > 0)
		vmgenc_events_start();
	return (error);
}

/* Stops the events first, because vmgenc_on_event() must not look at a device that is stopped. */
static int
vmgenc_companion_unload(void)
{
	int error;

	vmgenc_events_stop();
	vmgenc_bus_lock();
	error = vmgenc_devices_stop();
	vmgenc_bus_unlock();
	if (error != 0)
		vmgenc_events_start();
	return (error);
}

static int
vmgenc_companion_event(module_t module, int what, void *context)
{

	switch (what) {
	case MOD_LOAD:
		return (vmgenc_companion_load());
	case MOD_UNLOAD:
		return (vmgenc_companion_unload());
	case MOD_QUIESCE:
	case MOD_SHUTDOWN:
		return (0);
	default:
		return (EOPNOTSUPP);
	}
}

static moduledata_t vmgenc_companion_mod = {
	"vmgenc_companion",
	vmgenc_companion_event,
	NULL,
};

/*
 * If the boot loader loads it, or it is compiled in, it starts after the buses were configured and
 * the devices were attached.
 */
DECLARE_MODULE(vmgenc_companion, vmgenc_companion_mod, SI_SUB_INT_CONFIG_HOOKS, SI_ORDER_ANY);
MODULE_VERSION(vmgenc_companion, 1);
MODULE_DEPEND(vmgenc_companion, acpi, 1, 1, 1);
MODULE_DEPEND(vmgenc_companion, random_harvestq, 1, 1, 1);
