/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/prove: reads from a clone's exchange how the clone sees the VM Generation ID device.
 */
#include <string.h>

#include "prove.h"

/* Parse the driver's log line about the device that it found. */
static void read_log(struct guest_device *d, const char *log)
{
	const char *line = strstr(log, ", raw page mappable by ");
	const char *at = line;
	unsigned long long address;

	while (at && at > log && strncmp(at, " at 0x", 6))
		at--;
	if (!at ||
	    sscanf(at, " at 0x%llx, raw page mappable by %15[A-Za-z_]", &address, d->raw) != 2)
		return;
	d->address = address;
}

void guest_device_read(struct guest_device *d, const struct vm *vm)
{
	const struct lab_exchange *r = vm->exchange;
	char log[LAB_LOG_SIZE];

	memset(d, 0, sizeof(*d));
	memcpy(log, r->log, sizeof(log));
	log[sizeof(log) - 1] = '\0';
	read_log(d, log);
	d->found = r->device;
	memcpy(d->id, r->id, sizeof(d->id));
	snprintf(d->guid, sizeof(d->guid), "%.*s", ID_TEXT_SIZE - 1, r->guid_text);
	d->given = vm->id;
	if (vm->machine->firmware.shape)
		d->placed = machine_id_address(vm->machine);
	snprintf(d->memory, sizeof(d->memory), "%.*s", (int)sizeof(d->memory) - 1, r->memory);
	d->events = r->acpi_events;
	d->builtin = r->builtin;
	d->refused = (int)r->refused;
}
