/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/prove: takes from a clone's report what the results say of it, and how it sees the VM
 * Generation ID device.
 */
#include <stdio.h>
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

static void device_read(struct guest_device *d, const struct vm *vm, const struct guest_report *r)
{
	memset(d, 0, sizeof(*d));
	read_log(d, r->log);
	d->found = r->device;
	memcpy(d->id, r->id, sizeof(d->id));
	snprintf(d->guid, sizeof(d->guid), "%s", r->guid_text);
	d->given = vm->id;
	if (vm->machine->firmware.shape)
		d->placed = machine_id_address(vm->machine);
	snprintf(d->memory, sizeof(d->memory), "%s", r->memory);
	d->events = r->acpi_events;
	d->builtin = (enum lab_builtin)r->builtin;
	d->refused = (int)r->refused;
}

void clone_read(struct clone *c, const struct vm *vm, const struct guest_report *r)
{
	*c = (struct clone){.start_seconds = vm->start_seconds,
			    .resume_within_ns = r->resume_within_ns,
			    .rekeyed_ns = r->rekeyed_ns,
			    .woken_ns = r->woken_ns,
			    .announced_ns = r->announced_ns,
			    .logged_ns = r->logged_ns,
			    .changes = r->changes,
			    .spurious = r->spurious,
			    .rekeys = r->rekeys,
			    .rekey_failures = r->rekey_failures,
			    .device = r->device};
	snprintf(c->clock, sizeof(c->clock), "%s", r->clock);
	snprintf(c->event, sizeof(c->event), "%s", r->event);
	snprintf(c->complaint, sizeof(c->complaint), "%s", r->complaint);
	snprintf(c->id, sizeof(c->id), "%s", vm->guid);
	/* FreeBSD's sysctl gives bytes. */
	if (r->has_guid)
		guid_from_bytes(c->guid, r->guid);
	device_read(&c->seen, vm, r);
}
