/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lab: what a clone says of its VM Generation ID device, taken from its exchange.
 */
#include <string.h>

#include "lab.h"

/* The line with which the driver says what it found. */
static void read_log(struct sighting *s, const char *log)
{
	const char *line = strstr(log, ", raw page mappable by ");
	const char *at = line;
	unsigned long long address;

	while (at && at > log && strncmp(at, " at 0x", 6))
		at--;
	if (!at ||
	    sscanf(at, " at 0x%llx, raw page mappable by %15[A-Za-z_]", &address, s->raw) != 2)
		return;
	s->address = address;
}

void sighting_take(struct sighting *s, const struct vm *vm)
{
	const struct lab_exchange *r = vm->exchange;
	char log[LAB_LOG_SIZE];

	memset(s, 0, sizeof(*s));
	memcpy(log, r->log, sizeof(log));
	log[sizeof(log) - 1] = '\0';
	read_log(s, log);
	s->found = r->device;
	memcpy(s->id, r->id, sizeof(s->id));
	snprintf(s->guid, sizeof(s->guid), "%.*s", ID_TEXT_SIZE - 1, r->guid_text);
	s->given = vm->id;
	if (vm->machine->firmware.shape)
		s->placed = machine_id_address(vm->machine);
	snprintf(s->memory, sizeof(s->memory), "%.*s", (int)sizeof(s->memory) - 1, r->memory);
	s->events = r->acpi_events;
	s->builtin = r->builtin;
	s->refused = (int)r->refused;
}
