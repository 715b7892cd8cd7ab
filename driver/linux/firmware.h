/* SPDX-License-Identifier: BSD-2-Clause */
/* driver/linux: the front ends, which find devices in the firmware: acpi.c and of.c. */
#ifndef VMGENC_FIRMWARE_H
#define VMGENC_FIRMWARE_H

#include <linux/types.h>

struct vmgenc_device;
struct vmgenc_front;

/* Called for each device of a front end. node is the front end's, valid during the call. */
typedef void vmgenc_found(const struct vmgenc_front *front, void *node);

/*
 * All functions are called in process context, one at a time. A device calls hold() first and
 * release() last. early_start() and early_stop() may be NULL; they are called once, while
 * vmgenc_devices does not change.
 */
struct vmgenc_front {
	const char *address; /* what has the id's address, for messages: ADDR or reg */
	/* Calls found for each device that is present. Returns 0, or an error after a message. */
	int (*find)(vmgenc_found *found);
	/* Sets dev->node and dev->path, which kfree() frees, or returns -ENOMEM. */
	int (*hold)(struct vmgenc_device *dev, void *node);
	void (*release)(struct vmgenc_device *dev);
	/* Sets dev->phys, dev->phys_end and dev->reserved, or returns an error after a message. */
	int (*locate)(struct vmgenc_device *dev);
	/* Notifications call vmgenc_core_look() or vmgenc_kick(), until stop() has returned. */
	int (*notify_start)(struct vmgenc_device *dev);
	void (*notify_stop)(struct vmgenc_device *dev);
	void (*early_start)(void);
	void (*early_stop)(void);
};

extern const struct vmgenc_front vmgenc_acpi, vmgenc_of;

/* firmware.c: calls found for the devices of all front ends; returns the first one's error, or 0 */
int vmgenc_firmware_find(vmgenc_found *found);
void vmgenc_firmware_early_start(void);
void vmgenc_firmware_early_stop(void);

#endif /* VMGENC_FIRMWARE_H */
